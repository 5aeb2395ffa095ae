// Ids of words to vectors, one a token.
#pragma once

#include <tailgrad/data/encoded_texts.h>
#include <tailgrad/nn/embedding.h>

namespace tailgrad {
inline namespace TAILGRAD_PRECISION {

/// The vector of a token is the row of its id, or the mean of the rows of its ids when a word is
/// known by its n-grams (Bojanowski et al. 2017).
class WordEmbedding : public Module {
 public:
  WordEmbedding(Module& parent, std::string_view name, Index vocabulary, Index width);
  /// [tokens, width]
  Tensor operator()(const EncodedTexts& texts) const;

 private:
  Embedding table_;
};

}  // namespace TAILGRAD_PRECISION
}  // namespace tailgrad
