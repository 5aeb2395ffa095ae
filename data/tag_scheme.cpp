#include <tailgrad/data/tag_scheme.h>

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include <tailgrad/core/error.h>
#include <tailgrad/core/text_form.h>

namespace tailgrad {
namespace {

constexpr std::array<std::string_view, 5> kNames = {"none", "iob1", "iob2", "iobes", "bmes"};

TagPrefix prefix_of(char letter) {
  switch (letter) {
    case 'O':
      return TagPrefix::outside;
    case 'B':
      return TagPrefix::begin;
    case 'I':
      return TagPrefix::inside;
    case 'M':
      return TagPrefix::middle;
    case 'E':
      return TagPrefix::end;
    case 'S':
      return TagPrefix::single;
    default:
      return TagPrefix::other;
  }
}

char letter_of(TagPrefix prefix) {
  switch (prefix) {
    case TagPrefix::begin:
      return 'B';
    case TagPrefix::inside:
      return 'I';
    case TagPrefix::middle:
      return 'M';
    case TagPrefix::end:
      return 'E';
    case TagPrefix::single:
      return 'S';
    default:
      return 'O';
  }
}

bool in_span(TagPrefix prefix) {
  return prefix != TagPrefix::outside && prefix != TagPrefix::other;
}

std::size_t count_faults(TagScheme scheme, std::span<const std::string> tags,
                         std::span<const Index> offsets) {
  std::size_t faults = 0;
  for (std::size_t s = 0; s + 1 < offsets.size(); ++s) {
    std::optional<TagParts> before;
    if (offsets[s] == offsets[s + 1]) continue;
    for (Index t = offsets[s]; t < offsets[s + 1]; ++t) {
      const TagParts now = split_tag(tags[static_cast<std::size_t>(t)]);
      faults += transition_allowed(scheme, before, now) ? 0 : 1;
      before = now;
    }
    faults += transition_allowed(scheme, before, std::nullopt) ? 0 : 1;
  }
  return faults;
}

// Letters that look like spans of a scheme that is not known here.
bool looks_like_spans(std::string_view tag) {
  return tag.size() > 2 && tag[1] == '-' && tag[0] >= 'A' && tag[0] <= 'Z';
}

}  // namespace

std::string_view scheme_name(TagScheme scheme) {
  return kNames[static_cast<std::size_t>(scheme)];
}

TagScheme scheme_from_name(std::string_view name) {
  if (name == "bio") return TagScheme::iob2;
  if (name == "bioes") return TagScheme::iobes;
  const auto found = std::ranges::find(kNames, name);
  if (found == kNames.end()) {
    fail_unknown_name("tag scheme", name, std::vector<std::string>(kNames.begin(), kNames.end()));
  }
  return static_cast<TagScheme>(found - kNames.begin());
}

TagParts split_tag(std::string_view tag) {
  if (tag.empty()) return {};
  const TagPrefix prefix = prefix_of(tag[0]);
  if (tag.size() == 1) return {prefix, {}};
  if (tag[1] != '-' || !in_span(prefix)) return {};
  return {prefix, tag.substr(2)};
}

bool scheme_has(TagScheme scheme, TagPrefix prefix) {
  const bool iob = scheme == TagScheme::iob1 || scheme == TagScheme::iob2;
  switch (prefix) {
    case TagPrefix::outside:
    case TagPrefix::begin:
      return scheme != TagScheme::none;
    case TagPrefix::inside:
      return iob || scheme == TagScheme::iobes;
    case TagPrefix::middle:
      return scheme == TagScheme::bmes;
    case TagPrefix::end:
    case TagPrefix::single:
      return scheme == TagScheme::iobes || scheme == TagScheme::bmes;
    default:
      return false;
  }
}

std::string join_tag(TagPrefix prefix, std::string_view type) {
  if (!in_span(prefix)) return "O";
  std::string tag(1, letter_of(prefix));
  if (!type.empty()) tag.append("-").append(type);
  return tag;
}

bool transition_allowed(TagScheme scheme, std::optional<TagParts> from,
                        std::optional<TagParts> to) {
  if (scheme == TagScheme::none) return true;
  // Tags of another scheme are never right: a fault where they stand.
  if (to && !scheme_has(scheme, to->prefix)) return false;
  if (from && !scheme_has(scheme, from->prefix)) from.reset();
  const bool same =
      from && to && in_span(from->prefix) && in_span(to->prefix) && from->type == to->type;
  switch (scheme) {
    case TagScheme::iob1:
      return !to || to->prefix != TagPrefix::begin || same;
    case TagScheme::iob2:
      return !to || to->prefix != TagPrefix::inside || same;
    default:
      break;
  }
  const bool open =
      from && (from->prefix == TagPrefix::begin || from->prefix == TagPrefix::inside ||
               from->prefix == TagPrefix::middle);
  const bool continues = to && (to->prefix == TagPrefix::inside ||
                                to->prefix == TagPrefix::middle || to->prefix == TagPrefix::end);
  return open == continues && (!open || same);
}

void check_offsets(std::span<const Index> offsets, std::size_t tokens) {
  if (offsets.empty() || offsets.front() != 0 ||
      static_cast<std::size_t>(offsets.back()) != tokens || !std::ranges::is_sorted(offsets)) {
    fail("sentence offsets", fmt::format("must rise from 0 to the number of tokens, {}", tokens));
  }
}

SchemeGuess detect_scheme(std::span<const std::string> tags, std::span<const Index> offsets) {
  check_offsets(offsets, tags.size());
  std::array<std::size_t, 7> count{};
  std::string foreign;
  for (const std::string& tag : tags) {
    const TagPrefix prefix = split_tag(tag).prefix;
    ++count[static_cast<std::size_t>(prefix)];
    if (prefix == TagPrefix::other && (foreign.empty() || !looks_like_spans(foreign)))
      foreign = tag;
  }
  const auto seen = [&](TagPrefix prefix) { return count[static_cast<std::size_t>(prefix)] > 0; };
  const auto judged = [&](TagScheme scheme, bool certain, std::string reason) {
    return SchemeGuess{scheme, certain, count_faults(scheme, tags, offsets), std::move(reason)};
  };
  const bool spans = seen(TagPrefix::begin) || seen(TagPrefix::inside) || seen(TagPrefix::middle) ||
                     seen(TagPrefix::end) || seen(TagPrefix::single);
  if (seen(TagPrefix::other)) {
    const bool odd = looks_like_spans(foreign) && (spans || seen(TagPrefix::outside));
    return {TagScheme::none, !odd, 0,
            odd ? fmt::format("tags such as '{}' belong to none of the schemes iob1, iob2, iobes "
                              "and bmes, so the tags are read as they are, without spans",
                              foreign)
                : "the tags are not spans"};
  }
  if (!spans) return {TagScheme::iob2, false, 0, "every tag is O: there is no span to tell by"};
  if (seen(TagPrefix::middle)) {
    if (!seen(TagPrefix::inside)) return judged(TagScheme::bmes, true, "tags begin with M-");
    SchemeGuess guess = judged(TagScheme::iobes, false, "tags begin with both I- and M-");
    SchemeGuess bmes = judged(TagScheme::bmes, false, guess.reason);
    return bmes.faults < guess.faults ? bmes : guess;
  }
  if (seen(TagPrefix::end) || seen(TagPrefix::single)) {
    if (seen(TagPrefix::inside)) return judged(TagScheme::iobes, true, "tags begin with E- or S-");
    // Spans of one or two tokens only. Word segmentation has no O.
    const bool words = !seen(TagPrefix::outside) && seen(TagPrefix::begin);
    return judged(words ? TagScheme::bmes : TagScheme::iobes, false,
                  "no span has three tokens, so iobes and bmes spell the same");
  }
  const std::size_t iob1 = count_faults(TagScheme::iob1, tags, offsets);
  const std::size_t iob2 = count_faults(TagScheme::iob2, tags, offsets);
  if (iob2 == 0) return {TagScheme::iob2, true, 0, "every span begins with B-"};
  if (iob1 == 0) {
    return {TagScheme::iob1, true, 0,
            "spans begin with I-, and with B- only right after a span of the same type"};
  }
  const bool one = iob1 < iob2;
  return {
      one ? TagScheme::iob1 : TagScheme::iob2, false, one ? iob1 : iob2,
      fmt::format("neither iob1 ({} faults) nor iob2 ({} faults) explains all tags", iob1, iob2)};
}

}  // namespace tailgrad
