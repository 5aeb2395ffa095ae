// The fully connected layer.
#pragma once

#include <optional>
#include <string_view>

#include <tailgrad/core/ops/linear.h>
#include <tailgrad/nn/module.h>

namespace tailgrad {
inline namespace TAILGRAD_PRECISION {

/// How a Linear is made.
struct LinearOptions {
  bool bias = true;                          ///< add a number to each output
  Activation activation = Activation::none;  ///< applied to the sums
  /// First values of the weight and of the bias. As in PyTorch both are uniform in ±1/sqrt(in),
  /// which for the weight is kaiming_uniform with the gain 1/sqrt(3).
  std::optional<Init> weight_init = {};
  std::optional<Init> bias_init = {};  ///< see weight_init
};

/// y = activation(x weight^T + bias): x [.., in] becomes [.., out].
/// Parameters as PyTorch's Linear: weight [out, in], bias [out].
/// Throws Error for a width below 1; the call as linear() of core/ops.
class Linear : public Module {
 public:
  /// From `in` columns to `out`.
  Linear(Module& parent, std::string_view name, Index in, Index out, LinearOptions options = {});

  /// y = f(x weight^T + bias); x [.., in], returns [.., out]. See linear().
  Tensor operator()(const Tensor& x, Where where = {}) const {
    return linear(x, weight, bias, activation_, where);
  }

  Tensor weight;  ///< [out, in]
  Tensor bias;    ///< undefined without bias

 private:
  Activation activation_;
};

}  // namespace TAILGRAD_PRECISION
}  // namespace tailgrad
