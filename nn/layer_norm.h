// Normalisation of each row, as a layer.
#pragma once

#include <string_view>

#include <tailgrad/core/ops/layer_norm.h>
#include <tailgrad/nn/module.h>

namespace tailgrad {
inline namespace TAILGRAD_PRECISION {

/// Layer normalisation over the last axis (Ba, Kiros, Hinton 2016).
/// Parameters as PyTorch's LayerNorm: weight [width], ones; bias [width], zeros.
class LayerNorm : public Module {
 public:
  /// Throws Error for a width below 1 or a negative epsilon.
  LayerNorm(Module& parent, std::string_view name, Index width, double epsilon = 1e-5);

  /// x [.., width]
  Tensor operator()(const Tensor& x, Where where = {}) const {
    return layer_norm(x, weight, bias, epsilon_, where);
  }
  /// Of x + residual, in one pass.
  Tensor operator()(const Tensor& x, const Tensor& residual, Where where = {}) const {
    return add_layer_norm(x, residual, weight, bias, epsilon_, where);
  }

  Tensor weight;  ///< [width] gain
  Tensor bias;    ///< [width]

 private:
  Real epsilon_;
};

}  // namespace TAILGRAD_PRECISION
}  // namespace tailgrad
