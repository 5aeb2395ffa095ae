// An output layer that compares directions: large classes cannot win by long weights.
#pragma once

#include <string_view>

#include <tailgrad/nn/module.h>

namespace tailgrad {
inline namespace TAILGRAD_PRECISION {

/// logits[i, c] = scale cos(x_i, weight_c) = scale (x_i / |x_i|) . (weight_c / |weight_c|), without
/// bias. With LDAM leave the scale at 1: that loss multiplies by its own s.
///
/// Parameter: weight [classes, width], normal (0, 1 / sqrt(width)), so of about length one.
/// Source: Cao et al. 2019 (LDAM), section 3.2; Wang et al. 2018 (CosFace), eq. 3.
class CosineHead : public Module {
 public:
  /// Throws Error for a size below 1 or a scale that is not > 0.
  CosineHead(Module& parent, std::string_view name, Index width, Index classes, double scale = 1);

  /// x [items, width]; returns [items, classes].
  Tensor operator()(const Tensor& x, Where where = {}) const;

  Tensor weight;  ///< [classes, width]

 private:
  Real scale_;
};

}  // namespace TAILGRAD_PRECISION
}  // namespace tailgrad
