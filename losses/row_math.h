// Reductions over one row of numbers in sixteen fixed lanes: the order of the additions depends on
// the length alone, never on the instruction set.
#pragma once

#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <type_traits>

#include <tailgrad/core/kernels/softmax_exp.h>
#include <tailgrad/core/kernels/vec_math.h>
#include <tailgrad/core/real.h>

namespace tailgrad {
inline namespace TAILGRAD_PRECISION {
namespace rows {

inline constexpr std::size_t kLanes = 16;
inline constexpr Real kMinusInfinity = -std::numeric_limits<Real>::infinity();

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wpsabi"  // about passing such vectors to functions: all inlined
typedef Real Lanes
    __attribute__((vector_size(kLanes * sizeof(Real)), aligned(sizeof(Real)), may_alias));

inline Lanes load(const Real* from) {
  return *reinterpret_cast<const Lanes*>(from);
}

typedef Real Half __attribute__((vector_size(8 * sizeof(Real))));
typedef Real Quarter __attribute__((vector_size(4 * sizeof(Real))));

inline Half low(const Lanes& v) {
  return __builtin_shufflevector(v, v, 0, 1, 2, 3, 4, 5, 6, 7);
}
inline Half high(const Lanes& v) {
  return __builtin_shufflevector(v, v, 8, 9, 10, 11, 12, 13, 14, 15);
}
inline Quarter low(const Half& v) {
  return __builtin_shufflevector(v, v, 0, 1, 2, 3);
}
inline Quarter high(const Half& v) {
  return __builtin_shufflevector(v, v, 4, 5, 6, 7);
}

inline Real sum_of(const Lanes& v) {
  const Half half = low(v) + high(v);
  const Quarter quarter = low(half) + high(half);
  return (quarter[0] + quarter[2]) + (quarter[1] + quarter[3]);
}

inline Real max_of(const Lanes& v) {
  const Half a = low(v);
  const Half b = high(v);
  const Half half = a > b ? a : b;
  const Quarter c = low(half);
  const Quarter d = high(half);
  const Quarter quarter = c > d ? c : d;
  const Real e = quarter[0] > quarter[2] ? quarter[0] : quarter[2];
  const Real f = quarter[1] > quarter[3] ? quarter[1] : quarter[3];
  return e > f ? e : f;
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

/// The sum of the products of two rows of any size.
inline Real dot_of(const Real* a, const Real* b, std::size_t size) {
  Real total = 0;
  std::size_t k = 0;
  if (size >= kLanes) {
    Lanes sum = load(a) * load(b);
    for (k = kLanes; k + kLanes <= size; k += kLanes) sum += load(a + k) * load(b + k);
    total = sum_of(sum);
  }
  for (; k < size; ++k) total += a[k] * b[k];
  return total;
}
#pragma GCC diagnostic pop

/// `yes` where `which`, else `no`; without the branch that GCC may make of ?: around a computation,
/// which would keep a loop from vectorising.
inline Real select(bool which, Real yes, Real no) {
  using Bits = std::conditional_t<sizeof(Real) == 8, std::uint64_t, std::uint32_t>;
  const Bits mask = Bits{0} - static_cast<Bits>(which);
  return std::bit_cast<Real>((std::bit_cast<Bits>(yes) & mask) | (std::bit_cast<Bits>(no) & ~mask));
}

/// Whether a loop over a row is at place `own`; in 32 bits, as wide as a float.
template <class Place, class Own>
bool is_own(Place k, Own own) {
  return static_cast<std::int32_t>(k) == static_cast<std::int32_t>(own);
}

/// Where the first number equal to `value` is; 0 when there is none (NaNs). Looks at all numbers: a
/// branch at the place found would be mispredicted in every row.
inline std::size_t find(const Real* row, std::size_t size, Real value) {
  const auto none = static_cast<std::int32_t>(size);
  std::int32_t first = none;
  for (std::size_t k = 0; k < size; ++k) {
    const std::int32_t here = row[k] == value ? static_cast<std::int32_t>(k) : none;
    first = here < first ? here : first;
  }
  return first < none ? static_cast<std::size_t>(first) : 0;
}

/// x^a for x >= 0, a >= 0, with 0^0 = 1.
inline Real power(Real x, Real a) {
  return a == 0 ? Real{1} : kernels::exp(a * kernels::log(x));
}

/// e^x - 1; in double without cancellation.
inline Real exp_minus_1(Real x) {
  if constexpr (sizeof(Real) == 8) return static_cast<Real>(std::expm1(x));
  return kernels::exp(x) - 1;
}

}  // namespace rows
}  // namespace TAILGRAD_PRECISION
}  // namespace tailgrad
