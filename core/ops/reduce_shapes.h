// How the reductions see their tensor. Private to core/ops.
#pragma once

#include <algorithm>
#include <cstddef>

#include <tailgrad/core/kernels/loops.h>
#include <tailgrad/core/kernels/reduce.h>
#include <tailgrad/core/parallel.h>
#include <tailgrad/core/tensor.h>

namespace tailgrad {
inline namespace TAILGRAD_PRECISION {

struct MatrixSize {
  std::size_t rows;
  std::size_t cols;
};

inline MatrixSize matrix_size(const Tensor& x) {
  return {static_cast<std::size_t>(x.rows()), static_cast<std::size_t>(x.cols())};
}

/// The shape with the last axis 1: one number for each row.
inline Shape one_for_each_row(const Shape& x) {
  switch (x.rank()) {
    case 0:
      return {};
    case 1:
      return {1};
    case 2:
      return {x[0], 1};
    case 3:
      return {x[0], x[1], 1};
    default:
      return {x[0], x[1], x[2], 1};
  }
}

/// Segments a piece when segments of x are worked on side by side.
inline std::size_t segment_grain(const Tensor& x, std::size_t segments) {
  return kernels::row_grain(x.size() / std::max<std::size_t>(segments, 1));
}

/// to[i] = f(i) or to[i] += f(i) for i in [begin, end), by the running thread.
template <class F>
void accumulate_here(GradientTarget to, std::size_t begin, std::size_t end, F f) {
  Real* __restrict data = to.data;
  if (to.fresh) {
#pragma GCC ivdep
    for (std::size_t i = begin; i < end; ++i) data[i] = f(i);
  } else {
#pragma GCC ivdep
    for (std::size_t i = begin; i < end; ++i) data[i] += f(i);
  }
}

}  // namespace TAILGRAD_PRECISION
}  // namespace tailgrad
