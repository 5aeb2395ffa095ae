// A new op from start to end: out = weights[i] * row i of x. Walked through in
// docs/adding_an_op.md; run it and it checks its own gradients.
#include <cstdio>
#include <vector>

#include <tailgrad/core/gradient_check.h>
#include <tailgrad/core/kernels/loops.h>
#include <tailgrad/core/kernels/reduce.h>
#include <tailgrad/core/tape.h>
#include <tailgrad/core/tensor.h>

namespace tailgrad {
inline namespace TAILGRAD_PRECISION {

/// Every row of x times a number of its own: out[i, j] = weights[i] x[i, j].
/// x [rows, n], weights [rows]; out [rows, n].
/// Gradients: dx[i, j] = weights[i] g[i, j] and dweights[i] = sum over j of x[i, j] g[i, j].
/// Saves the handles of x, weights and out. Throws Error for other shapes.
Tensor scale_rows(const Tensor& x, const Tensor& weights, Where where = {}) {
  // Check.
  if (x.shape().rank() != 2 || weights.shape() != Shape{x.shape()[0]})
    fail("scale_rows", "needs x [rows, n] and weights [rows]",
         {{"x", x.shape()}, {"weights", weights.shape()}}, where);

  // Forward.
  const auto rows = static_cast<std::size_t>(x.rows());
  const auto cols = static_cast<std::size_t>(x.cols());
  Tensor out = Tensor::empty(x.shape());
  kernels::fill(
      out.mutable_data(), x.size(),
      [in = x.data(), w = weights.data(), cols](std::size_t i) { return w[i / cols] * in[i]; });

  // Backward.
  Tape::current().record("scale_rows", out, {&x, &weights}, [x, weights, out, rows, cols] {
    const Real* g = out.grad().data();
    if (x.requires_grad())
      kernels::accumulate(
          x.gradient_target(), x.size(),
          [g, w = weights.data(), cols](std::size_t i) { return w[i / cols] * g[i]; });
    if (weights.requires_grad()) {
      const GradientTarget to = weights.gradient_target();
      kernels::sum_rows(
          rows, cols,
          [g, in = x.data(), cols](std::size_t r, std::size_t c) {
            return in[r * cols + c] * g[r * cols + c];
          },
          [to](std::size_t r, double sum) {
            to.data[r] = (to.fresh ? 0 : to.data[r]) + static_cast<Real>(sum);
          });
    }
  });
  return out;
}

}  // namespace TAILGRAD_PRECISION
}  // namespace tailgrad

int main() {
  using namespace tailgrad;
  bool good = true;

  // Gradients, for ordinary sizes and for the odd ones.
  for (const Shape& shape : {Shape{3, 5}, Shape{1, 1}, Shape{7, 1}, Shape{0, 4}}) {
    std::vector<Tensor> inputs = {Tensor::empty(shape), Tensor::empty({shape[0]})};
    Real next = -1;
    for (Tensor& input : inputs) {
      for (Real& value : input.mutable_values()) value = next += Real(0.37);
      input.require_grad();
    }
    const GradientReport report = check_gradients(
        [](std::span<const Tensor> in) { return scale_rows(in[0], in[1]); }, inputs);
    std::printf("%s: %s\n", shape.text().c_str(), report.text.c_str());
    good = good && report.passed;
  }

  // The message for wrong shapes.
  try {
    scale_rows(Tensor::zeros({3, 5}), Tensor::zeros({5}));
    good = false;
  } catch (const Error& error) {
    std::printf("%s\n", error.what());
  }
  return good ? 0 : 1;
}
