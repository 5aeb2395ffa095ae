// Ids of words to vectors, one a token.
#pragma once

#include <optional>

#include <tailgrad/data/encoded_texts.h>
#include <tailgrad/nn/embedding.h>

namespace tailgrad {
inline namespace TAILGRAD_PRECISION {

/// The vector of a token is the row of its id, or the mean of the rows of its ids when a word is
/// known by its n-grams (Bojanowski et al. 2017). In training each of these rows is left out with
/// probability `dropout` and counts 1/(1 - dropout) otherwise, so that a frequent word also learns
/// from its n-grams (rows of an embedding as units of dropout: Gal & Ghahramani 2016, section 4.2;
/// here at every place anew).
class WordEmbedding : public Module {
 public:
  /// `kinds` > 0: tokens have kinds too (EncodedTexts::kinds), each with a vector that is added.
  WordEmbedding(Module& parent, std::string_view name, Index vocabulary, Index width,
                Index kinds = 0, double dropout = 0);
  /// [tokens, width]
  Tensor operator()(const EncodedTexts& texts) const;

 private:
  Embedding table_;
  std::optional<Embedding> kinds_;
  double dropout_;
};

}  // namespace TAILGRAD_PRECISION
}  // namespace tailgrad
