// Words of sentences as numbers: what a tagger knows of a word before it looks around.
//
// All of it is a function of how the word is written, its form, so it is kept once a form and not
// once a token, and a model computes a form that a batch holds ten times only once.
//
//   word        its number in a vocabulary, after lower-casing and with every digit written 0
//   shape       its number in a vocabulary of shapes: upper-case letters X, lower-case x, digits d,
//               other letters o, all else as it is; a run of more than three becomes three
//   affixes     the first 1 … n and the last 1 … n characters, each in a hash bucket
//   characters  its characters as numbers, between two marks
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <tailgrad/core/shape.h>
#include <tailgrad/data/vocabulary.h>

namespace tailgrad {

/// Forms of words; the lists of form f are those from offset f to offset f + 1.
struct WordForms {
  std::vector<Index> words;                    ///< [forms] number of the word in its vocabulary
  std::vector<Index> shapes;                   ///< [forms] number of its shape
  std::vector<Index> affixes;                  ///< buckets of beginnings and endings
  std::vector<Index> affix_offsets = {0};      ///< [forms + 1]
  std::vector<Index> characters;               ///< numbers of its characters
  std::vector<Index> character_offsets = {0};  ///< [forms + 1]
  /// How often the word (lower-cased, digits 0) occurs in the training data.
  std::vector<Index> counts;

  Index size() const { return static_cast<Index>(words.size()); }  ///< number of forms
};

/// Sentence s is the tokens offsets[s] … offsets[s + 1] - 1; token t is written as form tokens[t].
struct EncodedSentences {
  WordForms forms = {};              ///< the different words of the sentences
  std::vector<Index> tokens = {};    ///< [tokens] number of the form
  std::vector<Index> offsets = {0};  ///< [sentences + 1]
  /// Sentences too long for a model are cut into pieces: then `offsets` are those of the pieces,
  /// these of the `cut` and the other sentences. Empty: nothing was cut.
  std::vector<Index> whole = {};
  Index cut = 0;  ///< how many sentences were cut

  /// Number of sentences, or of pieces.
  Index size() const { return static_cast<Index>(offsets.size()) - 1; }
  std::vector<Index> lengths() const;  ///< tokens of each
  /// Of the sentences as they are in the file.
  std::span<const Index> sentence_offsets() const { return whole.empty() ? offsets : whole; }

  std::vector<Index> places = {};  ///< memory of select()
};

/// Replaces `out` with some of the sentences, in the order of `items`, and the forms these hold, in
/// the order of their first token. Used again and again it stops allocating. Throws Error for an
/// item out of range.
void select(const EncodedSentences& sentences, std::span<const Index> items, EncodedSentences& out);

/// What is made of a word.
struct WordFormOptions {
  Index min_count = 1;          ///< rarer words of the training data are unknown
  Index affix_buckets = 32768;  ///< buckets that beginnings and endings are hashed into
  Index longest_affix = 4;      ///< in characters
  Index most_characters = 32;   ///< of a longer word the first and the last half of them

  /// Throws Error naming the option that is out of range.
  void check() const;
};

/// The vocabularies behind the numbers.
class WordFormEncoding {
 public:
  /// From the tokens of the training data. `known` are further words that get a number, such as
  /// those of a file of word vectors; they are looked up as they stand there.
  WordFormEncoding(std::span<const std::string> tokens, const WordFormOptions& options,
                   std::span<const std::string> known = {});
  /// From what words(), shapes() and characters() gave.
  WordFormEncoding(std::vector<std::string> words, std::vector<std::string> shapes,
                   std::vector<std::string> characters, const WordFormOptions& options);

  /// As they were given.
  const WordFormOptions& options() const { return options_; }
  const Vocabulary& words() const { return words_; }    ///< lower-cased words, digits as 0
  const Vocabulary& shapes() const { return shapes_; }  ///< forms of word_shape()
  /// The characters that have a number.
  const Vocabulary& characters() const { return characters_; }
  /// Words of the training data that have a number; their numbers come first.
  Index training_words() const { return training_words_; }
  /// Numbers of characters: unknown, the known ones, two marks.
  Index character_count() const { return characters_.size() + 2; }

  /// [sentences + 1] offsets into the tokens. Counts of words are there only in the object that has
  /// seen the training data; a loaded one gives 0.
  EncodedSentences encode(std::span<const std::string> tokens,
                          std::span<const Index> offsets) const;

 private:
  void append(std::string_view form, WordForms& forms) const;

  WordFormOptions options_;
  Vocabulary words_;
  Vocabulary shapes_;
  Vocabulary characters_;
  WordCounts counts_;
  Index training_words_ = 0;
};

/// The key of the vocabulary: lower case (a character at a time), digits as 0.
std::string word_key(std::string_view form);
/// What kind of characters a word has, at most three of a kind in a row: "Xxxx" for "Wonderful".
std::string word_shape(std::string_view form);

}  // namespace tailgrad
