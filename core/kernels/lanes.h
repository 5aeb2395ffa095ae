// Sums and maxima of one row of numbers, in a fixed order that vectorises.
//
// The compiler may not reorder a float sum, so the order is written down: kLanes running sums side
// by side, combined as a tree at the end. It is the same for every instruction set and thread
// count.
#pragma once

#include <cstddef>
#include <cstring>

#include <tailgrad/core/real.h>

namespace tailgrad {
inline namespace TAILGRAD_PRECISION {
namespace kernels {

inline constexpr std::size_t kLanes = 16;
using Lanes [[gnu::vector_size(kLanes * sizeof(Real))]] = Real;

inline void load(Lanes& to, const Real* from) {
  std::memcpy(&to, from, sizeof to);
}

inline Real total(const Lanes& lanes) {
  Real parts[kLanes];
  std::memcpy(parts, &lanes, sizeof lanes);
  for (std::size_t half = kLanes / 2; half > 0; half /= 2)
    for (std::size_t i = 0; i < half; ++i) parts[i] += parts[i + half];
  return parts[0];
}

/// Sum of x[0 .. n).
inline Real row_sum(const Real* x, std::size_t n) {
  Lanes sums{};
  std::size_t i = 0;
  for (; i + kLanes <= n; i += kLanes) {
    Lanes a;
    load(a, x + i);
    sums += a;
  }
  for (std::size_t lane = 0; i < n; ++i, ++lane) sums[lane] += x[i];
  return total(sums);
}

/// Sum of (x[i] - centre)^2.
inline Real row_square_sum(const Real* x, std::size_t n, Real centre) {
  Lanes sums{};
  std::size_t i = 0;
  for (; i + kLanes <= n; i += kLanes) {
    Lanes a;
    load(a, x + i);
    a -= centre;
    sums += a * a;
  }
  for (std::size_t lane = 0; i < n; ++i, ++lane) sums[lane] += (x[i] - centre) * (x[i] - centre);
  return total(sums);
}

/// Sum of x[i] y[i].
inline Real row_dot(const Real* x, const Real* y, std::size_t n) {
  Lanes sums{};
  std::size_t i = 0;
  for (; i + kLanes <= n; i += kLanes) {
    Lanes a;
    Lanes b;
    load(a, x + i);
    load(b, y + i);
    sums += a * b;
  }
  for (std::size_t lane = 0; i < n; ++i, ++lane) sums[lane] += x[i] * y[i];
  return total(sums);
}

/// The largest of x[0 .. n), n >= 1. A NaN is passed over or returned.
inline Real row_max(const Real* x, std::size_t n) {
  Real most = x[0];
  std::size_t i = 0;
  if (n >= kLanes) {
    Lanes best;
    load(best, x);
    for (i = kLanes; i + kLanes <= n; i += kLanes) {
      Lanes a;
      load(a, x + i);
      best = a > best ? a : best;
    }
    for (std::size_t lane = 0; lane < kLanes; ++lane) most = best[lane] > most ? best[lane] : most;
  }
  for (; i < n; ++i) most = x[i] > most ? x[i] : most;
  return most;
}

}  // namespace kernels
}  // namespace TAILGRAD_PRECISION
}  // namespace tailgrad
