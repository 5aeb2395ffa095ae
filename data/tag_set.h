// The tags of a sequence problem as numbers, seen through their scheme.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include <tailgrad/core/token_span.h>
#include <tailgrad/data/labels.h>
#include <tailgrad/data/tag_scheme.h>

namespace tailgrad {

/// The tags of a data set, what they mean, and which may follow which.
class TagSet {
 public:
  TagSet() = default;
  /// Class k is labels.name(k). Labels that the scheme does not know are kept: no transition to
  /// them is allowed and they are part of no strict span.
  TagSet(LabelSet labels, TagScheme scheme);

  /// The names of the tags.
  const LabelSet& labels() const { return labels_; }
  TagScheme scheme() const { return scheme_; }  ///< how they spell spans
  /// False for tags that are what they are, such as parts of speech.
  bool has_spans() const { return scheme_ != TagScheme::none; }
  Index size() const { return labels_.size(); }  ///< number of tags

  /// The types of spans, in order of their bytes.
  std::span<const std::string> types() const { return types_; }
  /// What the letter of a tag says.
  TagPrefix prefix(Index tag) const { return prefixes_[static_cast<std::size_t>(tag)]; }
  /// The number of a tag's type in types(); -1 for O and what is no tag of a span.
  Index type(Index tag) const { return tag_types_[static_cast<std::size_t>(tag)]; }

  /// Whether `to` may follow `from`, a sentence may begin with a tag, may end with it.
  bool allowed(Index from, Index to) const { return mask_at(from, to); }
  bool may_begin(Index tag) const { return mask_at(size(), tag); }  ///< see allowed()
  /// See allowed().
  bool may_end(Index tag) const { return mask_at(tag, size() + 1); }
  /// [size + 2, size + 2] 1 where allowed; row = from, column = to, the last two indices are begin
  /// and end. Entries that no sentence uses (to begin, from end, begin to end) are 0.
  std::span<const std::uint8_t> transition_mask() const { return mask_; }

 private:
  bool mask_at(Index from, Index to) const {
    return mask_[static_cast<std::size_t>(from) * static_cast<std::size_t>(size() + 2) +
                 static_cast<std::size_t>(to)] != 0;
  }
  LabelSet labels_;
  TagScheme scheme_ = TagScheme::none;
  std::vector<std::string> types_;
  std::vector<TagPrefix> prefixes_;  // [size]
  std::vector<Index> tag_types_;     // [size]
  std::vector<std::uint8_t> mask_;
};

/// How tags become spans where they are not well-formed; well-formed tags read the same both ways.
enum class SpanReading {
  /// Only spans spelled exactly as the scheme spells them.
  strict,
  /// As the program conlleval of the CoNLL-2000 shared task reads I, O and B: a span begins at B,
  /// after O and where the type changes. E ends a span and S is one, M is read as I. The scheme
  /// has no say.
  conlleval,
};

/// The spans of a data set's tags, in order; no span crosses a sentence. Throws Error for a tag out
/// of range and for wrong offsets.
std::vector<TokenSpan> read_spans(const TagSet& tags, std::span<const Index> ids,
                                  std::span<const Index> offsets, SpanReading reading);

/// [tokens] tags that spell the spans in a scheme, O elsewhere. `types` names the types of the
/// spans. Throws Error for spans that are empty, overlap, are out of order or cross a sentence, and
/// for the scheme none.
std::vector<std::string> spell_spans(std::span<const TokenSpan> spans,
                                     std::span<const std::string> types,
                                     std::span<const Index> offsets, TagScheme scheme);

/// Predicted tags as text in the scheme of a file: as they are if that is the scheme of `tags`,
/// otherwise read as conlleval does and spelled anew.
std::vector<std::string> tags_in_scheme(const TagSet& tags, std::span<const Index> ids,
                                        std::span<const Index> offsets, TagScheme scheme);

}  // namespace tailgrad
