// Multi-layer perceptron on columns of numbers.
#pragma once

#include <vector>

#include <tailgrad/models/model_table.h>
#include <tailgrad/nn/linear.h>

namespace tailgrad {
inline namespace TAILGRAD_PRECISION {

/// The layers of an Mlp.
struct MlpOptions {
  std::vector<Index> hidden = {64, 64};  ///< widths of the hidden layers
  double dropout = 0;                    ///< after every hidden layer
};

/// relu(... relu(x W1^T + b1) ...) W^T + b
class Mlp final : public Model {
 public:
  /// From `features` numbers to `classes` logits.
  Mlp(Index features, Index classes, std::uint64_t seed, const MlpOptions& options = {});
  /// x [items, features]; returns [items, classes].
  Tensor operator()(const Tensor& x) const;
  Tensor logits(const Examples& batch) const override;
  const Linear& output() const override { return layers_[layers_.size() - 1]; }

 private:
  double dropout_;
  ModuleList<Linear> layers_;
};

/// Its row of the table of models.
ModelEntry mlp_entry();

}  // namespace TAILGRAD_PRECISION
}  // namespace tailgrad
