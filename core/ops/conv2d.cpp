#include <tailgrad/core/ops/conv2d.h>

#include <algorithm>

#include <tailgrad/core/kernels/reduce.h>
#include <tailgrad/core/ops/conv_plan.h>
#include <tailgrad/core/tape.h>

namespace tailgrad {
inline namespace TAILGRAD_PRECISION {
namespace {

void add_bias(Real* __restrict out, const Real* __restrict bias, std::size_t pixels,
              std::size_t filters) {
  for (std::size_t p = 0; p < pixels; ++p, out += filters)
    for (std::size_t k = 0; k < filters; ++k) out[k] += bias[k];
}

}  // namespace

Tensor conv2d(const Tensor& x, const Tensor& weight, const Tensor& bias,
              const Conv2dOptions& options, Where where) {
  const ConvPlan plan("conv2d", x, weight, bias, options, where);
  const Tensor out = Tensor::empty(plan.out_shape());
  plan.forward(x, weight, out.mutable_data(), [&](std::size_t, Real* image) {
    if (bias.defined()) add_bias(image, bias.data(), plan.out_pixels(), plan.filters());
  });
  Tape::current().record("conv2d", out, {&x, &weight, &bias}, [x, weight, bias, out, plan] {
    const Real* const upstream = out.grad().data();
    const std::size_t filters = plan.filters();
    const std::size_t rows = plan.images() * plan.out_pixels();
    if (bias.defined() && bias.requires_grad()) {
      const GradientTarget to = bias.gradient_target();
      kernels::sum_columns(
          rows, filters, [=](std::size_t r, std::size_t k) { return upstream[r * filters + k]; },
          [to](std::size_t k, double sum) {
            to.data[k] = (to.fresh ? Real{0} : to.data[k]) + static_cast<Real>(sum);
          });
    }
    if (!x.requires_grad() && !weight.requires_grad()) return;
    const auto width = static_cast<std::size_t>(out.shape()[2]);
    const std::size_t height = plan.out_pixels() / std::max<std::size_t>(width, 1);
    plan.backward(x, weight, [=](std::size_t image, const kernels::Pixels<Real>& to) {
      const Real* from = upstream + image * height * width * filters;
      for (std::size_t y = 0; y < height; ++y)
        for (std::size_t i = 0; i < width; ++i, from += filters)
          std::copy_n(from, filters, to.data + y * to.row_step + i * to.pixel_step);
    });
  });
  return out;
}

}  // namespace TAILGRAD_PRECISION
}  // namespace tailgrad
