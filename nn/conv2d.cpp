#include <tailgrad/nn/conv2d.h>

#include <cmath>

#include <tailgrad/core/training_pass.h>
#include <tailgrad/nn/check_size.h>

namespace tailgrad {
inline namespace TAILGRAD_PRECISION {

Conv2d::Conv2d(Module& parent, std::string_view name, Index in, Index out, Index size,
               const Conv2dLayerOptions& layer)
    : Module(parent, name), options{.stride = layer.stride, .padding = layer.padding} {
  check_size(*this, "Conv2d", "in", in);
  check_size(*this, "Conv2d", "out", out);
  check_size(*this, "Conv2d", "size", size);
  check_size(*this, "Conv2d", "stride", layer.stride);
  check_size(*this, "Conv2d", "padding + 1", layer.padding + 1);
  const double bound = 1 / std::sqrt(static_cast<double>(in) * size * size);
  const Init within = Init::uniform(-bound, bound);
  weight = parameter("weight", {out, in, size, size}, layer.weight_init.value_or(within));
  if (layer.bias) bias = parameter("bias", {out}, within);
}

BatchNorm2d::BatchNorm2d(Module& parent, std::string_view name, Index channels,
                         const BatchNorm2dOptions& options)
    : Module(parent, name), options_(options) {
  check_size(*this, "BatchNorm2d", "channels", channels);
  if (!(options.epsilon >= 0 && options.momentum >= 0 && options.momentum <= 1))
    fail("BatchNorm2d '" + path() + "'", "needs epsilon >= 0 and 0 <= momentum <= 1; got epsilon " +
                                             std::to_string(options.epsilon) + ", momentum " +
                                             std::to_string(options.momentum));
  weight = parameter("weight", {channels}, Init::ones());
  bias = parameter("bias", {channels}, Init::zeros());
  running.mean = buffer("running_mean", {channels}, Init::zeros());
  running.variance = buffer("running_var", {channels}, Init::ones());
}

BatchNormOptions BatchNorm2d::now(bool relu) const {
  const TrainingPass* const pass = TrainingPass::current();
  return {.training = pass != nullptr,
          .update_running = pass != nullptr && pass->shard() == 0,
          .momentum = static_cast<Real>(options_.momentum),
          .epsilon = static_cast<Real>(options_.epsilon),
          .relu = relu};
}

Tensor BatchNorm2d::after(const Conv2d& conv, const Tensor& x, bool relu, const Tensor& residual,
                          Where where) const {
  if (conv.bias.defined())
    fail("BatchNorm2d '" + path() + "'",
         "the convolution before it must have no bias: it would be "
         "subtracted again");
  return conv2d_batch_norm(x, conv.weight, weight, bias, running, conv.options, now(relu), residual,
                           where);
}

}  // namespace TAILGRAD_PRECISION
}  // namespace tailgrad
