// A square of numbers transposed in registers, for kernels that lay out their registers by hand.
#pragma once

#include <cstddef>
#include <utility>

#include <tailgrad/core/kernels/register_vector.h>

namespace tailgrad {
inline namespace TAILGRAD_PRECISION {
namespace kernels {

/// The lanes of a and b in turn, a first: of the lower halves of both, or of the upper ones from
/// lane kWidth / 2 on.
template <std::size_t kFirst, std::size_t... kLanes>
Vector in_turn(const Vector& a, const Vector& b, std::index_sequence<kLanes...>) {
  return __builtin_shufflevector(a, b, (kFirst + kLanes / 2 + kLanes % 2 * kWidth)...);
}

/// rows[i][j] changes places with rows[j][i]. Each of log2(kWidth) turns moves the number at
/// (row, column) by one bit: the lowest bit of the column becomes the highest bit of the row, and
/// all of them have made way for one another in the end. Always inlined: a call would put the rows
/// into memory.
[[gnu::always_inline]] inline void transpose_square(Vector (&rows)[kWidth]) {
  constexpr auto kLanes = std::make_index_sequence<kWidth>();
#pragma GCC unroll 4
  for (std::size_t turn = 1; turn < kWidth; turn *= 2) {
    Vector next[kWidth];
#pragma GCC unroll 8
    for (std::size_t i = 0; i < kWidth / 2; ++i) {
      next[2 * i] = in_turn<0>(rows[i], rows[i + kWidth / 2], kLanes);
      next[2 * i + 1] = in_turn<kWidth / 2>(rows[i], rows[i + kWidth / 2], kLanes);
    }
#pragma GCC unroll 16
    for (std::size_t i = 0; i < kWidth; ++i) rows[i] = next[i];
  }
}

}  // namespace kernels
}  // namespace TAILGRAD_PRECISION
}  // namespace tailgrad
