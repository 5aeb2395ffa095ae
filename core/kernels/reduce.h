// Sums in a fixed order: fixed lanes inside fixed blocks, blocks added up in order.
//
// The order depends on the shape alone, so every thread count gives the same bits. All sums run in
// double: a mean over a million items must not lose the digits that a person reads.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <limits>

#include <tailgrad/core/kernels/lanes.h>
#include <tailgrad/core/kernels/loops.h>
#include <tailgrad/core/kernels/scratch.h>
#include <tailgrad/core/parallel.h>
#include <tailgrad/core/tensor.h>

namespace tailgrad {
inline namespace TAILGRAD_PRECISION {
namespace kernels {

/// Rows a piece when rows of `cols` elements are worked on side by side.
inline std::size_t row_grain(std::size_t cols) {
  return std::max<std::size_t>(1, kElementGrain / std::max<std::size_t>(cols, 1));
}

inline constexpr std::size_t kReduceChunk = 16 * kLanes;

// take(values, count) with f(i) for all i of [begin, end), kReduceChunk of them at a time. GCC
// unrolls a loop over the lanes before it can vectorise f; a loop of unknown length it vectorises.
template <class F, class Take>
void in_chunks(std::size_t begin, std::size_t end, F f, Take take) {
  alignas(64) Real values[kReduceChunk];
  for (std::size_t i = begin; i < end; i += kReduceChunk) {
    const std::size_t count = std::min(kReduceChunk, end - i);
    for (std::size_t k = 0; k < count; ++k) values[k] = f(i + k);
    take(values, count);
  }
}

/// Sum of f(i) for i in [begin, end), by the running thread.
template <class F>
double sum_here(std::size_t begin, std::size_t end, F f) {
  using DoubleLanes [[gnu::vector_size(kLanes * sizeof(double))]] = double;
  DoubleLanes lanes{};
  in_chunks(begin, end, f, [&lanes](const Real* values, std::size_t count) {
    std::size_t i = 0;
    for (; i + kLanes <= count; i += kLanes) {
      Lanes a;
      load(a, values + i);
      lanes += __builtin_convertvector(a, DoubleLanes);
    }
    for (std::size_t lane = 0; i < count; ++i, ++lane)
      lanes[lane] += static_cast<double>(values[i]);
  });
  double parts[kLanes];
  std::memcpy(parts, &lanes, sizeof lanes);
  for (std::size_t half = kLanes / 2; half > 0; half /= 2)
    for (std::size_t lane = 0; lane < half; ++lane) parts[lane] += parts[lane + half];
  return parts[0];
}

/// Largest f(i) for i in [begin, end), NaN when one is; -infinity for none.
template <class F>
Real max_here(std::size_t begin, std::size_t end, F f) {
  const auto larger = [](Real x, Real y) { return x > y || x != x ? x : y; };  // a NaN stays
  Lanes lanes = Lanes{} - std::numeric_limits<Real>::infinity();
  in_chunks(begin, end, f, [&](const Real* values, std::size_t count) {
    std::size_t i = 0;
    for (; i + kLanes <= count; i += kLanes) {
      Lanes a;
      load(a, values + i);
      const auto take = (a > lanes) | (a != a);
      lanes = take ? a : lanes;
    }
    for (std::size_t lane = 0; i < count; ++i, ++lane) lanes[lane] = larger(values[i], lanes[lane]);
  });
  Real parts[kLanes];
  std::memcpy(parts, &lanes, sizeof lanes);
  for (std::size_t half = kLanes / 2; half > 0; half /= 2)
    for (std::size_t lane = 0; lane < half; ++lane)
      parts[lane] = larger(parts[lane + half], parts[lane]);
  return parts[0];
}

/// Sum of f(i) for i in [0, size).
template <class F>
double sum(std::size_t size, F f) {
  if (size <= kElementGrain) return sum_here(0, size, f);
  const std::size_t blocks = (size + kElementGrain - 1) / kElementGrain;
  const Scratch<double> partial(blocks);
  parallel_for(size, kElementGrain, [&, to = partial.data()](std::size_t begin, std::size_t end) {
    to[begin / kElementGrain] = sum_here(begin, end, f);
  });
  double total = 0;
  for (std::size_t block = 0; block < blocks; ++block) total += partial[block];
  return total;
}

/// emit(r, sum over c of f(r, c)) for every row r. The calls of emit run side by side.
template <class F, class Emit>
void sum_rows(std::size_t rows, std::size_t cols, F f, Emit emit) {
  if (cols > kElementGrain) {
    for (std::size_t r = 0; r < rows; ++r)
      emit(r, sum(cols, [&](std::size_t c) { return f(r, c); }));
    return;
  }
  parallel_for(rows, row_grain(cols), [&](std::size_t begin, std::size_t end) {
    for (std::size_t r = begin; r < end; ++r)
      emit(r, sum_here(0, cols, [&](std::size_t c) { return f(r, c); }));
  });
}

/// emit(c, sum over r of f(r, c)) for every column c. The calls of emit may run side by side.
template <class F, class Emit>
void sum_columns(std::size_t rows, std::size_t cols, F f, Emit emit) {
  constexpr std::size_t kTile = 64;  // columns whose sums stay in the nearest cache
  const auto tile_sums = [&f](std::size_t row_begin, std::size_t row_end, std::size_t col_begin,
                              std::size_t width, double* sums) {
    const F g = f;
    std::fill_n(sums, width, 0.0);
    for (std::size_t r = row_begin; r < row_end; ++r)
#pragma GCC ivdep
      for (std::size_t c = 0; c < width; ++c) sums[c] += static_cast<double>(g(r, col_begin + c));
  };
  const auto columns = [&](std::size_t begin, std::size_t end) {
    double sums[kTile];
    for (std::size_t c = begin; c < end; c += kTile) {
      const std::size_t width = std::min(kTile, end - c);
      tile_sums(0, rows, c, width, sums);
      for (std::size_t i = 0; i < width; ++i) emit(c + i, sums[i]);
    }
  };
  const std::size_t block = row_grain(cols);
  if (rows <= block) return columns(0, cols);
  if (cols >= 1024) {  // wide: columns side by side, no partial sums to keep
    const std::size_t grain = (kElementGrain / rows + kTile) / kTile * kTile;
    return parallel_for(cols, grain, columns);
  }
  const std::size_t blocks = (rows + block - 1) / block;
  const Scratch<double> partial(blocks * cols);
  parallel_for(rows, block, [&, to = partial.data()](std::size_t begin, std::size_t end) {
    double* sums = to + begin / block * cols;
    for (std::size_t c = 0; c < cols; c += kTile)
      tile_sums(begin, end, c, std::min(kTile, cols - c), sums + c);
  });
  for (std::size_t c = 0; c < cols; ++c) {
    double total = 0;
    for (std::size_t i = 0; i < blocks; ++i) total += partial[i * cols + c];
    emit(c, total);
  }
}

}  // namespace kernels
}  // namespace TAILGRAD_PRECISION
}  // namespace tailgrad
