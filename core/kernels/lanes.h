// Sums and maxima of one row of numbers, in a fixed order that vectorises.
//
// The compiler may not reorder a float sum, so the order is written down: kLanes running sums side
// by side, combined as a tree at the end. It is the same for every instruction set and thread
// count.
#pragma once

#include <cstddef>
#include <cstring>
#include <utility>

#include <tailgrad/core/real.h>

namespace tailgrad {
inline namespace TAILGRAD_PRECISION {
namespace kernels {

inline constexpr std::size_t kLanes = 16;
using Lanes [[gnu::vector_size(kLanes * sizeof(Real))]] = Real;

inline void load(Lanes& to, const Real* from) {
  std::memcpy(&to, from, sizeof to);
}

/// The lanes further down: lane i of the result is lane i + kBy, where there is one.
template <std::size_t kBy, std::size_t... kLane>
inline Lanes moved_down(const Lanes& lanes, std::index_sequence<kLane...>) {
  return __builtin_shufflevector(lanes, lanes, ((kLane + kBy) % kLanes)...);
}
template <std::size_t kBy>
inline Lanes moved_down(const Lanes& lanes) {
  return moved_down<kBy>(lanes, std::make_index_sequence<kLanes>());
}

inline Real total(Lanes lanes) {
  lanes += moved_down<8>(lanes);
  lanes += moved_down<4>(lanes);
  lanes += moved_down<2>(lanes);
  lanes += moved_down<1>(lanes);
  return lanes[0];
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
    const auto take = [&best](const Lanes& other) { best = other > best ? other : best; };
    take(moved_down<8>(best));
    take(moved_down<4>(best));
    take(moved_down<2>(best));
    take(moved_down<1>(best));
    most = best[0];
  }
  for (; i < n; ++i) most = x[i] > most ? x[i] : most;
  return most;
}

}  // namespace kernels
}  // namespace TAILGRAD_PRECISION
}  // namespace tailgrad
