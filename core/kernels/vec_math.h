// exp, log, tanh and their like for one element, written so that loops over them vectorise.
#pragma once

#include <cmath>

#include <tailgrad/core/real.h>

namespace tailgrad {
inline namespace TAILGRAD_PRECISION {
namespace kernels {

inline Real exp(Real x) {
  return std::exp(x);
}
inline Real log(Real x) {
  return std::log(x);
}
inline Real log1p(Real x) {
  return std::log1p(x);
}
inline Real tanh(Real x) {
  return std::tanh(x);
}
inline Real sigmoid(Real x) {
  return 1 / (1 + std::exp(-x));
}
inline Real erf(Real x) {
  return std::erf(x);
}

}  // namespace kernels
}  // namespace TAILGRAD_PRECISION
}  // namespace tailgrad
