#include <cstddef>

#include <tailgrad/core/kernels/reduce.h>
#include <tailgrad/core/kernels/scratch.h>
#include <tailgrad/core/ops/reduce.h>
#include <tailgrad/core/ops/reduce_shapes.h>
#include <tailgrad/core/ops/segments.h>
#include <tailgrad/core/tape.h>

namespace tailgrad {
inline namespace TAILGRAD_PRECISION {
namespace {

// Sums and means differ by a factor, which the forward pass applies in double.

Tensor scaled_sum(const char* name, const Tensor& x, double factor) {
  const Real* in = x.data();
  Tensor out = Tensor::scalar(
      static_cast<Real>(factor * kernels::sum(x.size(), [in](std::size_t i) { return in[i]; })));
  Tape::current().record(name, out, {&x}, [x, out, factor] {
    const auto g = static_cast<Real>(factor) * out.grad()[0];
    kernels::accumulate(x.gradient_target(), x.size(), [g](std::size_t) { return g; });
  });
  return out;
}

Tensor scaled_row_sums(const char* name, const Tensor& x, double factor) {
  const auto [rows, cols] = matrix_size(x);
  Tensor out = Tensor::empty(one_for_each_row(x.shape()));
  kernels::sum_rows(
      rows, cols,
      [in = x.data(), width = cols](std::size_t r, std::size_t c) { return in[r * width + c]; },
      [to = out.mutable_data(), factor](std::size_t r, double total) {
        to[r] = static_cast<Real>(factor * total);
      });
  Tape::current().record(name, out, {&x}, [x, out, factor] {
    const MatrixSize size = matrix_size(x);
    const GradientTarget to = x.gradient_target();
    const Real* upstream = out.grad().data();
    parallel_for(size.rows, kernels::row_grain(size.cols), [&](std::size_t begin, std::size_t end) {
      for (std::size_t r = begin; r < end; ++r)
        accumulate_here(to, r * size.cols, (r + 1) * size.cols,
                        [g = static_cast<Real>(factor) * upstream[r]](std::size_t) { return g; });
    });
  });
  return out;
}

Tensor scaled_column_sums(const char* name, const Tensor& x, double factor) {
  const auto [rows, cols] = matrix_size(x);
  Tensor out = Tensor::empty({static_cast<Index>(cols)});
  kernels::sum_columns(
      rows, cols,
      [in = x.data(), width = cols](std::size_t r, std::size_t c) { return in[r * width + c]; },
      [to = out.mutable_data(), factor](std::size_t c, double total) {
        to[c] = static_cast<Real>(factor * total);
      });
  Tape::current().record(name, out, {&x}, [x, out, factor] {
    const MatrixSize size = matrix_size(x);
    const GradientTarget to = x.gradient_target();
    parallel_for(size.rows, kernels::row_grain(size.cols), [&](std::size_t begin, std::size_t end) {
      for (std::size_t r = begin; r < end; ++r)
        accumulate_here({to.data + r * size.cols, to.fresh}, 0, size.cols,
                        [upstream = out.grad().data(),
                         f = static_cast<Real>(factor)](std::size_t c) { return f * upstream[c]; });
    });
  });
  return out;
}

// factor_of(rows of the segment) is 1 for sums and 1 / rows for means.
template <class Factor>
Tensor scaled_segment_sums(const char* name, const Tensor& x, std::span<const Index> offsets,
                           Where where, Factor factor_of) {
  check_segments(name, x.shape(), offsets, where);
  const std::size_t segments = offsets.size() - 1;
  const std::size_t cols = matrix_size(x).cols;
  Tensor out = Tensor::empty({static_cast<Index>(segments), x.shape()[1]});
  parallel_for(segments, segment_grain(x, segments), [&](std::size_t begin, std::size_t end) {
    for (std::size_t s = begin; s < end; ++s) {
      const auto first = static_cast<std::size_t>(offsets[s]);
      const std::size_t rows = static_cast<std::size_t>(offsets[s + 1]) - first;
      const double factor = factor_of(rows);
      kernels::sum_columns(
          rows, cols,
          [in = x.data() + first * cols, cols](std::size_t r, std::size_t c) {
            return in[r * cols + c];
          },
          [to = out.mutable_data() + s * cols, factor](std::size_t c, double total) {
            to[c] = static_cast<Real>(factor * total);
          });
    }
  });
  Tape::current().record(
      name, out, {&x},
      [x, out, segments, cols, factor_of, ends = kernels::Scratch<Index>(offsets)] {
        const GradientTarget to = x.gradient_target();
        parallel_for(segments, segment_grain(x, segments), [&](std::size_t begin, std::size_t end) {
          for (std::size_t s = begin; s < end; ++s) {
            const auto first = static_cast<std::size_t>(ends[s]);
            const auto last = static_cast<std::size_t>(ends[s + 1]);
            const Real* upstream = out.grad().data() + s * cols;
            const auto factor = static_cast<Real>(factor_of(last - first));
            for (std::size_t r = first; r < last; ++r)
              accumulate_here({to.data + r * cols, to.fresh}, 0, cols,
                              [=](std::size_t c) { return factor * upstream[c]; });
          }
        });
      });
  return out;
}

void check_not_empty(const char* name, const char* what, std::size_t count, const Tensor& x,
                     Where where) {
  if (count == 0) fail(name, std::string("there is no mean of ") + what, {{"x", x.shape()}}, where);
}

}  // namespace

Tensor sum(const Tensor& x) {
  return scaled_sum("sum", x, 1);
}

Tensor row_sums(const Tensor& x) {
  return scaled_row_sums("row_sums", x, 1);
}

Tensor column_sums(const Tensor& x) {
  return scaled_column_sums("column_sums", x, 1);
}

Tensor segment_sums(const Tensor& x, std::span<const Index> offsets, Where where) {
  return scaled_segment_sums("segment_sums", x, offsets, where, [](std::size_t) { return 1.0; });
}

Tensor mean(const Tensor& x, Where where) {
  check_not_empty("mean", "no elements", x.size(), x, where);
  return scaled_sum("mean", x, 1 / static_cast<double>(x.size()));
}

Tensor row_means(const Tensor& x, Where where) {
  const auto [rows, cols] = matrix_size(x);
  if (rows > 0) check_not_empty("row_means", "rows without elements", cols, x, where);
  return scaled_row_sums("row_means", x, 1 / static_cast<double>(std::max<std::size_t>(cols, 1)));
}

Tensor column_means(const Tensor& x, Where where) {
  const auto [rows, cols] = matrix_size(x);
  if (cols > 0) check_not_empty("column_means", "columns without elements", rows, x, where);
  return scaled_column_sums("column_means", x,
                            1 / static_cast<double>(std::max<std::size_t>(rows, 1)));
}

Tensor segment_means(const Tensor& x, std::span<const Index> offsets, Where where) {
  return scaled_segment_sums("segment_means", x, offsets, where, [](std::size_t rows) {
    return 1 / static_cast<double>(std::max<std::size_t>(rows, 1));
  });
}

}  // namespace TAILGRAD_PRECISION
}  // namespace tailgrad
