#include <tailgrad/core/ops/softmax.h>

#include <cmath>
#include <cstddef>
#include <limits>

#include <tailgrad/core/kernels/reduce.h>
#include <tailgrad/core/kernels/vec_math.h>
#include <tailgrad/core/ops/reduce_shapes.h>
#include <tailgrad/core/tape.h>

namespace tailgrad {
inline namespace TAILGRAD_PRECISION {
namespace {

constexpr Real kInfinity = std::numeric_limits<Real>::infinity();

Real row_max(const Real* x, std::size_t cols) {
  return kernels::max_here(0, cols, [x](std::size_t c) { return x[c]; });
}

Real row_logsumexp(const Real* x, std::size_t cols) {
  const Real top = row_max(x, cols);
  if (std::isinf(top)) return top;
  const double total =
      kernels::sum_here(0, cols, [x, top](std::size_t c) { return kernels::exp(x[c] - top); });
  return top + static_cast<Real>(std::log(total));
}

// row(r, from row r of x, to row r of `to`) for all rows, side by side.
template <class Row>
void for_rows(MatrixSize size, Row row) {
  parallel_for(size.rows, kernels::row_grain(size.cols), [&](std::size_t begin, std::size_t end) {
    for (std::size_t r = begin; r < end; ++r) row(r, r * size.cols);
  });
}

}  // namespace

Tensor softmax(const Tensor& x) {
  const MatrixSize size = matrix_size(x);
  Tensor out = Tensor::empty(x.shape());
  for_rows(size, [&](std::size_t, std::size_t start) {
    const Real* in = x.data() + start;
    Real* __restrict to = out.mutable_data() + start;
    const Real top = row_max(in, size.cols);
    accumulate_here({to, true}, 0, size.cols,
                    [in, top](std::size_t c) { return kernels::exp(in[c] - top); });
    const double total = kernels::sum_here(0, size.cols, [to](std::size_t c) { return to[c]; });
    const auto scale = static_cast<Real>(1 / total);
    for (std::size_t c = 0; c < size.cols; ++c) to[c] *= scale;
  });
  Tape::current().record("softmax", out, {&x}, [x, out, size] {
    const GradientTarget to = x.gradient_target();
    for_rows(size, [&](std::size_t, std::size_t start) {
      const Real* p = out.data() + start;
      const Real* g = out.grad().data() + start;
      const auto expected = static_cast<Real>(
          kernels::sum_here(0, size.cols, [p, g](std::size_t c) { return p[c] * g[c]; }));
      accumulate_here({to.data + start, to.fresh}, 0, size.cols,
                      [=](std::size_t c) { return p[c] * (g[c] - expected); });
    });
  });
  return out;
}

Tensor log_softmax(const Tensor& x) {
  const MatrixSize size = matrix_size(x);
  Tensor out = Tensor::empty(x.shape());
  for_rows(size, [&](std::size_t, std::size_t start) {
    const Real* in = x.data() + start;
    const Real total = row_logsumexp(in, size.cols);
    accumulate_here({out.mutable_data() + start, true}, 0, size.cols,
                    [in, total](std::size_t c) { return in[c] - total; });
  });
  Tape::current().record("log_softmax", out, {&x}, [x, out, size] {
    const GradientTarget to = x.gradient_target();
    for_rows(size, [&](std::size_t, std::size_t start) {
      const Real* y = out.data() + start;
      const Real* g = out.grad().data() + start;
      const auto total =
          static_cast<Real>(kernels::sum_here(0, size.cols, [g](std::size_t c) { return g[c]; }));
      accumulate_here({to.data + start, to.fresh}, 0, size.cols,
                      [=](std::size_t c) { return g[c] - kernels::exp(y[c]) * total; });
    });
  });
  return out;
}

Tensor logsumexp(const Tensor& x) {
  const MatrixSize size = matrix_size(x);
  Tensor out = Tensor::empty(one_for_each_row(x.shape()));
  for_rows(size, [&](std::size_t r, std::size_t start) {
    out.mutable_data()[r] = row_logsumexp(x.data() + start, size.cols);
  });
  Tape::current().record("logsumexp", out, {&x}, [x, out, size] {
    const GradientTarget to = x.gradient_target();
    for_rows(size, [&](std::size_t r, std::size_t start) {
      const Real* in = x.data() + start;
      const Real g = out.grad()[r];
      // Minus infinity minus itself would be a NaN.
      const Real total = out.data()[r] == -kInfinity ? kInfinity : out.data()[r];
      accumulate_here({to.data + start, to.fresh}, 0, size.cols,
                      [=](std::size_t c) { return g * kernels::exp(in[c] - total); });
    });
  });
  return out;
}

}  // namespace TAILGRAD_PRECISION
}  // namespace tailgrad
