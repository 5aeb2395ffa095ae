// For programs that answer: the layouts of weights, made once instead of in every call.
#pragma once

#include <vector>

#include <tailgrad/core/kernels/scratch.h>
#include <tailgrad/core/tensor.h>

namespace tailgrad {
inline namespace TAILGRAD_PRECISION {

/// While it lives, forward passes of the running thread take it that no weight changes: linear()
/// and lstm() lay a weight out for their products when they first meet it, and find it again in
/// later calls. That saves a text of ten words a quarter of its time, a large batch nothing.
///
/// Works under NoGrad alone, and for tensors that want a gradient, which is what weights are.
/// Whoever changes a weight under it gets results of the old one. Holds as many numbers as the
/// weights, for this thread only.
class FixedWeights {
 public:
  FixedWeights();
  ~FixedWeights();
  FixedWeights(const FixedWeights&) = delete;
  FixedWeights& operator=(const FixedWeights&) = delete;

  /// `weight` [n, k] laid out as kernels::packed_product takes its transpose [k, n]; null when the
  /// running thread has no FixedWeights, or must not use it for this tensor.
  static const Real* layout_of(const Tensor& weight);

 private:
  struct Layout {
    Tensor weight;  ///< held, so that no other tensor takes its place in memory
    kernels::Scratch<Real> packed;
  };

  std::vector<Layout> layouts_;
  FixedWeights* before_;
};

}  // namespace TAILGRAD_PRECISION
}  // namespace tailgrad
