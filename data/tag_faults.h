// Tags that break their scheme: found, named, and repaired where that is asked for.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include <tailgrad/data/tag_scheme.h>
#include <tailgrad/data/tagged_sentences.h>

namespace tailgrad {

/// A tag that its scheme does not allow where it stands.
struct TagFault {
  std::size_t token = 0;  ///< number of the token in the data set
  std::string what = {};  ///< "I-PER after O: iob2 begins a span with B-"
};

/// Every transition of data.tags that the scheme forbids, at most one a token and one more at the
/// end of a sentence. Throws Error when there are no tags.
std::vector<TagFault> find_tag_faults(const TaggedSentences& data, TagScheme scheme);

/// "train.conll: 12 faults of the scheme iob2: line 5: …; line 9: …; line 30: …; and 9 more".
std::string tag_faults_text(const TaggedSentences& data, std::span<const TagFault> faults,
                            TagScheme scheme);

/// Rewrites data.tags so that they follow the scheme: the spans that conlleval sees in them,
/// spelled rightly. Returns how many tags changed. Well-formed tags stay as they are.
std::size_t repair_tags(TaggedSentences& data, TagScheme scheme);

/// Spells the same spans in another scheme. Throws Error naming the faults when data.tags do not
/// follow `from`.
void convert_tags(TaggedSentences& data, TagScheme from, TagScheme to);

}  // namespace tailgrad
