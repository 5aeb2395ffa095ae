// Rows of a matrix into the lanes of a SideBySide block, and back.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstring>

#include <tailgrad/core/kernels/transpose_square.h>
#include <tailgrad/losses/row_block.h>

namespace tailgrad {
inline namespace TAILGRAD_PRECISION {
namespace rows {

/// Four numbers: as wide as the vectors that every machine has.
typedef Real Four __attribute__((vector_size(4 * sizeof(Real)), aligned(sizeof(Real)), may_alias));

inline Four& four(Real* at) {
  return *reinterpret_cast<Four*>(at);
}
inline const Four& four(const Real* at) {
  return *reinterpret_cast<const Four*>(at);
}

/// to[j][i] = from[i][j] of a square of four by four; the steps are those from row to row.
inline void transpose_square(const Real* from, std::size_t from_step, Real* to,
                             std::size_t to_step) {
  const Four a = four(from);
  const Four b = four(from + from_step);
  const Four c = four(from + 2 * from_step);
  const Four d = four(from + 3 * from_step);
  const Four ab_low = __builtin_shufflevector(a, b, 0, 4, 1, 5);
  const Four ab_high = __builtin_shufflevector(a, b, 2, 6, 3, 7);
  const Four cd_low = __builtin_shufflevector(c, d, 0, 4, 1, 5);
  const Four cd_high = __builtin_shufflevector(c, d, 2, 6, 3, 7);
  four(to) = __builtin_shufflevector(ab_low, cd_low, 0, 1, 4, 5);
  four(to + to_step) = __builtin_shufflevector(ab_low, cd_low, 2, 3, 6, 7);
  four(to + 2 * to_step) = __builtin_shufflevector(ab_high, cd_high, 0, 1, 4, 5);
  four(to + 3 * to_step) = __builtin_shufflevector(ab_high, cd_high, 2, 3, 6, 7);
}

/// The same of a square as wide as the registers, where there are enough of them to hold it: its
/// loads and stores are a quarter as many, and each fills a cache line.
inline constexpr std::size_t kWideSquare = kernels::kWidth;
inline constexpr bool kHasWideSquare = kernels::kManyRegisters && sizeof(Real) == 4;

inline void transpose_wide_square(const Real* from, std::size_t from_step, Real* to,
                                  std::size_t to_step) {
  kernels::Vector v[kWideSquare];
#pragma GCC unroll 16
  for (std::size_t i = 0; i < kWideSquare; ++i)
    std::memcpy(&v[i], from + i * from_step, sizeof v[i]);
  kernels::transpose_square(v);
#pragma GCC unroll 16
  for (std::size_t i = 0; i < kWideSquare; ++i) std::memcpy(to + i * to_step, &v[i], sizeof v[i]);
}

/// to[j][i] = from[i][j] for `rows` rows of `columns`. Squares at the edges overlap.
inline void transpose(const Real* from, std::size_t from_step, std::size_t rows,
                      std::size_t columns, Real* to, std::size_t to_step) {
  if constexpr (kHasWideSquare) {
    if (rows >= kWideSquare && columns >= kWideSquare) {
      for (std::size_t i = 0; i < rows; i += kWideSquare) {
        const std::size_t row = std::min(i, rows - kWideSquare);
        for (std::size_t j = 0; j < columns; j += kWideSquare) {
          const std::size_t column = std::min(j, columns - kWideSquare);
          transpose_wide_square(from + row * from_step + column, from_step,
                                to + column * to_step + row, to_step);
        }
      }
      return;
    }
  }
  if (rows < 4 || columns < 4) {
    for (std::size_t j = 0; j < columns; ++j)
      for (std::size_t i = 0; i < rows; ++i) to[j * to_step + i] = from[i * from_step + j];
    return;
  }
  for (std::size_t i = 0; i < rows; i += 4) {
    const std::size_t row = std::min(i, rows - 4);
    for (std::size_t j = 0; j < columns; j += 4) {
      const std::size_t column = std::min(j, columns - 4);
      transpose_square(from + row * from_step + column, from_step, to + column * to_step + row,
                       to_step);
    }
  }
}

/// `count` <= kRowsAbreast rows of logits side by side, the missing ones as zeros. One column z
/// stands for the logits (0, z).
inline void put_side_by_side(const Real* z, std::size_t columns, std::size_t count, Real* x) {
  const std::size_t classes = std::max<std::size_t>(columns, 2);
  if (count < kRowsAbreast || columns == 1) std::fill_n(x, classes * kRowsAbreast, Real{0});
  if (columns == 1) {
    std::copy_n(z, count, x + kRowsAbreast);
  } else if (columns == 2) {
    for (std::size_t r = 0; r < count; ++r) {
      x[r] = z[2 * r];
      x[kRowsAbreast + r] = z[2 * r + 1];
    }
  } else {
    transpose(z, columns, count, columns, x, kRowsAbreast);
  }
}

/// The gradient of those rows back into a matrix.
inline void put_in_rows(const Real* x, std::size_t columns, std::size_t count, Real* to) {
  if (columns == 1) {
    std::copy_n(x + kRowsAbreast, count, to);
  } else if (columns == 2) {
    for (std::size_t r = 0; r < count; ++r) {
      to[2 * r] = x[r];
      to[2 * r + 1] = x[kRowsAbreast + r];
    }
  } else {
    transpose(x, kRowsAbreast, columns, count, to, columns);
  }
}

}  // namespace rows
}  // namespace TAILGRAD_PRECISION
}  // namespace tailgrad
