#include <tailgrad/core/ops/elementwise.h>

#include <cmath>
#include <string>

#include <tailgrad/core/kernels/vec_math.h>
#include <tailgrad/core/ops/unary.h>

namespace tailgrad {
inline namespace TAILGRAD_PRECISION {

Tensor negate(const Tensor& x) {
  return unary(
      "negate", x, [](Real v) { return -v; }, [](Real, Real) { return Real{-1}; });
}

Tensor exp(const Tensor& x) {
  return unary(
      "exp", x, [](Real v) { return kernels::exp(v); }, [](Real, Real y) { return y; });
}

Tensor log(const Tensor& x) {
  return unary(
      "log", x, [](Real v) { return kernels::log(v); }, [](Real v, Real) { return 1 / v; });
}

Tensor sqrt(const Tensor& x) {
  return unary(
      "sqrt", x, [](Real v) { return std::sqrt(v); }, [](Real, Real y) { return Real(0.5) / y; });
}

Tensor square(const Tensor& x) {
  return unary(
      "square", x, [](Real v) { return v * v; }, [](Real v, Real) { return 2 * v; });
}

Tensor abs(const Tensor& x) {
  return unary(
      "abs", x, [](Real v) { return std::abs(v); },
      [](Real v, Real) { return static_cast<Real>(v > 0) - static_cast<Real>(v < 0); });
}

Tensor clamp(const Tensor& x, Real low, Real high, Where where) {
  if (!(low <= high))
    fail("clamp",
         "needs low <= high; got low " + std::to_string(low) + ", high " + std::to_string(high),
         {{"x", x.shape()}}, where);
  return unary(
      "clamp", x, [low, high](Real v) { return v < low    ? low
                                               : v > high ? high
                                                          : v; },
      [low, high](Real v, Real) { return static_cast<Real>(v >= low && v <= high); });
}

}  // namespace TAILGRAD_PRECISION
}  // namespace tailgrad
