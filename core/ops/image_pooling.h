// Images made smaller: each op takes and returns [images, height, width, channels].
#pragma once

#include <tailgrad/core/error.h>
#include <tailgrad/core/tensor.h>

namespace tailgrad {
inline namespace TAILGRAD_PRECISION {

/// The windows of pooling.
struct Pool2dOptions {
  Index size = 2;     ///< rows and columns of a window, >= 1
  Index stride = 0;   ///< from window to window; 0: the size
  Index padding = 0;  ///< on every side, at most half the size
};

/// The largest number of each window and channel; a NaN is larger than all. height' =
/// (height + 2 padding - size) / stride + 1, rounded down; the padding never wins.
/// Gradient: to the first of the largest. Saved: its place.
/// Throws Error when x has not four axes, an option is out of range or no window fits.
Tensor max_pool2d(const Tensor& x, const Pool2dOptions& options = {}, Where where = {});

/// The mean of each window and channel; padding counts as zeros, as in PyTorch. Sizes and errors as
/// max_pool2d. Gradient: upstream / size^2 to every number of the window.
Tensor average_pool2d(const Tensor& x, const Pool2dOptions& options = {}, Where where = {});

/// The mean over each image: [images, height, width, channels] to [images, channels].
/// Gradient: upstream / (height width). Throws Error when x has not four axes or images have no
/// pixel.
Tensor global_average_pool(const Tensor& x, Where where = {});

/// Every stride-th pixel, with channels of zeros before and after (the same number; one more after
/// when it is odd): [images, height, width, channels] to [images, height / stride, width / stride
/// (both rounded up), channels']. The parameter-free shortcut of residual nets, type A (He et al.
/// 2016, section 3.3). Gradient: upstream at the pixels and channels that were kept.
/// Throws Error when x has not four axes, stride < 1 or channels' < channels.
Tensor subsample_pad(const Tensor& x, Index stride, Index channels, Where where = {});

}  // namespace TAILGRAD_PRECISION
}  // namespace tailgrad
