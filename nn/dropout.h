// Dropout as a layer.
#pragma once

#include <tailgrad/core/ops/dropout.h>
#include <tailgrad/nn/check_size.h>

namespace tailgrad {
inline namespace TAILGRAD_PRECISION {

/// Drops elements inside a TrainingPass, and does nothing outside of one: there is no train() and
/// no eval() to forget. No parameters.
class Dropout {
 public:
  /// Throws Error unless 0 <= rate < 1.
  explicit Dropout(double rate = 0.5) : rate_(rate) { check_rate("Dropout", rate); }

  /// See dropout(); the identity outside of a TrainingPass.
  Tensor operator()(const Tensor& x, Where where = {}) const { return dropout(x, rate_, where); }

 private:
  double rate_;
};

}  // namespace TAILGRAD_PRECISION
}  // namespace tailgrad
