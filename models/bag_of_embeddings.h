// The mean of a text's word embeddings, and a linear layer: the baseline of text classification.
#pragma once

#include <tailgrad/models/model_table.h>
#include <tailgrad/models/word_embedding.h>
#include <tailgrad/nn/linear.h>

namespace tailgrad {
inline namespace TAILGRAD_PRECISION {

/// Joulin et al. 2017, "Bag of tricks for efficient text classification", without word n-grams.
class BagOfEmbeddings final : public Model {
 public:
  /// `width` numbers a word; `dropout` of the mean.
  BagOfEmbeddings(const ModelSetup& setup, Index width, double dropout);
  Tensor logits(const Examples& batch) const override;
  const Linear& output() const override { return out_; }

 private:
  double dropout_;
  WordEmbedding embed_;
  Linear out_;
};

/// Its row of the table of models.
ModelEntry bag_of_embeddings_entry();

}  // namespace TAILGRAD_PRECISION
}  // namespace tailgrad
