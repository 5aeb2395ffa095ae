// Ids of words to vectors, one a token.
#pragma once

#include <optional>

#include <tailgrad/data/encoded_texts.h>
#include <tailgrad/nn/embedding.h>

namespace tailgrad {
inline namespace TAILGRAD_PRECISION {

/// The vector of a token is the row of its id, or the mean of the rows of its ids when a word is
/// known by its n-grams (Bojanowski et al. 2017).
class WordEmbedding : public Module {
 public:
  /// `kinds` > 0: tokens have kinds too (EncodedTexts::kinds), each with a vector that is added.
  WordEmbedding(Module& parent, std::string_view name, Index vocabulary, Index width,
                Index kinds = 0);
  /// [tokens, width]
  Tensor operator()(const EncodedTexts& texts) const;

 private:
  Embedding table_;
  std::optional<Embedding> kinds_;
};

}  // namespace TAILGRAD_PRECISION
}  // namespace tailgrad
