// What the training loop needs of a model.
#pragma once

#include <tailgrad/models/examples.h>
#include <tailgrad/nn/linear.h>
#include <tailgrad/nn/module.h>

namespace tailgrad {
inline namespace TAILGRAD_PRECISION {

/// Items in, one row of logits an item out.
class Model : public Module {
 public:
  explicit Model(std::uint64_t seed) : Module(seed) {}
  virtual ~Model() = default;
  /// [items, classes]
  virtual Tensor logits(const Examples& batch) const = 0;
  /// The last layer: its weight is [classes, width], its bias may start at the log prior.
  virtual const Linear& output() const = 0;
};

}  // namespace TAILGRAD_PRECISION
}  // namespace tailgrad
