// exp, log, tanh and their like for one element, written so that loops over them vectorise.
//
// The float versions are branch-free polynomials of our own (minimax fits, coefficients rounded to
// float). Measured beside them, ns an element in a loop on a Zen 4 core: see docs/numerics.md.
// Why not glibc's libmvec or xsimd, which are about as fast: both compute the last elements of a
// loop by another routine than the vector body, so a value would depend on its place in the
// tensor, and with it on how a batch is cut. Here body and tail run the same operations.
//
// The double versions, used by the gradient checks and by `tailgrad loss`, are the standard ones.
#pragma once

#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>

#include <tailgrad/core/real.h>

namespace tailgrad {
inline namespace TAILGRAD_PRECISION {
namespace kernels {
namespace vec {

// Spelled out where the instruction exists, so that the compiler's choice whether to contract
// cannot differ between two loops.
inline float madd(float a, float b, float c) {
#ifdef __FMA__
  return __builtin_fmaf(a, b, c);
#else
  return a * b + c;
#endif
}

inline constexpr float kRound = 12582912;  // 1.5 · 2^23: adding it rounds to an integer
inline constexpr float kLog2E = 1.44269504089F;
inline constexpr float kLn2High = 0.693359375F;  // few bits: n · kLn2High is exact
inline constexpr float kLn2Low = -2.12194440e-4F;

inline float power_of_two(std::int32_t n) {
  return std::bit_cast<float>(static_cast<std::uint32_t>(n + 127) << 23);
}

struct Reduced {
  std::int32_t n;
  float p;  ///< e^x = 2^n p
};

// e^(x - n ln 2) for the integer n next to x / ln 2.
inline float exp_fraction(float x, float n) {
  const float r = madd(n, -kLn2Low, madd(n, -kLn2High, x));  // |r| <= ln(2) / 2
  float q = madd(1.381314476e-3F, r, 8.369418792e-3F);
  q = madd(q, r, 4.166845605e-2F);
  q = madd(q, r, 1.666651517e-1F);
  q = madd(q, r, 4.999999404e-1F);
  return madd(r * r, q, r) + 1;
}

// |x| < 2^22.
inline Reduced exp_reduced(float x) {
  const float shifted = madd(x, kLog2E, kRound);
  const std::uint32_t bits =
      std::bit_cast<std::uint32_t>(shifted) - std::bit_cast<std::uint32_t>(kRound);
  return {static_cast<std::int32_t>(bits), exp_fraction(x, shifted - kRound)};
}

// e^x for x in [-87, 87].
inline float exp_moderate(float x) {
  const Reduced e = exp_reduced(x);
  return e.p * power_of_two(e.n);
}

// erf(x) for |x| < 0.95.
inline float erf_near_zero(float x) {
  const float s = x * x;
  float q = madd(-5.861836835e-4F, s, 4.967445508e-3F);
  q = madd(q, s, -2.674880810e-2F);
  q = madd(q, s, 1.128131822e-1F);
  q = madd(q, s, -3.761244416e-1F);
  q = madd(q, s, 1.283791363e-1F);
  return madd(q, x, x);
}

// 1 - erf(z) for z in [0.93, 4].
inline float erfc_tail(float z) {
  float q = madd(1.161232285e-5F, z, -3.266228596e-4F);
  q = madd(q, z, 3.658010624e-3F);
  q = madd(q, z, -2.379500866e-2F);
  q = madd(q, z, 1.062751934e-1F);
  q = madd(q, z, 6.351280808e-1F);
  q = madd(q, z, 1.286542118e-1F);
  return exp_moderate(-madd(q, z, z));
}

inline constexpr float kErfSplit = 0.94F;
inline constexpr float kErfOne = 4;  // from here on erf rounds to 1

}  // namespace vec

/// e^x. At most 1 ulp off; denormal results, overflow to infinity and NaN as in std::exp.
inline float exp(float x) {
  const float c = x < -104.0F ? -104.0F : (x > 89.0F ? 89.0F : x);  // a NaN passes
  const vec::Reduced e = vec::exp_reduced(c);
  const std::int32_t half = e.n >> 1;  // in two steps: 2^n itself may be no normal float
  return e.p * vec::power_of_two(half) * vec::power_of_two(e.n - half);
}

/// log(1 + x) for x in [0, 1], without division. At most 2 ulp off.
inline float log1p_of_unit(float x) {
  float q = vec::madd(5.364829166e-03F, x, -3.006581091e-02F);
  q = vec::madd(q, x, 7.920456452e-02F);
  q = vec::madd(q, x, -1.375380467e-01F);
  q = vec::madd(q, x, 1.915365596e-01F);
  q = vec::madd(q, x, -2.485716391e-01F);
  q = vec::madd(q, x, 3.332132264e-01F);
  q = vec::madd(q, x, -4.999964796e-01F);
  return vec::madd(x * x, q, x);
}

/// Natural logarithm. At most 1 ulp off; log(0) = -infinity, NaN below zero.
inline float log(float x) {
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  const bool tiny = x < std::numeric_limits<float>::min();
  const float scaled = tiny ? x * 8388608.0F : x;  // 2^23
  const std::uint32_t bits = std::bit_cast<std::uint32_t>(scaled);
  // Of the mantissa in [√½, √2).
  const std::int32_t exponent = static_cast<std::int32_t>(bits - 0x3f3504f3U) >> 23;
  const float f = std::bit_cast<float>(bits - (static_cast<std::uint32_t>(exponent) << 23)) - 1.0F;
  const float n = static_cast<float>(exponent) - (tiny ? 23.0F : 0.0F);
  float q = vec::madd(6.801845878e-2F, f, -1.177003086e-1F);
  q = vec::madd(q, f, 1.191504151e-1F);
  q = vec::madd(q, f, -1.239268482e-1F);
  q = vec::madd(q, f, 1.421444714e-1F);
  q = vec::madd(q, f, -1.666849554e-1F);
  q = vec::madd(q, f, 2.000236958e-1F);
  q = vec::madd(q, f, -2.500000596e-1F);
  q = vec::madd(q, f, 3.333331048e-1F);
  const float y = vec::madd(n, vec::kLn2Low, f * f * vec::madd(q, f, -0.5F));
  const float result = vec::madd(n, vec::kLn2High, f + y);
  const float special = x == 0.0F ? -kInfinity : std::numeric_limits<float>::quiet_NaN();
  return x > 0.0F ? (x < kInfinity ? result : x) : special;
}

/// log(1 + x), accurate for small |x|. At most 2 ulp off.
inline float log1p(float x) {
  const float u = 1.0F + x;
  const float lost = x - (u - 1.0F);  // exact: what the rounding of 1 + x took away
  const float corrected = kernels::log(u) + lost / u;
  const float near_zero = x * x < 1e-18F ? x : corrected;  // keeps -0
  return u > 0.0F && u < std::numeric_limits<float>::infinity() ? near_zero : kernels::log(u);
}

/// At most 2 ulp off.
inline float tanh(float x) {
  const float z = std::fabs(x);
  const float s = z * z;
  float q = vec::madd(-5.666977260e-3F, s, 2.060617693e-2F);
  q = vec::madd(q, s, -5.373000726e-2F);
  q = vec::madd(q, s, 1.333133131e-1F);
  q = vec::madd(q, s, -3.333327770e-1F);
  const float near_zero = vec::madd(q * s, z, z);
  const float far = 1.0F - 2.0F / (vec::exp_moderate(z > 10.0F ? 20.0F : 2.0F * z) + 1.0F);
  return std::copysign(z < 0.625F ? near_zero : far, x);
}

/// 1 / (1 + e^-x), with full relative accuracy for very negative x. At most 3 ulp off.
inline float sigmoid(float x) {
  const float e = kernels::exp(-std::fabs(x));
  return (x < 0.0F ? e : 1.0F) / (1.0F + e);
}

/// sigmoid for the gates of a cell, about a third cheaper: 0 where sigmoid is below 2^-125, that is
/// for x < -87. At most 3 ulp off elsewhere.
inline float gate(float x) {
  const float c = x < -87.0F ? -87.0F : (x > 87.0F ? 87.0F : x);  // a NaN passes
  const float y = 1.0F / (1.0F + vec::exp_moderate(-c));
  return x < -87.0F ? 0.0F : y;
}

/// At most 2 ulp off.
inline float erf(float x) {
  const float z = std::fabs(x);
  const float far = 1.0F - vec::erfc_tail(z > vec::kErfOne ? vec::kErfOne : z);
  return z < vec::kErfSplit ? vec::erf_near_zero(x) : std::copysign(far, x);
}

/// Φ(x) = (1 + erf(x / √2)) / 2. Absolute error at most 1e-7; small values keep relative accuracy
/// down to 1e-8 and are 0 below.
inline float normal_cdf(float x) {
  const float y = x * 0.70710678F;
  const float z = std::fabs(y);
  const float near_zero = vec::madd(0.5F, vec::erf_near_zero(y), 0.5F);
  const float clamped = z > vec::kErfOne ? vec::kErfOne : z;
  const float tail = z > vec::kErfOne ? 0.0F : 0.5F * vec::erfc_tail(clamped);
  const float far = x < 0.0F ? tail : 1.0F - tail;
  return z < vec::kErfSplit ? near_zero : (x == x ? far : x);
}

/// e^(-x²/2) / √(2π).
inline float normal_density(float x) {
  const float h = -0.5F * x * x;
  return 0.39894228F * (h < -87.0F ? 0.0F : vec::exp_moderate(h < -87.0F ? -87.0F : h));
}

inline double exp(double x) {
  return std::exp(x);
}
inline double log1p_of_unit(double x) {
  return std::log1p(x);
}
inline double log(double x) {
  return std::log(x);
}
inline double log1p(double x) {
  return std::log1p(x);
}
inline double tanh(double x) {
  return std::tanh(x);
}
inline double sigmoid(double x) {
  const double e = std::exp(-std::fabs(x));
  return (x < 0 ? e : 1) / (1 + e);
}
inline double gate(double x) {
  return kernels::sigmoid(x);
}
inline double erf(double x) {
  return std::erf(x);
}
inline double normal_cdf(double x) {
  return 0.5 * std::erfc(-0.70710678118654752440 * x);
}
inline double normal_density(double x) {
  return 0.39894228040143267794 * std::exp(-0.5 * x * x);
}

/// x Φ(x), the "erf" gelu. gelu(-infinity) is -0, the limit.
inline float gelu(float x) {
  return (x < -100.0F ? -100.0F : x) * normal_cdf(x);
}
inline double gelu(double x) {
  return (x < -100 ? -100 : x) * normal_cdf(x);
}
/// d gelu / dx = Φ(x) + x φ(x).
inline float gelu_slope(float x) {
  const float c = x < -100.0F ? -100.0F : (x > 100.0F ? 100.0F : x);
  return vec::madd(c, normal_density(c), normal_cdf(x));  // the same Φ as gelu: computed once
}
inline double gelu_slope(double x) {
  const double c = x < -100 ? -100 : (x > 100 ? 100 : x);
  return c * normal_density(c) + normal_cdf(x);
}

}  // namespace kernels
}  // namespace TAILGRAD_PRECISION
}  // namespace tailgrad
