// A sequence labelling problem read from files: split, numbered, checked.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <tailgrad/data/split.h>
#include <tailgrad/data/tag_set.h>
#include <tailgrad/data/tagged_sentences.h>

namespace tailgrad {

/// Files of tagged sentences and how to read them.
struct TagOptions {
  std::string train;              ///< path of the training data
  std::string dev = {};           ///< empty: a tenth of the sentences of `train` is held out
  std::string test = {};          ///< empty: none
  std::string format = {};        ///< "conll" or "conllu"; empty: by the ending of each path
  TagColumns columns = {};        ///< where words and tags stand
  std::string scheme = {};        ///< of the files; empty: detected from the training tags
  std::string train_scheme = {};  ///< tags are converted to it; empty: as in the files
  bool repair = false;            ///< rewrite tags that break the scheme; otherwise they are named
  std::uint64_t seed = 1;         ///< of the held-out split
};

/// Training, development and test sentences.
struct TagSplits {
  TagSet tags;                              ///< classes of TaggedSentences::labels
  TagScheme file_scheme = TagScheme::none;  ///< what predictions should be written in
  TaggedSentences train;                    ///< what is learnt from
  TaggedSentences dev;                      ///< what choices are made on
  TaggedSentences test;                     ///< no sentences when there is no test data
  bool held_out = false;                    ///< dev is a part of the training file
  std::vector<std::string> notes;           ///< what was done: scheme, held-out sentences, repairs
  std::vector<std::string> warnings;        ///< what may be wrong with the data
};

/// The classes are all tags of all files, sorted. A tag that occurs in dev or test only is a class
/// without training tokens; it, faults of the scheme, data without any span and types with one span
/// are warned of. Throws Error as the readers do, for fewer than two different tags, for an unknown
/// scheme and when tags with faults would have to be converted.
TagSplits load_tags(const TagOptions& options);

/// Holds out whole sentences: the rounded `share` of each stratum, where the stratum of a sentence
/// is its rarest tag in the whole data, so that rare tags are in both parts. See stratified_split.
Split split_sentences(const TaggedSentences& data, double share, std::uint64_t seed);

/// What is in a data set.
struct TagCounts {
  std::vector<std::int64_t> tokens;  ///< [classes] tokens with each tag
  std::vector<std::int64_t> spans;   ///< [types] spans of each type, as conlleval reads them
};
/// Counts tags, sentences and spans.
TagCounts count_tags(const TaggedSentences& data, const TagSet& tags);

/// [sentences] tokens of each sentence, sorted.
std::vector<Index> sentence_lengths(const TaggedSentences& data);

}  // namespace tailgrad
