// Convolution and normalisation of images, as layers.
#pragma once

#include <optional>
#include <string_view>

#include <tailgrad/core/ops/batch_norm.h>
#include <tailgrad/core/ops/conv2d.h>
#include <tailgrad/nn/module.h>

namespace tailgrad {
inline namespace TAILGRAD_PRECISION {

/// How a Conv2d is made.
struct Conv2dLayerOptions {
  Index stride = 1;   ///< along both axes, >= 1
  Index padding = 0;  ///< rows and columns of zeros on each side
  bool bias = true;   ///< add a number to each output channel
  /// First values of the weight. As in PyTorch uniform in ±1 / sqrt(in size^2), like the bias.
  std::optional<Init> weight_init = {};
};

/// Convolution with square filters: x [images, height, width, in] becomes [.., out].
/// Parameters as PyTorch's Conv2d: weight [out, in, size, size], bias [out].
/// Throws Error for a size below 1; the call as conv2d() of core/ops.
class Conv2d : public Module {
 public:
  /// From `in` channels to `out`, with filters of `size` rows and columns.
  Conv2d(Module& parent, std::string_view name, Index in, Index out, Index size,
         const Conv2dLayerOptions& options = {});

  /// X [items, height, width, in]; see conv2d().
  Tensor operator()(const Tensor& x, Where where = {}) const {
    return conv2d(x, weight, bias, options, where);
  }

  Tensor weight;          ///< [out, in, size, size]
  Tensor bias;            ///< undefined without bias
  Conv2dOptions options;  ///< stride and padding
};

/// How a BatchNorm2d is made.
struct BatchNorm2dOptions {
  double momentum = 0.1;  ///< share of the new batch in the running moments
  double epsilon = 1e-5;  ///< added to the variance
};

/// Batch normalisation of the last axis. In a TrainingPass the moments are those of the batch and
/// the running moments move (those of a sharded batch by its first shard alone); outside of one the
/// running moments are used.
/// Parameters and buffers as PyTorch's BatchNorm2d: weight [channels], ones; bias, zeros;
/// running_mean, zeros; running_var, ones.
class BatchNorm2d : public Module {
 public:
  /// Throws Error for channels below 1 and options out of range.
  BatchNorm2d(Module& parent, std::string_view name, Index channels,
              const BatchNorm2dOptions& options = {});

  /// x [.., channels]; relu after it if asked for.
  Tensor operator()(const Tensor& x, bool relu = false, Where where = {}) const {
    return batch_norm(x, weight, bias, running, now(relu), {}, where);
  }
  /// Of conv(x) + residual (if there is one), as one op. `conv` must have no bias.
  Tensor after(const Conv2d& conv, const Tensor& x, bool relu, const Tensor& residual = {},
               Where where = {}) const;

  Tensor weight;           ///< [channels] gain
  Tensor bias;             ///< [channels]
  RunningMoments running;  ///< used outside of a TrainingPass

 private:
  BatchNormOptions now(bool relu) const;
  BatchNorm2dOptions options_;
};

}  // namespace TAILGRAD_PRECISION
}  // namespace tailgrad
