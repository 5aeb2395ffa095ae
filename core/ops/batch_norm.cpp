#include <tailgrad/core/ops/batch_norm.h>

#include <algorithm>
#include <memory>
#include <utility>

#include <tailgrad/core/ops/batch_norm_parts.h>
#include <tailgrad/core/ops/conv_plan.h>
#include <tailgrad/core/parallel.h>
#include <tailgrad/core/tape.h>

namespace tailgrad {
inline namespace TAILGRAD_PRECISION {
namespace {

// Of images the pixels of one, otherwise a fixed number of rows.
ChannelBlocks blocks_of(const Shape& x) {
  const auto rows = static_cast<std::size_t>(x.rows());
  std::size_t block = 256;
  if (x.rank() == 4) block = static_cast<std::size_t>(x[1]) * static_cast<std::size_t>(x[2]);
  return {rows, std::max<std::size_t>(block, 1),
          static_cast<std::size_t>(x.rank() == 0 ? 0 : x.cols())};
}

bool wants_gradient(std::initializer_list<const Tensor*> inputs) {
  return Tape::current().enabled() && std::ranges::any_of(inputs, [](const Tensor* input) {
           return input->defined() && input->requires_grad();
         });
}

}  // namespace

Tensor batch_norm(const Tensor& x, const Tensor& gain, const Tensor& bias,
                  const RunningMoments& running, const BatchNormOptions& options,
                  const Tensor& residual, Where where) {
  BatchNormPass pass("batch_norm", x.shape(), gain, bias, running, options, residual,
                     blocks_of(x.shape()), where);
  const ChannelBlocks blocks = pass.blocks();
  const Tensor out = Tensor::empty(x.shape());
  const auto each = [&](auto body) {
    parallel_for(blocks.count(), blocks.grain(), [&](std::size_t begin, std::size_t end) {
      for (std::size_t b = begin; b < end; ++b) body(b, blocks.begin(b) * blocks.channels);
    });
  };
  if (pass.uses_batch())
    each([&](std::size_t b, std::size_t at) { pass.take_moments(b, x.data() + at); });
  pass.settle(running);
  each([&](std::size_t b, std::size_t at) {
    pass.apply(b, x.data() + at, out.mutable_data() + at);
  });
  Tape::current().record(
      "batch_norm", out, {&x, &gain, &bias, &residual}, [x, out, own = std::move(pass)] {
        const ChannelBlocks& cut = own.blocks();
        const Real* const upstream = out.grad().data();
        own.sum_gradients(upstream, x.data(), out.data());
        if (!x.requires_grad()) return;
        const GradientTarget to = x.gradient_target();
        parallel_for(cut.count(), cut.grain(), [&](std::size_t begin, std::size_t end) {
          for (std::size_t b = begin; b < end; ++b)
            own.gradient(b, upstream, x.data(), out.data(),
                         {to.data + cut.begin(b) * cut.channels, 0, cut.channels}, cut.block,
                         !to.fresh);
        });
      });
  return out;
}

Tensor conv2d_batch_norm(const Tensor& x, const Tensor& weight, const Tensor& gain,
                         const Tensor& bias, const RunningMoments& running,
                         const Conv2dOptions& conv, const BatchNormOptions& options,
                         const Tensor& residual, Where where) {
  const ConvPlan plan("conv2d_batch_norm", x, weight, {}, conv, where);
  const Shape shape = plan.out_shape();
  BatchNormPass pass("conv2d_batch_norm", shape, gain, bias, running, options, residual,
                     blocks_of(shape), where);
  const ChannelBlocks blocks = pass.blocks();
  const std::size_t image_size = plan.out_pixels() * plan.filters();
  const Tensor out = Tensor::empty(shape);
  const bool recorded = wants_gradient({&x, &weight, &gain, &bias, &residual});
  if (!pass.uses_batch() && !recorded) {  // nothing to keep: one pass
    pass.settle(running);
    plan.forward(x, weight, out.mutable_data(),
                 [&](std::size_t image, Real* pixels) { pass.apply(image, pixels, pixels); });
    return out;
  }
  const Tensor sums = recorded ? Tensor::empty(shape) : out;
  plan.forward(x, weight, sums.mutable_data(), [&](std::size_t image, Real* pixels) {
    if (pass.uses_batch()) pass.take_moments(image, pixels);
  });
  pass.settle(running);
  parallel_for(blocks.count(), blocks.grain(), [&](std::size_t begin, std::size_t end) {
    for (std::size_t b = begin; b < end; ++b)
      pass.apply(b, sums.data() + b * image_size, out.mutable_data() + b * image_size);
  });
  Tape::current().record(
      "conv2d_batch_norm", out, {&x, &weight, &gain, &bias, &residual},
      [x, weight, out, sums, plan, own = std::move(pass)] {
        const Real* const upstream = out.grad().data();
        own.sum_gradients(upstream, sums.data(), out.data());
        if (!x.requires_grad() && !weight.requires_grad()) return;
        const auto width = static_cast<std::size_t>(out.shape()[2]);
        plan.backward(x, weight, [&](std::size_t image, const kernels::Pixels<Real>& to) {
          own.gradient(image, upstream, sums.data(), out.data(), to, width, false);
        });
      });
  return out;
}

}  // namespace TAILGRAD_PRECISION
}  // namespace tailgrad
