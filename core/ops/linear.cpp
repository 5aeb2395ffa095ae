#include <tailgrad/core/ops/linear.h>

#include <algorithm>
#include <cmath>

#include <tailgrad/core/fixed_weights.h>
#include <tailgrad/core/kernels/gemm.h>
#include <tailgrad/core/kernels/loops.h>
#include <tailgrad/core/kernels/scratch.h>
#include <tailgrad/core/kernels/vec_math.h>
#include <tailgrad/core/parallel.h>
#include <tailgrad/core/tape.h>

namespace tailgrad {
inline namespace TAILGRAD_PRECISION {
namespace {

using kernels::Matrix;

Shape with_last(const Shape& shape, Index last) {
  switch (shape.rank()) {
    case 1:
      return {last};
    case 2:
      return {shape[0], last};
    case 3:
      return {shape[0], shape[1], last};
    default:
      return {shape[0], shape[1], shape[2], last};
  }
}

void check(const Tensor& x, const Tensor& weight, const Tensor& bias, Where where) {
  const bool fits = x.shape().rank() >= 1 && weight.shape().rank() == 2 &&
                    weight.shape()[1] == x.cols() &&
                    (!bias.defined() || bias.shape() == Shape{weight.shape()[0]});
  if (fits) return;
  if (bias.defined())
    fail("linear", "needs x [.., in], weight [out, in] and bias [out]",
         {{"x", x.shape()}, {"weight", weight.shape()}, {"bias", bias.shape()}}, where);
  fail("linear", "needs x [.., in] and weight [out, in]",
       {{"x", x.shape()}, {"weight", weight.shape()}}, where);
}

// Adds the bias to one row and applies f.
template <class F>
void finish_row(Real* __restrict y, const Real* __restrict bias, std::size_t n, F f) {
  if (bias == nullptr) {
    for (std::size_t i = 0; i < n; ++i) y[i] = f(y[i]);
  } else {
    for (std::size_t i = 0; i < n; ++i) y[i] = f(y[i] + bias[i]);
  }
}

// The same for gelu, with its derivative for the backward pass.
void finish_gelu_row(Real* __restrict y, Real* __restrict slope, const Real* __restrict bias,
                     std::size_t n) {
  for (std::size_t i = 0; i < n; ++i) {
    const Real sum = bias == nullptr ? y[i] : y[i] + bias[i];
    slope[i] = kernels::gelu_slope(sum);
    y[i] = kernels::gelu(sum);
  }
}

// Calls row(r, sums) for every row and adds, in a fixed order, what it leaves in `sums` to the
// gradient of the bias. Without a bias that wants one, `sums` is null.
template <class Row>
void for_rows_with_column_sums(std::size_t rows, std::size_t cols, const Tensor& bias, Row row) {
  const bool wanted = bias.defined() && bias.requires_grad();
  const std::size_t block =
      std::max<std::size_t>(16, kernels::kElementGrain / std::max<std::size_t>(cols, 1));
  const std::size_t blocks = (rows + block - 1) / block;
  const kernels::Scratch<Real> partial(wanted ? std::max<std::size_t>(blocks, 1) * cols : 0);
  Real* const sums = partial.data();
  if (wanted) std::fill_n(sums, std::max<std::size_t>(blocks, 1) * cols, Real{0});
  parallel_for(rows, block, [&](std::size_t begin, std::size_t end) {
    Real* const here = wanted ? sums + begin / block * cols : nullptr;
    for (std::size_t r = begin; r < end; ++r) row(r, here);
  });
  if (!wanted) return;
  for (std::size_t b = 1; b < blocks; ++b)
    for (std::size_t c = 0; c < cols; ++c) sums[c] += sums[b * cols + c];
  kernels::accumulate(bias.gradient_target(), cols, [sums](std::size_t c) { return sums[c]; });
}

// d[i] = f(upstream[i], i), which may read d[i] as it was, and the bias gradient.
template <class F>
void through_activation(Real* d, const Real* upstream, std::size_t rows, std::size_t cols,
                        const Tensor& bias, F f) {
  for_rows_with_column_sums(rows, cols, bias, [=](std::size_t r, Real* sums) {
    Real* to = d + r * cols;
    const Real* g = upstream + r * cols;
    if (sums == nullptr) {
#pragma GCC ivdep
      for (std::size_t c = 0; c < cols; ++c) to[c] = f(g[c], r * cols + c);
    } else {
#pragma GCC ivdep
      for (std::size_t c = 0; c < cols; ++c) {
        const Real v = f(g[c], r * cols + c);
        to[c] = v;
        sums[c] += v;
      }
    }
  });
}

void products_backward(const Tensor& x, const Tensor& weight, const Real* d) {
  const Index in = weight.shape()[1];
  const Index out = weight.shape()[0];
  const Index rows = x.rows();
  if (weight.requires_grad()) {
    const GradientTarget to = weight.gradient_target();
    kernels::gemm(out, in, rows, 1, {d, out, true}, {x.data(), in}, to.fresh ? Real{0} : Real{1},
                  to.data, in);
  }
  if (x.requires_grad()) {
    const GradientTarget to = x.gradient_target();
    kernels::gemm(rows, in, out, 1, {d, out}, {weight.data(), in}, to.fresh ? Real{0} : Real{1},
                  to.data, in);
  }
}

bool will_be_recorded(const Tensor& x, const Tensor& weight, const Tensor& bias) {
  return Tape::current().enabled() &&
         (x.requires_grad() || weight.requires_grad() || (bias.defined() && bias.requires_grad()));
}

}  // namespace

Tensor linear(const Tensor& x, const Tensor& weight, const Tensor& bias, Activation activation,
              Where where) {
  check(x, weight, bias, where);
  const Index rows = x.rows();
  const Index in = x.cols();
  const Index out_cols = weight.shape()[0];
  const auto cols = static_cast<std::size_t>(out_cols);
  const Tensor out = Tensor::empty(with_last(x.shape(), out_cols));
  const bool keep_slope = activation == Activation::gelu && will_be_recorded(x, weight, bias);
  const Tensor slope = keep_slope ? Tensor::empty({rows, out_cols}) : Tensor{};

  Real* const y = out.mutable_data();
  Real* const slopes = keep_slope ? slope.mutable_data() : nullptr;
  const Real* const b = bias.defined() ? bias.data() : nullptr;
  const auto finish = [=](Index row, Index row_count, Index col, Index col_count) {
    if (b == nullptr && activation == Activation::none) return;
    const auto n = static_cast<std::size_t>(col_count);
    const Real* const block_bias = b == nullptr ? nullptr : b + col;
    for (Index r = row; r < row + row_count; ++r) {
      const std::size_t at = static_cast<std::size_t>(r) * cols + static_cast<std::size_t>(col);
      switch (activation) {
        case Activation::none:
          finish_row(y + at, block_bias, n, [](Real v) { return v; });
          break;
        case Activation::relu:
          finish_row(y + at, block_bias, n, [](Real v) { return v < 0 ? Real{0} : v; });
          break;
        case Activation::tanh:
          finish_row(y + at, block_bias, n, [](Real v) { return kernels::tanh(v); });
          break;
        case Activation::gelu:
          if (slopes == nullptr) {
            finish_row(y + at, block_bias, n, [](Real v) { return kernels::gelu(v); });
          } else {
            finish_gelu_row(y + at, slopes + at, block_bias, n);
          }
          break;
      }
    }
  };
  if (const Real* const layout = FixedWeights::layout_of(weight); layout != nullptr) {
    kernels::gemm_packed(rows, out_cols, in, x.data(), in, layout, y, out_cols, finish);
  } else {
    kernels::gemm(rows, out_cols, in, 1, {x.data(), in}, {weight.data(), in, true}, 0, y, out_cols,
                  finish);
  }

  Tape::current().record(
      "linear", out, {&x, &weight, &bias}, [x, weight, bias, out, slope, activation] {
        const auto n = static_cast<std::size_t>(out.rows());
        const auto m = static_cast<std::size_t>(out.cols());
        const Real* const upstream = out.grad().data();
        if (activation == Activation::none) {
          if (bias.defined() && bias.requires_grad())
            for_rows_with_column_sums(n, m, bias, [=](std::size_t r, Real* sums) {
#pragma GCC ivdep
              for (std::size_t c = 0; c < m; ++c) sums[c] += upstream[r * m + c];
            });
          return products_backward(x, weight, upstream);
        }
        if (activation == Activation::gelu) {
          Real* const d = slope.mutable_data();  // used once: may be overwritten
          through_activation(d, upstream, n, m, bias,
                             [d](Real g, std::size_t i) { return g * d[i]; });
          return products_backward(x, weight, d);
        }
        const kernels::Scratch<Real> d(n * m);
        const Real* const values = out.data();
        if (activation == Activation::relu) {
          through_activation(d.data(), upstream, n, m, bias, [values](Real g, std::size_t i) {
            return values[i] > 0 ? g : Real{0};
          });
        } else {
          through_activation(d.data(), upstream, n, m, bias, [values](Real g, std::size_t i) {
            return g * (1 - values[i] * values[i]);
          });
        }
        products_backward(x, weight, d.data());
      });
  return out;
}

}  // namespace TAILGRAD_PRECISION
}  // namespace tailgrad
