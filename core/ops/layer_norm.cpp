#include <tailgrad/core/ops/layer_norm.h>

#include <algorithm>
#include <cmath>
#include <string>

#include <tailgrad/core/kernels/lanes.h>
#include <tailgrad/core/kernels/loops.h>
#include <tailgrad/core/kernels/scratch.h>
#include <tailgrad/core/parallel.h>
#include <tailgrad/core/tape.h>

namespace tailgrad {
inline namespace TAILGRAD_PRECISION {
namespace {

void check(const char* op, const Tensor& x, const Tensor& residual, const Tensor& gain,
           const Tensor& bias, Real epsilon, Where where) {
  const bool fits = x.shape().rank() >= 1 && gain.shape() == Shape{x.cols()} &&
                    bias.shape() == gain.shape() &&
                    (!residual.defined() || residual.shape() == x.shape());
  if (!fits && residual.defined())
    fail(op, "needs x and residual [.., width], gain [width] and bias [width]",
         {{"x", x.shape()},
          {"residual", residual.shape()},
          {"gain", gain.shape()},
          {"bias", bias.shape()}},
         where);
  if (!fits)
    fail(op, "needs x [.., width], gain [width] and bias [width]",
         {{"x", x.shape()}, {"gain", gain.shape()}, {"bias", bias.shape()}}, where);
  if (!(epsilon >= 0)) fail(op, "needs epsilon >= 0, not " + std::to_string(epsilon), {}, where);
}

// Rows a piece; fixed by the width alone, so the sums over rows always have the same order.
std::size_t rows_a_piece(std::size_t width) {
  return std::max<std::size_t>(16, kernels::kElementGrain / std::max<std::size_t>(width, 1));
}

struct Moments {
  Real mean;
  Real inverse_deviation;
};

Moments moments(const Real* x, std::size_t width, Real epsilon) {
  const Real mean = kernels::row_sum(x, width) / static_cast<Real>(width);
  const Real variance = kernels::row_square_sum(x, width, mean) / static_cast<Real>(width);
  return {mean, 1 / std::sqrt(variance + epsilon)};
}

void normalise(Real* __restrict y, const Real* __restrict x, Moments m, const Real* __restrict gain,
               const Real* __restrict bias, std::size_t width) {
  for (std::size_t i = 0; i < width; ++i)
    y[i] = (x[i] - m.mean) * m.inverse_deviation * gain[i] + bias[i];
}

// One row of the backward pass. `n` becomes the normalised row and `d` upstream * gain; gain and
// bias gradients are added to `gain_sums` and `bias_sums`.
void backward_row(Real* __restrict n, Real* __restrict d, Real* __restrict gain_sums,
                  Real* __restrict bias_sums, const Real* __restrict x,
                  const Real* __restrict upstream, const Real* __restrict gain, Moments m,
                  std::size_t width) {
  for (std::size_t i = 0; i < width; ++i) {
    n[i] = (x[i] - m.mean) * m.inverse_deviation;
    d[i] = upstream[i] * gain[i];
    gain_sums[i] += upstream[i] * n[i];
    bias_sums[i] += upstream[i];
  }
}

void input_gradient_row(Real* __restrict to, bool fresh, const Real* __restrict n,
                        const Real* __restrict d, Real inverse_deviation, std::size_t width) {
  const Real mean_d = kernels::row_sum(d, width) / static_cast<Real>(width);
  const Real mean_dn = kernels::row_dot(d, n, width) / static_cast<Real>(width);
  if (fresh) {
    for (std::size_t i = 0; i < width; ++i)
      to[i] = (d[i] - mean_d - n[i] * mean_dn) * inverse_deviation;
  } else {
    for (std::size_t i = 0; i < width; ++i)
      to[i] += (d[i] - mean_d - n[i] * mean_dn) * inverse_deviation;
  }
}

struct Inputs {
  Tensor x, residual, gain, bias;
};

void backward(const Inputs& in, const Tensor& summed, const Tensor& saved, const Tensor& out) {
  const auto width = static_cast<std::size_t>(out.cols());
  const auto rows = static_cast<std::size_t>(out.rows());
  const Real* const upstream = out.grad().data();
  const Real* const x = summed.data();
  const Real* const stats = saved.data();
  const Real* const gain = in.gain.data();
  const bool to_x = in.x.requires_grad();
  const bool to_residual = in.residual.defined() && in.residual.requires_grad();
  // Both summands get the same gradient: computed for one, then added to the other.
  const Tensor& first = to_x ? in.x : in.residual;
  const GradientTarget target =
      to_x || to_residual ? first.gradient_target() : GradientTarget{nullptr, true};
  const bool both = to_x && to_residual;
  const GradientTarget second =
      both ? in.residual.gradient_target() : GradientTarget{nullptr, true};

  const std::size_t piece = rows_a_piece(width);
  const std::size_t pieces = std::max<std::size_t>(1, (rows + piece - 1) / piece);
  const kernels::Scratch<Real> sums(pieces * 2 * width);
  const kernels::Scratch<Real> rows_of_work(pieces * 3 * width);
  std::fill_n(sums.data(), pieces * 2 * width, Real{0});
  parallel_for(rows, piece, [&](std::size_t begin, std::size_t end) {
    Real* const gain_sums = sums.data() + begin / piece * 2 * width;
    Real* const n = rows_of_work.data() + begin / piece * 3 * width;
    Real* const d = n + width;
    Real* const g = d + width;
    for (std::size_t r = begin; r < end; ++r) {
      const std::size_t at = r * width;
      const Moments m{stats[2 * r], stats[2 * r + 1]};
      backward_row(n, d, gain_sums, gain_sums + width, x + at, upstream + at, gain, m, width);
      if (target.data == nullptr) continue;
      if (second.data == nullptr) {
        input_gradient_row(target.data + at, target.fresh, n, d, m.inverse_deviation, width);
        continue;
      }
      input_gradient_row(g, true, n, d, m.inverse_deviation, width);
      for (const GradientTarget& t : {target, second})
        for (std::size_t i = 0; i < width; ++i)
          t.data[at + i] = t.fresh ? g[i] : t.data[at + i] + g[i];
    }
  });
  for (std::size_t p = 1; p < pieces; ++p)
    for (std::size_t i = 0; i < 2 * width; ++i) sums[i] += sums[p * 2 * width + i];
  if (in.gain.requires_grad())
    kernels::accumulate(in.gain.gradient_target(), width,
                        [from = sums.data()](std::size_t i) { return from[i]; });
  if (in.bias.requires_grad())
    kernels::accumulate(in.bias.gradient_target(), width,
                        [from = sums.data() + width](std::size_t i) { return from[i]; });
}

Tensor normalised(const char* op, const Inputs& in, Real epsilon) {
  const auto width = static_cast<std::size_t>(in.x.cols());
  const auto rows = static_cast<std::size_t>(in.x.rows());
  const Tensor out = Tensor::empty(in.x.shape());
  const Tensor saved = Tensor::empty({in.x.rows(), 2});
  const Tensor summed = in.residual.defined() ? Tensor::empty(in.x.shape()) : in.x.detach();
  const Real* const a = in.x.data();
  const Real* const b = in.residual.defined() ? in.residual.data() : nullptr;
  parallel_for(rows, rows_a_piece(width), [&](std::size_t begin, std::size_t end) {
    for (std::size_t r = begin; r < end; ++r) {
      const std::size_t at = r * width;
      if (b != nullptr) {
        Real* __restrict s = summed.mutable_data() + at;
        const Real* __restrict ra = a + at;
        const Real* __restrict rb = b + at;
        for (std::size_t i = 0; i < width; ++i) s[i] = ra[i] + rb[i];
      }
      const Moments m = moments(summed.data() + at, width, epsilon);
      saved.mutable_data()[2 * r] = m.mean;
      saved.mutable_data()[2 * r + 1] = m.inverse_deviation;
      normalise(out.mutable_data() + at, summed.data() + at, m, in.gain.data(), in.bias.data(),
                width);
    }
  });
  Tape::current().record(op, out, {&in.x, &in.residual, &in.gain, &in.bias},
                         [in, summed, saved, out] { backward(in, summed, saved, out); });
  return out;
}

}  // namespace

Tensor layer_norm(const Tensor& x, const Tensor& gain, const Tensor& bias, Real epsilon,
                  Where where) {
  check("layer_norm", x, {}, gain, bias, epsilon, where);
  return normalised("layer_norm", {x, {}, gain, bias}, epsilon);
}

Tensor add_layer_norm(const Tensor& x, const Tensor& residual, const Tensor& gain,
                      const Tensor& bias, Real epsilon, Where where) {
  if (!residual.defined())
    fail("add_layer_norm", "needs a residual of the shape of x", {{"x", x.shape()}}, where);
  check("add_layer_norm", x, residual, gain, bias, epsilon, where);
  return normalised("add_layer_norm", {x, residual, gain, bias}, epsilon);
}

}  // namespace TAILGRAD_PRECISION
}  // namespace tailgrad
