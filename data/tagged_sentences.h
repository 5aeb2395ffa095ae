// Sentences with a tag a word, in memory.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include <tailgrad/core/shape.h>
#include <tailgrad/data/column_file.h>

namespace tailgrad {

/// Sentences, word by word, with a tag a word.
struct TaggedSentences {
  std::string path;                  ///< for messages
  std::vector<std::string> words;    ///< [tokens]
  std::vector<std::string> tags;     ///< [tokens] as in the file, or empty: none were read
  std::vector<Index> labels;         ///< [tokens] classes (load_tags), or empty
  std::vector<Index> offsets = {0};  ///< [sentences + 1] first token of each sentence
  std::vector<std::size_t> lines;    ///< [tokens] where in the file, from 1

  std::size_t tokens() const { return words.size(); }           ///< of all sentences
  std::size_t sentences() const { return offsets.size() - 1; }  ///< number of sentences
};

/// Columns as ColumnFile::column takes them; empty: the usual ones.
struct TagColumns {
  std::string word = {};  ///< default: the first; form in CoNLL-U
  std::string tag = {};   ///< default: the last; upos in CoNLL-U
};

/// The words, and the tags when `with_tags`. Throws Error for a column that is not there, for an
/// empty cell (with its line) and when the tags are wanted and the file has one column only.
TaggedSentences read_tagged(const ColumnFile& file, const TagColumns& columns = {},
                            bool with_tags = true);

/// Whole sentences, in the order of `sentences`. Throws Error for a sentence out of range.
TaggedSentences select_sentences(const TaggedSentences& data, std::span<const Index> sentences);

/// [tokens] 1 where a word of `data` is no word of `train`, byte for byte.
std::vector<std::uint8_t> mark_unknown_words(const TaggedSentences& data,
                                             const TaggedSentences& train);

}  // namespace tailgrad
