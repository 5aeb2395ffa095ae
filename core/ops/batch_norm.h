// Normalisation of each channel over a batch (Ioffe and Szegedy 2015, "Batch normalization").
#pragma once

#include <tailgrad/core/error.h>
#include <tailgrad/core/ops/conv2d.h>
#include <tailgrad/core/tensor.h>

namespace tailgrad {
inline namespace TAILGRAD_PRECISION {

/// Mean and variance of each channel over past batches, [channels] each. Training passes move them:
/// the only values that an op writes into tensors it did not make. An op keeps no handle of them,
/// so that several threads may evaluate one model at a time.
struct RunningMoments {
  Tensor mean;      ///< [channels]
  Tensor variance;  ///< [channels], of the population
};

/// How batch_norm() normalises.
struct BatchNormOptions {
  /// Normalise by the moments of this batch and move the running ones; otherwise by the running
  /// ones.
  bool training = true;
  /// Whether a training pass moves the running moments.
  bool update_running = true;
  Real momentum = Real(0.1);  ///< running = (1 - momentum) running + momentum batch; in [0, 1]
  Real epsilon = Real(1e-5);  ///< >= 0
  bool relu = false;          ///< f = max(0, .) instead of the identity
};

/// y = f((x - mean) / sqrt(variance + epsilon) * gain + bias + residual), channel by channel.
///
/// x [.., channels]; gain, bias and the running moments [channels]; residual of the shape of x, or
/// undefined for none; returns the shape of x. In training, mean and variance (divided by the
/// number of rows n) are those of x over all rows; the running variance moves by the one divided by
/// n - 1, as PyTorch's does. A batch of shards that run side by side has the moments of each shard,
/// see docs/tasks.md.
/// Gradients, with d = upstream * f' and x' the normalised x: column sums of d x' for gain, of d
/// for bias, d for residual, and gain / sigma (d - mean(d) - x' mean(d x')) for x, or
/// gain / sigma d by the running moments. Moments and sums are taken over fixed blocks of rows and
/// combined in order, in double (Chan, Golub, LeVeque 1979): the same bits on any number of
/// threads. Saved: x, and with a residual the result.
/// Throws Error when the shapes do not fit, an option is out of range, or a training pass has fewer
/// than two rows.
Tensor batch_norm(const Tensor& x, const Tensor& gain, const Tensor& bias,
                  const RunningMoments& running, const BatchNormOptions& options = {},
                  const Tensor& residual = {}, Where where = {});

/// batch_norm(conv2d(x, weight), ...) as one op: moments are taken while the pixels of an image are
/// in the cache, and the gradient of the convolution's result is never written to memory.
Tensor conv2d_batch_norm(const Tensor& x, const Tensor& weight, const Tensor& gain,
                         const Tensor& bias, const RunningMoments& running,
                         const Conv2dOptions& conv = {}, const BatchNormOptions& options = {},
                         const Tensor& residual = {}, Where where = {});

}  // namespace TAILGRAD_PRECISION
}  // namespace tailgrad
