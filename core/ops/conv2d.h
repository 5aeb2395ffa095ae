// Convolution of images.
#pragma once

#include <tailgrad/core/error.h>
#include <tailgrad/core/tensor.h>

namespace tailgrad {
inline namespace TAILGRAD_PRECISION {

/// How the filters of conv2d() move.
struct Conv2dOptions {
  Index stride = 1;   ///< along both axes, >= 1
  Index padding = 0;  ///< zeros on every side, >= 0
};

/// Cross-correlation, as "convolution" means in neural networks:
///   out[i, y, x, k] = bias[k] + sum over c, u, v of
///                     x[i, stride y + u - padding, stride x + v - padding, c] weight[k, c, u, v].
///
/// x [images, height, width, channels] with the channels innermost: what lies under a filter row is
/// then contiguous memory, and the products run over it as it is (an im2col of one image is made
/// only for filters of at most 32 numbers). weight [filters, channels, rows, cols] in PyTorch's
/// order, bias [filters] or undefined; returns [images, height', width', filters] with
/// height' = (height + 2 padding - rows) / stride + 1, rounded down.
/// Gradients: for x the convolution of the upstream with the reversed filters, by residue of the
/// position modulo the stride; for weight the correlation of x with the upstream; for bias the sum
/// of the upstream. Images run side by side; filter gradients are sums over fixed groups of images
/// in order, so no bit depends on the number of threads. Saved: x and weight.
/// Throws Error when the shapes do not fit or an option is out of range.
Tensor conv2d(const Tensor& x, const Tensor& weight, const Tensor& bias = {},
              const Conv2dOptions& options = {}, Where where = {});

}  // namespace TAILGRAD_PRECISION
}  // namespace tailgrad
