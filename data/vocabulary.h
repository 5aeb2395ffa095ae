// Words to numbers.
//
// The ids of a vocabulary, which are the rows of an embedding table:
//
//   0                     any word that is not in the vocabulary ("<unk>")
//   1 … words             the words, most frequent first, equally frequent ones in order of their
//                         bytes: the same training texts give the same ids on every machine
//   words + 1 … size - 1  buckets of character n-grams, if options.buckets > 0
//
// Character n-grams: a word is put in angle brackets, cut into all runs of min_ngram to max_ngram
// characters, and each run goes to bucket fnv1a(run) mod buckets (as in Bojanowski et al. 2017,
// section 3.2, with 64 bits). A word then has several ids, whose embeddings a model averages.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include <tailgrad/core/hash.h>
#include <tailgrad/core/shape.h>

namespace tailgrad {

/// Which words and n-grams get an id.
struct VocabularyOptions {
  Index min_count = 1;  ///< words seen less often in the training texts are left out
  Index max_words = 0;  ///< keep only the most frequent ones; 0: all
  Index buckets = 0;    ///< buckets of character n-grams; 0: no n-grams
  int min_ngram = 3;    ///< shortest n-gram, in characters
  int max_ngram = 6;    ///< longest n-gram, in characters
  /// False: only words that are not in the vocabulary use n-grams (then min_count >= 2 lets
  /// training see some). True: the words of the vocabulary have the ids of their n-grams after
  /// their own.
  bool ngrams_of_all_words = false;

  /// Throws Error naming the option that is out of range.
  void check() const;
};

/// Lets maps from std::string be asked with a string_view.
struct WordHash {
  using is_transparent = void;  ///< tells the map that it may
  /// FNV-1a of the bytes.
  std::size_t operator()(std::string_view word) const { return fnv1a(word); }
};

/// A map from words that can be asked with a string_view.
template <class Value>
using WordMap = std::unordered_map<std::string, Value, WordHash, std::equal_to<>>;

/// How often each word occurs.
class WordCounts {
 public:
  /// Counts a word `times` times.
  void add(std::string_view word, std::size_t times = 1);
  /// How often a word was counted.
  std::size_t count(std::string_view word) const;
  std::size_t distinct() const { return counts_.size(); }  ///< how many different words
  /// The words of a vocabulary with these options, in the order of their ids.
  std::vector<std::string> most_frequent(const VocabularyOptions& options) const;

 private:
  WordMap<std::size_t> counts_;
};

/// Words and the ids they stand for.
class Vocabulary {
 public:
  static constexpr Index kUnknown = 0;  ///< the id of every word that has none

  Vocabulary() : Vocabulary(std::vector<std::string>{}) {}
  /// From the words of the training data.
  Vocabulary(const WordCounts& counts, const VocabularyOptions& options = {});
  /// From what words() gave: words[i] gets the id i + 1. Throws Error for a word that occurs twice
  /// and for an empty one.
  explicit Vocabulary(std::vector<std::string> words, const VocabularyOptions& options = {});

  /// Number of ids: 1 + words + buckets.
  Index size() const { return static_cast<Index>(words_.size()) + 1 + options_.buckets; }
  /// The words that have an id, in its order.
  std::span<const std::string> words() const { return words_; }
  /// As they were given.
  const VocabularyOptions& options() const { return options_; }
  /// True if a word may have more than one id.
  bool has_ngrams() const { return options_.buckets > 0; }
  /// The id of a word, kUnknown if it has none.
  Index find(std::string_view word) const;
  /// Appends the ids of a word, at least one.
  void append_ids(std::string_view word, std::vector<Index>& ids) const;
  /// The word of an id, "<unk>", or "<n-gram 17>". Throws Error for an id out of range.
  std::string name(Index id) const;

 private:
  void append_ngrams(std::string_view word, std::vector<Index>& ids) const;

  std::vector<std::string> words_;
  WordMap<Index> ids_;
  VocabularyOptions options_;
};

}  // namespace tailgrad
