#include <tailgrad/data/tokenizer.h>

#include <array>

#include <utf8proc.h>

#include <tailgrad/core/error.h>

namespace tailgrad {
namespace {

enum class Kind : unsigned char { separator, letter, single, dropped };

constexpr Kind kind_of_ascii(unsigned char c) {
  if (c <= ' ' || c == 0x7f) return Kind::separator;
  const bool letter = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
  return letter ? Kind::letter : Kind::single;
}

constexpr std::array<Kind, 128> kAscii = [] {
  std::array<Kind, 128> kinds{};
  for (unsigned char c = 0; c < 128; ++c) kinds[c] = kind_of_ascii(c);
  return kinds;
}();

constexpr bool within(utf8proc_int32_t c, utf8proc_int32_t first, utf8proc_int32_t last) {
  return c >= first && c <= last;
}

// Han and kana, of those characters that are letters or numbers.
constexpr bool stands_alone(utf8proc_int32_t c) {
  return within(c, 0x3005, 0x3007) || within(c, 0x3041, 0x30ff) || within(c, 0x31f0, 0x31ff) ||
         within(c, 0x3400, 0x4dbf) || within(c, 0x4e00, 0x9fff) || within(c, 0xf900, 0xfaff) ||
         within(c, 0x1b000, 0x1b16f) || within(c, 0x20000, 0x3ffff);
}

Kind kind_of(utf8proc_int32_t c) {
  if (c < 128) return kAscii[static_cast<std::size_t>(c)];
  switch (utf8proc_category(c)) {
    case UTF8PROC_CATEGORY_LU:
    case UTF8PROC_CATEGORY_LL:
    case UTF8PROC_CATEGORY_LT:
    case UTF8PROC_CATEGORY_LM:
    case UTF8PROC_CATEGORY_LO:
    case UTF8PROC_CATEGORY_MN:
    case UTF8PROC_CATEGORY_MC:
    case UTF8PROC_CATEGORY_ME:
    case UTF8PROC_CATEGORY_ND:
    case UTF8PROC_CATEGORY_NL:
    case UTF8PROC_CATEGORY_NO:
      return stands_alone(c) ? Kind::single : Kind::letter;
    case UTF8PROC_CATEGORY_ZS:
    case UTF8PROC_CATEGORY_ZL:
    case UTF8PROC_CATEGORY_ZP:
    case UTF8PROC_CATEGORY_CC:
      return Kind::separator;
    case UTF8PROC_CATEGORY_CF:
      return Kind::dropped;
    default:
      return Kind::single;  // punctuation, symbols, and emoji younger than the Unicode tables
  }
}

[[noreturn]] void fail_utf8() {
  fail("tokenize", "needs valid UTF-8");
}

}  // namespace

class WordWriter {
 public:
  WordWriter(const TokenizerOptions& options, Words& words) : options_(options), words_(words) {
    words.clear();
  }

  void write(std::string_view text) {
    for (const char c : text) {
      if (static_cast<unsigned char>(c) >= 128) return write_unicode(text);
    }
    write_ascii(text);
  }

 private:
  void write_ascii(std::string_view text) {
    std::string& bytes = words_.bytes_;
    for (const char c : text) {
      const Kind kind = kAscii[static_cast<unsigned char>(c)];
      if (kind != Kind::letter) end_word();
      if (kind == Kind::separator) continue;
      const bool upper = options_.lower_case && c >= 'A' && c <= 'Z';
      bytes.push_back(upper ? static_cast<char>(c - 'A' + 'a') : c);
      if (kind == Kind::single) end_word();
    }
    end_word();
  }

  void write_unicode(std::string_view text) {
    const auto flags = static_cast<utf8proc_option_t>(
        UTF8PROC_STABLE | UTF8PROC_IGNORE |
        (options_.normalise ? UTF8PROC_COMPAT | UTF8PROC_COMPOSE : 0));
    std::vector<std::int32_t>& points = words_.scratch_;
    if (points.size() < text.size()) points.resize(text.size());
    const auto* bytes = reinterpret_cast<const utf8proc_uint8_t*>(text.data());
    const auto length = static_cast<utf8proc_ssize_t>(text.size());
    const auto decompose = [&] {
      return utf8proc_decompose(bytes, length, points.data(),
                                static_cast<utf8proc_ssize_t>(points.size()), flags);
    };
    utf8proc_ssize_t count = decompose();
    if (count > static_cast<utf8proc_ssize_t>(points.size())) {  // NFKC makes some texts longer
      points.resize(static_cast<std::size_t>(count));
      count = decompose();
    }
    if (count >= 0 && options_.normalise) {
      count = utf8proc_normalize_utf32(points.data(), count, flags);
    }
    if (count < 0) fail_utf8();
    for (utf8proc_ssize_t i = 0; i < count; ++i) {
      utf8proc_int32_t c = points[static_cast<std::size_t>(i)];
      const Kind kind = kind_of(c);
      if (kind == Kind::dropped) continue;
      if (kind != Kind::letter) end_word();
      if (kind == Kind::separator) continue;
      if (options_.lower_case) c = utf8proc_tolower(c);
      utf8proc_uint8_t encoded[4];
      const utf8proc_ssize_t size = utf8proc_encode_char(c, encoded);
      words_.bytes_.append(reinterpret_cast<const char*>(encoded), static_cast<std::size_t>(size));
      if (kind == Kind::single) end_word();
    }
    end_word();
  }

  void end_word() {
    const std::size_t begin = words_.ends_.empty() ? 0 : words_.ends_.back();
    if (words_.bytes_.size() > begin) words_.ends_.push_back(words_.bytes_.size());
  }

  const TokenizerOptions& options_;
  Words& words_;
};

void tokenize(std::string_view text, const TokenizerOptions& options, Words& words) {
  WordWriter(options, words).write(text);
}

}  // namespace tailgrad
