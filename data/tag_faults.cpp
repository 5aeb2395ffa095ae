#include <tailgrad/data/tag_faults.h>

#include <fmt/format.h>

#include <tailgrad/core/error.h>
#include <tailgrad/data/tag_set.h>

namespace tailgrad {
namespace {

constexpr std::size_t kShown = 3;

void need_tags(const TaggedSentences& data, const char* what) {
  if (data.tags.size() != data.tokens()) {
    fail(what, fmt::format("needs a tag for each of the {} tokens; got {}", data.tokens(),
                           data.tags.size()));
  }
}

const char* rule_of(TagScheme scheme, const TagParts& to) {
  if (!scheme_has(scheme, to.prefix)) return "is no tag of the scheme";
  switch (scheme) {
    case TagScheme::iob1:
      return "a span begins with I-, and with B- only right after one of the same type";
    case TagScheme::iob2:
      return "a span begins with B-";
    case TagScheme::bmes:
      return "a span is B- M- E-, or S- alone";
    default:
      return "a span is B- I- E-, or S- alone";
  }
}

struct TagIds {
  TagSet set;
  std::vector<Index> ids;
};

TagIds number_tags(const TaggedSentences& data, TagScheme scheme) {
  const std::vector<std::string_view> names(data.tags.begin(), data.tags.end());
  TagIds out{TagSet(LabelSet::of(names), scheme), {}};
  out.ids.reserve(data.tags.size());
  for (const std::string& tag : data.tags) out.ids.push_back(*out.set.labels().find(tag));
  return out;
}

}  // namespace

std::vector<TagFault> find_tag_faults(const TaggedSentences& data, TagScheme scheme) {
  need_tags(data, "find_tag_faults");
  std::vector<TagFault> faults;
  for (std::size_t s = 0; s < data.sentences(); ++s) {
    std::optional<TagParts> before;
    const auto first = static_cast<std::size_t>(data.offsets[s]);
    const auto end = static_cast<std::size_t>(data.offsets[s + 1]);
    for (std::size_t t = first; t < end; ++t) {
      const TagParts now = split_tag(data.tags[t]);
      if (!transition_allowed(scheme, before, now)) {
        const bool foreign = !scheme_has(scheme, now.prefix);
        faults.push_back(
            {t, foreign ? fmt::format("{} {}", data.tags[t], rule_of(scheme, now))
                        : fmt::format("{} {}{}: {}", data.tags[t],
                                      before ? "after " : "at the beginning of a sentence",
                                      before ? data.tags[t - 1] : "", rule_of(scheme, now))});
      }
      before = now;
    }
    if (before && !transition_allowed(scheme, before, std::nullopt)) {
      faults.push_back({end - 1, fmt::format("{} at the end of a sentence: {}", data.tags[end - 1],
                                             rule_of(scheme, *before))});
    }
  }
  return faults;
}

std::string tag_faults_text(const TaggedSentences& data, std::span<const TagFault> faults,
                            TagScheme scheme) {
  std::string text = fmt::format("{}: {} fault{} of the scheme {}", data.path, faults.size(),
                                 faults.size() == 1 ? "" : "s", scheme_name(scheme));
  for (std::size_t i = 0; i < faults.size() && i < kShown; ++i) {
    text += fmt::format("{} line {}: {}", i == 0 ? ":" : ";", data.lines[faults[i].token],
                        faults[i].what);
  }
  if (faults.size() > kShown) text += fmt::format("; and {} more", faults.size() - kShown);
  return text;
}

std::size_t repair_tags(TaggedSentences& data, TagScheme scheme) {
  need_tags(data, "repair_tags");
  const TagIds tags = number_tags(data, scheme);
  const std::vector<std::string> repaired =
      spell_spans(read_spans(tags.set, tags.ids, data.offsets, SpanReading::conlleval),
                  tags.set.types(), data.offsets, scheme);
  std::size_t changed = 0;
  for (std::size_t t = 0; t < repaired.size(); ++t) changed += repaired[t] != data.tags[t] ? 1 : 0;
  data.tags = repaired;
  return changed;
}

void convert_tags(TaggedSentences& data, TagScheme from, TagScheme to) {
  need_tags(data, "convert_tags");
  if (from == to) return;
  if (from == TagScheme::none || to == TagScheme::none) {
    fail("convert_tags", fmt::format("cannot convert {} to {}: tags without a scheme have no spans",
                                     scheme_name(from), scheme_name(to)));
  }
  if (const auto faults = find_tag_faults(data, from); !faults.empty()) {
    throw Error(tag_faults_text(data, faults, from) +
                "; they must be repaired before the tags can "
                "be converted to " +
                std::string(scheme_name(to)));
  }
  const TagIds tags = number_tags(data, from);
  data.tags = spell_spans(read_spans(tags.set, tags.ids, data.offsets, SpanReading::strict),
                          tags.set.types(), data.offsets, to);
}

}  // namespace tailgrad
