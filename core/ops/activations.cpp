#include <tailgrad/core/ops/activations.h>

#include <cmath>
#include <numbers>

#include <tailgrad/core/kernels/vec_math.h>
#include <tailgrad/core/ops/unary.h>

namespace tailgrad {
inline namespace TAILGRAD_PRECISION {

Tensor tanh(const Tensor& x) {
  return unary(
      "tanh", x, [](Real v) { return kernels::tanh(v); },
      [](Real, Real y) { return (1 - y) * (1 + y); });
}

Tensor sigmoid(const Tensor& x) {
  return unary(
      "sigmoid", x, [](Real v) { return kernels::sigmoid(v); },
      [](Real, Real y) { return y * (1 - y); });
}

Tensor relu(const Tensor& x) {
  return unary(
      "relu", x, [](Real v) { return v < 0 ? Real{0} : v; },
      [](Real v, Real) { return static_cast<Real>(v > 0); });
}

Tensor gelu(const Tensor& x, Gelu form) {
  if (form == Gelu::erf)
    return unary(
        "gelu", x, [](Real v) { return kernels::gelu(v); },
        [](Real v, Real) { return kernels::gelu_slope(v); });
  constexpr auto kScale = static_cast<Real>(std::numbers::sqrt2 * std::numbers::inv_sqrtpi);
  constexpr auto kCubic = static_cast<Real>(0.044715);
  const auto bend = [](Real v) { return kernels::tanh(kScale * (v + kCubic * v * v * v)); };
  // Far out the bend is -1 or 1, and an infinity times a zero would be a NaN.
  constexpr Real kFar = 100;
  return unary(
      "gelu", x, [bend](Real v) { return Real(0.5) * (v < -kFar ? -kFar : v) * (1 + bend(v)); },
      [bend](Real value, Real) {
        const Real v = value < -kFar ? -kFar : value > kFar ? kFar : value;
        const Real t = bend(v);
        const Real inner = kScale * (1 + 3 * kCubic * v * v);
        return Real(0.5) * (1 + t) + Real(0.5) * v * (1 - t) * (1 + t) * inner;
      });
}

Tensor softplus(const Tensor& x) {
  return unary(
      "softplus", x,
      [](Real v) { return (v > 0 ? v : Real{0}) + kernels::log1p(kernels::exp(-std::abs(v))); },
      [](Real v, Real) { return kernels::sigmoid(v); });
}

}  // namespace TAILGRAD_PRECISION
}  // namespace tailgrad
