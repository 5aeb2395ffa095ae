// From how a word is written to a vector: what a tagger sees of each token by itself.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include <tailgrad/data/word_forms.h>
#include <tailgrad/data/word_vectors.h>
#include <tailgrad/models/word_embedding.h>
#include <tailgrad/nn/embedding.h>
#include <tailgrad/nn/linear.h>
#include <tailgrad/nn/lstm.h>

namespace tailgrad {
inline namespace TAILGRAD_PRECISION {

/// What a tagger knows of a token.
struct TokenFeatureOptions {
  Index words = 64;                ///< numbers a word; 0: without
  std::string characters = "cnn";  ///< "cnn", "lstm" or "none"
  Index character_width = 48;      ///< numbers a word from its characters
  Index affixes = 32;              ///< numbers a word from its affixes; 0: without
  Index shapes = 8;                ///< numbers a word from its shape; 0: without
  /// In training a word that occurs n times becomes unknown with probability a / (a + n)
  /// (Kiperwasser and Goldberg 2016, section 4): so the unknown one is trained, and the characters
  /// have to do.
  double word_dropout = 0.25;
};

/// How many there are of each: WordFormEncoding knows.
struct TokenFeatureSizes {
  Index words = 0;       ///< words with a number
  Index shapes = 0;      ///< shapes with a number
  Index affixes = 0;     ///< buckets
  Index characters = 0;  ///< with the two marks, which are the last two
};

/// A word from its characters: those of width 3 windows and their maxima over the word (Ma and Hovy
/// 2016, section 2.1), or the last states of an LSTM from both ends (Lample et al. 2016, section
/// 4.1).
class CharacterFeatures : public Module {
 public:
  /// `kind` is that of TokenFeatureOptions.
  CharacterFeatures(Module& parent, std::string_view name, const std::string& kind,
                    Index characters, Index width);
  /// [forms, width]
  Tensor operator()(const WordForms& forms) const;
  Index width() const { return width_; }  ///< numbers a form

 private:
  Tensor windows(const WordForms& forms) const;

  Index width_;
  Embedding table_;
  std::optional<Linear> filters_;
  std::optional<Lstm> lstm_;
};

/// Word, characters, affixes and shape side by side. Computed once for each form of a batch.
class TokenFeatures : public Module {
 public:
  /// Tables of the sizes that the data need.
  TokenFeatures(Module& parent, std::string_view name, const TokenFeatureSizes& sizes,
                const TokenFeatureOptions& options);
  /// [tokens, width()]
  Tensor operator()(const EncodedSentences& sentences) const;
  Index width() const { return width_; }  ///< numbers a token
  /// See Tagger::set_word_vectors.
  void set_word_vectors(const Vocabulary& words, const WordVectors& vectors);

 private:
  Tensor words(const WordForms& forms) const;

  double word_dropout_;
  Index width_ = 0;
  std::optional<Embedding> words_;
  std::optional<CharacterFeatures> characters_;
  std::optional<Embedding> affixes_;
  std::optional<Embedding> shapes_;
};

}  // namespace TAILGRAD_PRECISION
}  // namespace tailgrad
