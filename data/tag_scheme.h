// How tags of single tokens spell spans of several: O, B-PER, I-PER …
//
//   iob1    a span is I I I; its first tag is B only if a span of the same type ends just before
//   iob2    B I I (also called BIO)
//   iobes   B I E, a single token S (BIOES)
//   bmes    B M E, a single token S
//   none    tags are what they are: parts of speech
//
// A tag is a letter, a hyphen and a type; the type may hold hyphens, and a bare letter is a tag
// whose type is empty. O is outside of every span. Source: Ramshaw and Marcus 1995 (iob1), Tjong
// Kim Sang and Veenstra 1999 (iob1, iob2).
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <tailgrad/core/shape.h>

namespace tailgrad {

/// How tags spell spans; see the top of this file.
enum class TagScheme : std::uint8_t { none, iob1, iob2, iobes, bmes };

/// "none", "iob1", "iob2", "iobes", "bmes".
std::string_view scheme_name(TagScheme scheme);
/// Also "bio" (iob2) and "bioes" (iobes). Throws Error with the names there are.
TagScheme scheme_from_name(std::string_view name);

/// What the letter of a tag says; `other` is no tag of any scheme.
enum class TagPrefix : std::uint8_t { outside, begin, inside, middle, end, single, other };

/// A tag taken apart.
struct TagParts {
  TagPrefix prefix = TagPrefix::other;  ///< what its letter says
  std::string_view type = {};           ///< a part of the tag
};

TagParts split_tag(std::string_view tag);  ///< "B-PER" is begin and PER, "O" outside.
/// Whether the scheme uses the letter; `none` uses none of them.
bool scheme_has(TagScheme scheme, TagPrefix prefix);
/// "B-PER"; "B" when the type is empty; "O".
std::string join_tag(TagPrefix prefix, std::string_view type);

/// Whether a scheme allows `to` right after `from`; none stands for the begin or the end of the
/// sentence.
bool transition_allowed(TagScheme scheme, std::optional<TagParts> from, std::optional<TagParts> to);

/// What the tags of a data set look like.
struct SchemeGuess {
  TagScheme scheme = TagScheme::none;  ///< the likeliest one
  bool certain = true;                 ///< no other scheme explains the tags as well
  std::size_t faults = 0;              ///< transitions that the scheme forbids
  std::string reason = {};             ///< one sentence for a person
};

/// Which scheme the tags follow: the one whose letters they are; iob1 or iob2 by the fewer faults.
/// `offsets` [sentences + 1] rises from 0 to the number of tags.
SchemeGuess detect_scheme(std::span<const std::string> tags, std::span<const Index> offsets);

/// Throws Error unless offsets rise from 0 to `tokens`.
void check_offsets(std::span<const Index> offsets, std::size_t tokens);

}  // namespace tailgrad
