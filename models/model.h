// What the training loop needs of a model.
#pragma once

#include <vector>

#include <tailgrad/losses/loss.h>
#include <tailgrad/models/examples.h>
#include <tailgrad/nn/linear.h>
#include <tailgrad/nn/module.h>

namespace tailgrad {
inline namespace TAILGRAD_PRECISION {

/// Examples in, logits out: a row for each row of the examples (an item, or a token of a sentence).
class Model : public Module {
 public:
  /// First values of the parameters depend on `seed` and their names.
  explicit Model(std::uint64_t seed) : Module(seed) {}
  virtual ~Model() = default;
  /// [rows, classes]
  virtual Tensor logits(const Examples& batch) const = 0;
  /// The logits as a loss wants them: the same, unless the model knows better (a CRF gives losses
  /// of single tokens its marginals).
  virtual Tensor logits_for(const Loss& loss, const Examples& batch) const;
  /// What a loss compares the logits with: the classes or marks of the batch. A CRF adds where
  /// sentences begin and its transitions. The targets refer to the batch.
  virtual Targets targets(const Examples& batch) const;
  /// The class of each row: the one with the largest logit, unless the model knows better
  /// (Viterbi). `logits` [rows, classes] are what logits(batch) gave; appends to `classes`.
  virtual void decode(const Tensor& logits, const Examples& batch,
                      std::vector<Index>& classes) const;
  /// The last layer: its weight is [classes, width], its bias may start at the log prior.
  virtual const Linear& output() const = 0;
};

}  // namespace TAILGRAD_PRECISION
}  // namespace tailgrad
