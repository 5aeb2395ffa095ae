#include <tailgrad/data/tag_set.h>

#include <algorithm>

#include <fmt/format.h>

#include <tailgrad/core/error.h>

namespace tailgrad {

TagSet::TagSet(LabelSet labels, TagScheme scheme) : labels_(std::move(labels)), scheme_(scheme) {
  const auto count = static_cast<std::size_t>(size());
  std::vector<TagParts> parts;
  for (const std::string& name : labels_.names()) {
    parts.push_back(has_spans() ? split_tag(name) : TagParts{});
    prefixes_.push_back(parts.back().prefix);
    if (parts.back().prefix != TagPrefix::outside && parts.back().prefix != TagPrefix::other) {
      types_.emplace_back(parts.back().type);
    }
  }
  std::ranges::sort(types_);
  types_.erase(std::ranges::unique(types_).begin(), types_.end());
  for (const TagParts& part : parts) {
    if (part.prefix == TagPrefix::outside || part.prefix == TagPrefix::other) {
      tag_types_.push_back(-1);
    } else {
      tag_types_.push_back(
          static_cast<Index>(std::ranges::lower_bound(types_, part.type) - types_.begin()));
    }
  }
  const std::size_t side = count + 2;
  mask_.assign(side * side, 0);
  for (std::size_t from = 0; from < count; ++from) {
    for (std::size_t to = 0; to < count; ++to) {
      mask_[from * side + to] = transition_allowed(scheme_, parts[from], parts[to]);
    }
    mask_[count * side + from] = transition_allowed(scheme_, std::nullopt, parts[from]);
    mask_[from * side + count + 1] = transition_allowed(scheme_, parts[from], std::nullopt);
  }
}

namespace {

// Collects the spans of one sentence after the other.
class SpanReader {
 public:
  SpanReader(const TagSet& tags, SpanReading reading) : tags_(tags), reading_(reading) {}

  void sentence(std::span<const Index> ids, Index first) {
    before_ = TagPrefix::outside;
    before_type_ = -1;
    for (std::size_t i = 0; i < ids.size(); ++i) {
      const TagPrefix prefix = tags_.prefix(ids[i]);
      const Index type = tags_.type(ids[i]);
      const Index token = first + static_cast<Index>(i);
      if (reading_ == SpanReading::conlleval) {
        read_loosely(token, prefix, type);
      } else {
        read_strictly(token, prefix, type);
      }
      before_ = prefix;
      before_type_ = type;
    }
    const bool loose_end = reading_ == SpanReading::conlleval ||
                           tags_.scheme() == TagScheme::iob1 || tags_.scheme() == TagScheme::iob2;
    if (loose_end) close(first + static_cast<Index>(ids.size()));
    open_ = -1;
  }

  std::vector<TokenSpan> finish() { return std::move(spans_); }

 private:
  void close(Index end) {
    if (open_ >= 0) spans_.push_back({open_, end, open_type_});
    open_ = -1;
  }
  void open(Index token, Index type) {
    open_ = token;
    open_type_ = type;
  }

  void read_loosely(Index token, TagPrefix prefix, Index type) {
    const bool starts = type >= 0 && (prefix == TagPrefix::begin || prefix == TagPrefix::single ||
                                      before_type_ != type || before_ == TagPrefix::end ||
                                      before_ == TagPrefix::single);
    if (starts || type < 0) close(token);
    if (starts) open(token, type);
  }

  void read_strictly(Index token, TagPrefix prefix, Index type) {
    const bool known = scheme_has(tags_.scheme(), prefix) && type >= 0;
    const bool continues = known && open_ >= 0 && open_type_ == type;
    switch (tags_.scheme()) {
      case TagScheme::none:
        return;
      case TagScheme::iob1: {
        const bool follows = before_type_ == type && scheme_has(tags_.scheme(), before_);
        if (continues && prefix == TagPrefix::inside) return;
        close(token);
        if (known && follows == (prefix == TagPrefix::begin)) open(token, type);
        return;
      }
      case TagScheme::iob2:
        if (continues && prefix == TagPrefix::inside) return;
        close(token);
        if (known && prefix == TagPrefix::begin) open(token, type);
        return;
      case TagScheme::iobes:
      case TagScheme::bmes:
        break;
    }
    if (continues && (prefix == TagPrefix::inside || prefix == TagPrefix::middle)) return;
    if (continues && prefix == TagPrefix::end) return close(token + 1);
    open_ = -1;  // a span without its end is none
    if (known && (prefix == TagPrefix::begin || prefix == TagPrefix::single)) open(token, type);
    if (prefix == TagPrefix::single) close(token + 1);
  }

