// What both layouts of a block of rows (row_block.h) share: their sizes, and what is left of the
// powers of a softmax.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include <tailgrad/losses/row_math.h>

namespace tailgrad {
inline namespace TAILGRAD_PRECISION {
namespace rows {

/// Rows of a SideBySide. GCC unrolls shorter loops before it can vectorise them; double, which is
/// not vectorised, pays for every row that is not there.
inline constexpr std::size_t kRowsAbreast = sizeof(Real) == 4 ? 64 : 16;
/// The classes with which such a block and a copy of it stay in the first-level cache.
inline constexpr std::size_t kMostClassesAbreast = 64;

/// The class at a place: 32 bits, as wide as a float, so that both fill vectors of one length.
inline std::int32_t class_of(std::size_t k) {
  return static_cast<std::int32_t>(k);
}

/// Rows of a block in any layout.
inline constexpr std::size_t kMostRows = std::max<std::size_t>(kRowsAbreast, 16);

/// What at.powers() leaves of each row.
struct OwnPowers {
  alignas(64) Real base[kMostRows];    ///< e[i] = e^(x - base)
  alignas(64) Real others[kMostRows];  ///< their sum
  alignas(64) Real own[kMostRows];     ///< x - base of the class that is left out
};

/// What at.powers_but_best() leaves of each row.
struct RowPowers {
  alignas(64) Real top[kMostRows];     ///< the largest x
  alignas(64) Real unit[kMostRows];    ///< e[i] = e^(x - top) / unit
  alignas(64) Real others[kMostRows];  ///< sum of e^(x - top) without the class that is left out
};

using PowerOrder = decltype(kernels::SoftmaxPower::order);
// How far the true class may lie above the base of its row, and below it when nothing else is near.
inline constexpr Real kFarOwn = 40;

/// What far_powers() leaves of a row.
struct FarPowers {
  Real base;
  Real others;
};

// The numbers x of one row, `step` apart, become powers relative to the largest: for rows whose
// true class lies too far below that to be the base, and for logits that are no numbers.
[[gnu::cold, gnu::noinline]] inline FarPowers far_powers(Real* x, std::size_t step,
                                                         std::size_t classes, std::int32_t y,
                                                         Real own) {
  Real top = own;
  for (std::size_t k = 0; k < classes; ++k)
    if (!is_own(k, y) && x[k * step] > top) top = x[k * step];
  Real others = 0;
  for (std::size_t k = 0; k < classes; ++k) {
    x[k * step] = is_own(k, y) ? Real{0} : kernels::softmax_exp(x[k * step] - top);
    others += x[k * step];
  }
  return {top, others};
}

}  // namespace rows
}  // namespace TAILGRAD_PRECISION
}  // namespace tailgrad
