#include <algorithm>
#include <cstddef>
#include <limits>
#include <string>

#include <tailgrad/core/kernels/reduce.h>
#include <tailgrad/core/kernels/scratch.h>
#include <tailgrad/core/ops/reduce.h>
#include <tailgrad/core/ops/reduce_shapes.h>
#include <tailgrad/core/ops/segments.h>
#include <tailgrad/core/tape.h>

namespace tailgrad {
inline namespace TAILGRAD_PRECISION {
namespace {

using Positions = kernels::Scratch<std::size_t>;

constexpr std::size_t kNowhere = std::numeric_limits<std::size_t>::max();

bool same(Real x, Real y) {
  return x == y || (x != x && y != y);
}

// The first position in [begin, end) of the largest value; begin < end.
std::size_t largest(const Real* values, std::size_t begin, std::size_t end) {
  const Real top = kernels::max_here(begin, end, [values](std::size_t i) { return values[i]; });
  while (!same(values[begin], top)) ++begin;
  return begin;
}

// The first position of the largest value of each column of `rows` rows from row `first`.
void largest_of_columns(const Real* values, std::size_t first, std::size_t rows, std::size_t cols,
                        std::size_t* at) {
  for (std::size_t c = 0; c < cols; ++c) at[c] = first * cols + c;
  for (std::size_t r = first + 1; r < first + rows; ++r) {
    for (std::size_t c = 0; c < cols; ++c) {
      const Real value = values[r * cols + c];
      const Real best = values[at[c]];
      if (value > best || (value != value && best == best)) at[c] = r * cols + c;
    }
  }
}

// Takes x at the positions, 0 for kNowhere. The gradient goes back to where the values came from.
Tensor take(const char* name, const Tensor& x, const Shape& shape, Positions at) {
  Tensor out = Tensor::empty(shape);
  for (std::size_t i = 0; i < out.size(); ++i)
    out.mutable_data()[i] = at[i] == kNowhere ? Real{0} : x.data()[at[i]];
  Tape::current().record(name, out, {&x}, [x, out, at = std::move(at)] {
    const GradientTarget to = x.gradient_target();
    if (to.fresh) kernels::fill(to.data, x.size(), [](std::size_t) { return Real{0}; });
    const Real* upstream = out.grad().data();
    for (std::size_t i = 0; i < out.size(); ++i)
      if (at[i] != kNowhere) to.data[at[i]] += upstream[i];
  });
  return out;
}

void check_not_empty(const char* name, const char* what, std::size_t count, const Tensor& x,
                     Where where) {
  if (count == 0)
    fail(name, std::string("there is no maximum of ") + what, {{"x", x.shape()}}, where);
}

}  // namespace

Tensor max(const Tensor& x, Where where) {
  check_not_empty("max", "no elements", x.size(), x, where);
  constexpr std::size_t kGrain = kernels::kElementGrain;
  Positions blocks((x.size() + kGrain - 1) / kGrain);
  const Real* in = x.data();
  parallel_for(x.size(), kGrain, [&](std::size_t begin, std::size_t end) {
    blocks[begin / kGrain] = largest(in, begin, end);
  });
  Positions at(1);
  at[0] = blocks[0];
  for (std::size_t block = 1; block * kGrain < x.size(); ++block) {
    const Real value = in[blocks[block]];
    const Real best = in[at[0]];
    if (value > best || (value != value && best == best)) at[0] = blocks[block];
  }
  return take("max", x, {}, std::move(at));
}

Tensor row_maxima(const Tensor& x, Where where) {
  const MatrixSize size = matrix_size(x);
  if (size.rows > 0) check_not_empty("row_maxima", "rows without elements", size.cols, x, where);
  Positions at(size.rows);
  parallel_for(size.rows, kernels::row_grain(size.cols), [&](std::size_t begin, std::size_t end) {
    for (std::size_t r = begin; r < end; ++r)
      at[r] = largest(x.data(), r * size.cols, (r + 1) * size.cols);
  });
  return take("row_maxima", x, one_for_each_row(x.shape()), std::move(at));
}

Tensor column_maxima(const Tensor& x, Where where) {
  const auto [rows, cols] = matrix_size(x);
  if (cols > 0) check_not_empty("column_maxima", "columns without elements", rows, x, where);
  Positions at(cols);
  largest_of_columns(x.data(), 0, rows, cols, at.data());
  return take("column_maxima", x, {static_cast<Index>(cols)}, std::move(at));
}

Tensor segment_maxima(const Tensor& x, std::span<const Index> offsets, Where where) {
  check_segments("segment_maxima", x.shape(), offsets, where);
  const std::size_t segments = offsets.size() - 1;
  const std::size_t cols = matrix_size(x).cols;
  Positions at(segments * cols);
  parallel_for(segments, segment_grain(x, segments), [&](std::size_t begin, std::size_t end) {
    for (std::size_t s = begin; s < end; ++s) {
      const auto first = static_cast<std::size_t>(offsets[s]);
      const std::size_t rows = static_cast<std::size_t>(offsets[s + 1]) - first;
      if (rows == 0) {
        std::fill_n(at.data() + s * cols, cols, kNowhere);
      } else {
        largest_of_columns(x.data(), first, rows, cols, at.data() + s * cols);
      }
    }
  });
  return take("segment_maxima", x, {static_cast<Index>(segments), x.shape()[1]}, std::move(at));
}

}  // namespace TAILGRAD_PRECISION
}  // namespace tailgrad