  const TagSet& tags_;
  SpanReading reading_;
  std::vector<TokenSpan> spans_;
  Index open_ = -1;
  Index open_type_ = -1;
  TagPrefix before_ = TagPrefix::outside;
  Index before_type_ = -1;
};

TagPrefix letter_at(TagScheme scheme, const TokenSpan& span, Index token, bool after_same) {
  const bool first = token == span.begin;
  switch (scheme) {
    case TagScheme::iob1:
      return first && after_same ? TagPrefix::begin : TagPrefix::inside;
    case TagScheme::iob2:
      return first ? TagPrefix::begin : TagPrefix::inside;
    default:
      break;
  }
  const bool last = token + 1 == span.end;
  if (first && last) return TagPrefix::single;
  if (first) return TagPrefix::begin;
  if (last) return TagPrefix::end;
  return scheme == TagScheme::bmes ? TagPrefix::middle : TagPrefix::inside;
}

}  // namespace

std::vector<TokenSpan> read_spans(const TagSet& tags, std::span<const Index> ids,
                                  std::span<const Index> offsets, SpanReading reading) {
  check_offsets(offsets, ids.size());
  for (const Index id : ids) {
    if (id < 0 || id >= tags.size()) {
      fail("read_spans", fmt::format("needs tags from 0 to {}; got {}", tags.size() - 1, id));
    }
  }
  if (!tags.has_spans()) return {};
  SpanReader reader(tags, reading);
  for (std::size_t s = 0; s + 1 < offsets.size(); ++s) {
    const auto first = static_cast<std::size_t>(offsets[s]);
    reader.sentence(ids.subspan(first, static_cast<std::size_t>(offsets[s + 1]) - first),
                    offsets[s]);
  }
  return reader.finish();
}

std::vector<std::string> spell_spans(std::span<const TokenSpan> spans,
                                     std::span<const std::string> types,
                                     std::span<const Index> offsets, TagScheme scheme) {
  if (scheme == TagScheme::none) fail("spell_spans", "the scheme none spells no spans");
  if (offsets.empty()) fail("spell_spans", "needs at least one offset");
  check_offsets(offsets, static_cast<std::size_t>(offsets.back()));
  std::vector<std::string> tags(static_cast<std::size_t>(offsets.back()), "O");
  std::size_t s = 0;
  TokenSpan before;
  for (const TokenSpan& span : spans) {
    if (span.begin < before.end || span.end <= span.begin || span.end > offsets.back()) {
      fail("spell_spans",
           fmt::format("spans must be in order and not overlap; got {} .. {} after "
                       "{} .. {}, of {} tokens",
                       span.begin, span.end, before.begin, before.end, offsets.back()));
    }
    if (span.type < 0 || static_cast<std::size_t>(span.type) >= types.size()) {
      fail("spell_spans", fmt::format("needs types below {}; got {}", types.size(), span.type));
    }
    while (offsets[s + 1] <= span.begin) ++s;
    if (span.end > offsets[s + 1]) {
      fail("spell_spans", fmt::format("the span {} .. {} crosses the end of a sentence at {}",
                                      span.begin, span.end, offsets[s + 1]));
    }
    const bool after_same =
        before.end == span.begin && before.type == span.type && span.begin > offsets[s];
    for (Index t = span.begin; t < span.end; ++t) {
      tags[static_cast<std::size_t>(t)] = join_tag(letter_at(scheme, span, t, after_same),
                                                   types[static_cast<std::size_t>(span.type)]);
    }
    before = span;
  }
  return tags;
}

std::vector<std::string> tags_in_scheme(const TagSet& tags, std::span<const Index> ids,
                                        std::span<const Index> offsets, TagScheme scheme) {
  if (scheme != tags.scheme()) {
    return spell_spans(read_spans(tags, ids, offsets, SpanReading::conlleval), tags.types(),
                       offsets, scheme);
  }
  std::vector<std::string> names;
  names.reserve(ids.size());
  for (const Index id : ids) names.push_back(tags.labels().name(id));
  return names;
}

}  // namespace tailgrad
