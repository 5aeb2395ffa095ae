#include <tailgrad/core/ops/rows.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>

#include <tailgrad/core/gradient.h>
#include <tailgrad/core/kernels/reduce.h>
#include <tailgrad/core/kernels/scratch.h>
#include <tailgrad/core/ops/reduce_shapes.h>
#include <tailgrad/core/tape.h>

namespace tailgrad {
inline namespace TAILGRAD_PRECISION {
namespace {

/// A rectangle of a matrix in memory.
template <class T>
struct Window {
  T* first;
  std::size_t stride;
};

void copy_window(Window<const Real> from, Window<Real> to, MatrixSize size) {
  parallel_for(size.rows, kernels::row_grain(size.cols), [&](std::size_t begin, std::size_t end) {
    for (std::size_t r = begin; r < end; ++r)
      std::copy_n(from.first + r * from.stride, size.cols, to.first + r * to.stride);
  });
}

void add_window(Window<const Real> from, Window<Real> to, MatrixSize size) {
  parallel_for(size.rows, kernels::row_grain(size.cols), [&](std::size_t begin, std::size_t end) {
    for (std::size_t r = begin; r < end; ++r)
      accumulate_here({to.first + r * to.stride, false}, 0, size.cols,
                      [in = from.first + r * from.stride](std::size_t c) { return in[c]; });
  });
}

// Where the gradient of gathered rows is added: to the touched rows of a parameter when these are
// its own rows, to the whole gradient of a view or of an ordinary tensor.
Real* rows_to_add_to(const Tensor& table, std::span<const Index> rows) {
  ParameterGradient* parameter = table.parameter_gradient();
  if (parameter != nullptr && parameter->values().size() == table.size() &&
      parameter->row_size() == table.cols())
    return parameter->row_target(rows);
  const GradientTarget to = table.gradient_target();
  if (to.fresh) kernels::fill(to.data, table.size(), [](std::size_t) { return Real{0}; });
  return to.data;
}

// Several indices may name the same row, so threads share the columns, not the indices.
void add_rows(const Real* from, std::span<const Index> rows, std::size_t cols, Real* to) {
  constexpr std::size_t kFewest = 16;  // columns: a cache line
  const std::size_t grain =
      std::max(kFewest, (kernels::row_grain(rows.size()) + kFewest - 1) / kFewest * kFewest);
  parallel_for(cols, grain, [&](std::size_t begin, std::size_t end) {
    for (std::size_t i = 0; i < rows.size(); ++i)
      accumulate_here({to + static_cast<std::size_t>(rows[i]) * cols, false}, begin, end,
                      [in = from + i * cols](std::size_t c) { return in[c]; });
  });
}

std::string shapes_of(std::span<const Tensor> parts) {
  std::string text = "; got ";
  for (std::size_t i = 0; i < parts.size(); ++i)
    text += (i > 0 ? ", part " : "part ") + std::to_string(i) + " " + parts[i].shape().text();
  return parts.empty() ? "; got none" : text;
}

// Parts of two axes each, equal along `shared`; returns the summed extent of the other axis.
Index check_parts(const char* name, const char* rule, std::span<const Tensor> parts, int shared,
                  Where where) {
  std::int64_t total = 0;
  bool good = !parts.empty();
  for (const Tensor& part : parts) {
    good = good && part.shape().rank() == 2 && part.shape()[shared] == parts[0].shape()[shared];
    if (good) total += part.shape()[1 - shared];
  }
  if (!good || total > std::numeric_limits<Index>::max())
    fail(name, rule + shapes_of(parts), {}, where);
  return static_cast<Index>(total);
}

// Copies the parts into `out`, next to each other or one below the other, and gives each its window
// of the gradient.
void join(const char* name, const Tensor& out, std::span<const Tensor> parts, bool by_columns) {
  const std::size_t stride = matrix_size(out).cols;
  std::size_t start = 0;
  for (const Tensor& part : parts) {
    const MatrixSize size = matrix_size(part);
    copy_window({part.data(), size.cols}, {out.mutable_data() + start, stride}, size);
    start += by_columns ? size.cols : part.size();
  }
  // One record for each part, all with the same result: a closure with a list of tensors of any
  // length would need memory from the system.
  start = 0;
  for (const Tensor& part : parts) {
    const MatrixSize size = matrix_size(part);
    Tape::current().record(name, out, {&part}, [part, out, size, stride, start] {
      const GradientTarget to = part.gradient_target();
      const Window<const Real> from{out.grad().data() + start, stride};
      if (to.fresh) {
        copy_window(from, {to.data, size.cols}, size);
      } else {
        add_window(from, {to.data, size.cols}, size);
      }
    });
    start += by_columns ? size.cols : part.size();
  }
}

}  // namespace

Tensor gather_rows(const Tensor& table, std::span<const Index> indices, Where where) {
  if (table.shape().rank() != 2)
    fail("gather_rows", "needs a table [rows, n]", {{"table", table.shape()}}, where);
  for (std::size_t i = 0; i < indices.size(); ++i)
    if (indices[i] < 0 || indices[i] >= table.shape()[0])
      fail("gather_rows",
           "index " + std::to_string(indices[i]) + " at position " + std::to_string(i) +
               " is not in [0, " + std::to_string(table.shape()[0]) + ")",
           {{"table", table.shape()}}, where);
  const MatrixSize size{indices.size(), matrix_size(table).cols};
  Tensor out = Tensor::empty({static_cast<Index>(indices.size()), table.cols()});
  parallel_for(size.rows, kernels::row_grain(size.cols), [&](std::size_t begin, std::size_t end) {
    for (std::size_t i = begin; i < end; ++i)
      std::copy_n(table.data() + static_cast<std::size_t>(indices[i]) * size.cols, size.cols,
                  out.mutable_data() + i * size.cols);
  });
  Tape::current().record(
      "gather_rows", out, {&table}, [table, out, size, kept = kernels::Scratch<Index>(indices)] {
        const std::span<const Index> rows(kept.data(), size.rows);
        add_rows(out.grad().data(), rows, size.cols, rows_to_add_to(table, rows));
      });
  return out;
}

Tensor concat_columns(std::span<const Tensor> parts, Where where) {
  const Index cols = check_parts("concat_columns", "needs parts [m, n1], [m, n2], ... of equal m",
                                 parts, 0, where);
  Tensor out = Tensor::empty({parts[0].shape()[0], cols});
  join("concat_columns", out, parts, true);
  return out;
}

Tensor concat_columns(std::initializer_list<Tensor> parts, Where where) {
  return concat_columns(std::span<const Tensor>(parts.begin(), parts.size()), where);
}

Tensor concat_rows(std::span<const Tensor> parts, Where where) {
  const Index rows =
      check_parts("concat_rows", "needs parts [m1, n], [m2, n], ... of equal n", parts, 1, where);
  Tensor out = Tensor::empty({rows, parts[0].shape()[1]});
  join("concat_rows", out, parts, false);
  return out;
}

Tensor concat_rows(std::initializer_list<Tensor> parts, Where where) {
  return concat_rows(std::span<const Tensor>(parts.begin(), parts.size()), where);
}

Tensor slice_columns(const Tensor& x, Index begin, Index end, Where where) {
  if (x.shape().rank() != 2 || begin < 0 || end < begin || end > x.shape()[1])
    fail("slice_columns",
         "needs x [m, n] and 0 <= begin <= end <= n; asked for [" + std::to_string(begin) + ", " +
             std::to_string(end) + ")",
         {{"x", x.shape()}}, where);
  Tensor out = Tensor::empty({x.shape()[0], end - begin});
  const MatrixSize size = matrix_size(out);
  const std::size_t stride = matrix_size(x).cols;
  const auto start = static_cast<std::size_t>(begin);
  copy_window({x.data() + start, stride}, {out.mutable_data(), size.cols}, size);
  Tape::current().record("slice_columns", out, {&x}, [x, out, size, stride, start] {
    const GradientTarget to = x.gradient_target();
    if (to.fresh) kernels::fill(to.data, x.size(), [](std::size_t) { return Real{0}; });
    add_window({out.grad().data(), size.cols}, {to.data + start, stride}, size);
  });
  return out;
}

}  // namespace TAILGRAD_PRECISION
}  // namespace tailgrad
