// A tiny transformer that gives a text one class.
#pragma once

#include <optional>
#include <string>

#include <tailgrad/models/model_table.h>
#include <tailgrad/models/pooling.h>
#include <tailgrad/models/word_embedding.h>
#include <tailgrad/nn/linear.h>
#include <tailgrad/nn/position.h>
#include <tailgrad/nn/transformer.h>

namespace tailgrad {
inline namespace TAILGRAD_PRECISION {

/// The parts of a text classifier.
struct TransformerClassifierOptions {
  /// The layers between the embedding and the pooling.
  TransformerOptions encoder = {.layers = 2,
                                .layer = {.width = 64,
                                          .heads = 4,
                                          .feedforward = 256,
                                          .dropout = 0.2,
                                          .activation = Activation::gelu,
                                          .norm_first = true},
                                .final_norm = true};
  bool sinusoidal = false;           ///< positions; otherwise trained
  std::string pooling = "mean-max";  ///< see Pooling
  double embedding_dropout = 0;      ///< see WordEmbedding
};

/// Words, positions, encoder, pooling, linear layer.
class TransformerClassifier final : public Model {
 public:
  /// From ids of words to logits of classes.
  TransformerClassifier(const ModelSetup& setup, const TransformerClassifierOptions& options);
  Tensor logits(const Examples& batch) const override;
  const Linear& output() const override { return out_; }

 private:
  double dropout_;
  WordEmbedding embed_;
  std::optional<LearnedPositions> learned_;
  std::optional<SinusoidalPositions> sinusoidal_;
  TransformerEncoder encoder_;
  Pooling pool_;
  Linear out_;
};

/// Its row of the table of models.
ModelEntry transformer_classifier_entry();

}  // namespace TAILGRAD_PRECISION
}  // namespace tailgrad
