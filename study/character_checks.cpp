#include <array>
#include <cstdlib>
#include <string_view>

#include <fmt/format.h>
#include <utf8proc.h>

#include <tailgrad/study/data_checks.h>
#include <tailgrad/study/finding_words.h>

namespace tailgrad {
namespace {

// One kind of odd character.
struct Oddity {
  const char* id;
  bool warning;
  const char* what;
  const char* consequence;
  const char* action;
};

constexpr std::array kOddities = {
    Oddity{"replacement-character", true, "with the replacement character U+FFFD",
           "What stood there is lost: the text was decoded wrongly before it came here.",
           "Export it again from the source, as UTF-8."},
    Oddity{"wrong-decoding", true, "that look like UTF-8 read as Latin-1 ('Ã©' for 'é')",
           "Words with accents become other words.", "Export it again from the source, as UTF-8."},
    Oddity{"control-characters", true, "with control characters",
           "They split words unseen, and other programs cut the text there.",
           "Remove them; they are no part of a text."},
    Oddity{"invisible-characters", false, "with invisible characters (zero-width, direction marks)",
           "tailgrad drops them; other programs see different words.", "Remove them."},
    Oddity{"mixed-normalisation", false,
           "whose characters are not in the composed form (NFC), as the others are",
           "tailgrad folds both forms (NFKC); other programs see different words.",
           "Normalise all files to NFC."},
    Oddity{"html-entities", false, "with HTML entities ('&amp;')",
           "'&amp;' is read as three words instead of one sign.", "Decode them."}};
enum Kind : std::size_t { kReplaced, kMojibake, kControl, kInvisible, kUncomposed, kEntities };

bool is_invisible(utf8proc_int32_t c) {
  return c == 0xad || (c >= 0x200b && c <= 0x200f) || (c >= 0x202a && c <= 0x202e) || c == 0x2060 ||
         c == 0xfeff;
}

bool is_composed(const std::string& text) {
  utf8proc_uint8_t* out = nullptr;
  const auto flags = static_cast<utf8proc_option_t>(UTF8PROC_STABLE | UTF8PROC_COMPOSE);
  const utf8proc_ssize_t size =
      utf8proc_map(reinterpret_cast<const utf8proc_uint8_t*>(text.data()),
                   static_cast<utf8proc_ssize_t>(text.size()), &out, flags);
  const bool same = size < 0 || std::string_view(reinterpret_cast<const char*>(out),
                                                 static_cast<std::size_t>(size)) == text;
  std::free(out);
  return same;
}

std::array<bool, kOddities.size()> oddities_of(const std::string& text) {
  std::array<bool, kOddities.size()> has = {};
  bool ascii = true;
  const auto* bytes = reinterpret_cast<const utf8proc_uint8_t*>(text.data());
  const auto size = static_cast<utf8proc_ssize_t>(text.size());
  utf8proc_int32_t before = 0;
  for (utf8proc_ssize_t at = 0; at < size;) {
    utf8proc_int32_t c = 0;
    const utf8proc_ssize_t step = utf8proc_iterate(bytes + at, size - at, &c);
    if (step <= 0) break;
    at += step;
    ascii = ascii && c < 0x80;
    has[kReplaced] |= c == 0xfffd;
    has[kControl] |= (c < 0x20 && c != '\t' && c != '\n' && c != '\r') || (c >= 0x7f && c < 0xa0);
    has[kInvisible] |= is_invisible(c);
    has[kMojibake] |= ((before == 0xc3 || before == 0xc2) && c >= 0x80 && c <= 0xbf) ||
                      (before == 0xe2 && c == 0x20ac);
    before = c;
  }
  for (const char* entity : {"&amp;", "&lt;", "&gt;", "&quot;", "&#39;", "&nbsp;"})
    has[kEntities] |= text.find(entity) != std::string::npos;
  has[kUncomposed] = !ascii && !is_composed(text);
  return has;
}

}  // namespace

void check_characters(const ExaminedData& data, std::vector<Finding>& findings) {
  if (data.item == "row" || data.item == "image") return;
  std::array<Finding, kOddities.size()> found;
  for (const ExaminedSplit& split : data.splits)
    for (std::size_t i = 0; i < split.size(); ++i) {
      const auto has = oddities_of(split.contents[i]);
      for (std::size_t k = 0; k < has.size(); ++k)
        if (has[k]) add_place(found[k], split.place(i));
    }
  for (std::size_t k = 0; k < found.size(); ++k) {
    Finding& finding = found[k];
    if (finding.count == 0) continue;
    const Oddity& oddity = kOddities[k];
    finding.id = oddity.id;
    finding.warning = oddity.warning;
    finding.finding = fmt::format("{} {}.", plural(finding.count, data.item), oddity.what);
    finding.consequence = oddity.consequence;
    finding.action = oddity.action;
    findings.push_back(std::move(finding));
  }
}

}  // namespace tailgrad
