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

struct TransformerClassifierOptions {
  TransformerOptions encoder = {.layers = 2,
                                .layer = {.width = 64,
                                          .heads = 4,
                                          .feedforward = 256,
                                          .dropout = 0.2,
                                          .activation = Activation::gelu,
                                          .norm_first = true},
                                .final_norm = true};
  bool sinusoidal = false;  ///< positions; otherwise trained
  std::string pooling = "mean-max";
};

/// Words, positions, encoder, pooling, linear layer.
class TransformerClassifier final : public Model {
 public:
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

ModelEntry transformer_classifier_entry();

}  // namespace TAILGRAD_PRECISION
}  // namespace tailgrad
