// Reductions over one row of numbers in sixteen fixed lanes: the order of the additions depends on
// the length alone, never on the instruction set.
#pragma once

#include <cstddef>
#include <limits>

#include <tailgrad/core/kernels/vec_math.h>
#include <tailgrad/core/real.h>

namespace tailgrad {
inline namespace TAILGRAD_PRECISION {
namespace rows {

inline constexpr std::size_t kLanes = 16;
inline constexpr std::size_t kBlockRows = 64;  ///< rows whose numbers stay in the cache together
inline constexpr Real kMinusInfinity = -std::numeric_limits<Real>::infinity();

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wpsabi"  // about passing such vectors to functions: all inlined
typedef Real Lanes
    __attribute__((vector_size(kLanes * sizeof(Real)), aligned(sizeof(Real)), may_alias));

inline Lanes load(const Real* from) {
  return *reinterpret_cast<const Lanes*>(from);
}

inline Real sum_of(const Lanes& v) {
  Real half[8];
  for (std::size_t l = 0; l < 8; ++l) half[l] = v[l] + v[l + 8];
  for (std::size_t l = 0; l < 4; ++l) half[l] += half[l + 4];
  return (half[0] + half[2]) + (half[1] + half[3]);
}

inline Real max_of(const Lanes& v) {
  Real half[8];
  for (std::size_t l = 0; l < 8; ++l) half[l] = v[l] > v[l + 8] ? v[l] : v[l + 8];
  for (std::size_t l = 0; l < 4; ++l) half[l] = half[l] > half[l + 4] ? half[l] : half[l + 4];
  const Real a = half[0] > half[2] ? half[0] : half[2];
  const Real b = half[1] > half[3] ? half[1] : half[3];
  return a > b ? a : b;
}

/// The largest of `size` >= 16 numbers (a NaN may be passed over).
inline Real max_of(const Real* row, std::size_t size) {
  Lanes best = load(row);
  for (std::size_t k = kLanes; k + kLanes <= size; k += kLanes) {
    const Lanes v = load(row + k);
    best = v > best ? v : best;
  }
  const Lanes last = load(row + size - kLanes);  // overlaps: harmless for a maximum
  return max_of(last > best ? last : best);
}

/// The sum of `size` >= 16 numbers.
inline Real sum_of(const Real* row, std::size_t size) {
  Lanes sum = load(row);
  std::size_t k = kLanes;
  for (; k + kLanes <= size; k += kLanes) sum += load(row + k);
  Real total = sum_of(sum);
  for (; k < size; ++k) total += row[k];
  return total;
}
#pragma GCC diagnostic pop

}  // namespace rows
}  // namespace TAILGRAD_PRECISION
}  // namespace tailgrad
