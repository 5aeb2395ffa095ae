// What conv2d and conv2d_batch_norm share: sizes, and the passes over the images. Private to
// core/ops.
#pragma once

#include <cstddef>

#include <tailgrad/core/function_ref.h>
#include <tailgrad/core/kernels/conv_tiles.h>
#include <tailgrad/core/kernels/scratch.h>
#include <tailgrad/core/ops/conv2d.h>

namespace tailgrad {
inline namespace TAILGRAD_PRECISION {

class ConvPlan {
 public:
  /// Throws Error as conv2d; `bias` may be undefined.
  ConvPlan(const char* op, const Tensor& x, const Tensor& weight, const Tensor& bias,
           const Conv2dOptions& options, Where where);

  Shape out_shape() const;
  std::size_t images() const { return images_; }
  std::size_t out_pixels() const { return rows_.out * cols_.out; }
  std::size_t filters() const { return filters_; }

  /// finish(image, out): called when the pixels of an image [out_pixels, filters] are complete and
  /// still in the cache; images run side by side.
  using Finish = FunctionRef<void(std::size_t image, Real* out)>;
  void forward(const Tensor& x, const Tensor& weight, Real* out, Finish finish) const;

  /// Adds to the gradients of x and weight, of those that want one. fill(image, to) writes the
  /// gradient of an image's output, filters() numbers a pixel; images run side by side.
  using Fill = FunctionRef<void(std::size_t image, const kernels::Pixels<Real>& to)>;
  void backward(const Tensor& x, const Tensor& weight, Fill fill) const;

 private:
  // One axis of the image.
  struct Axis {
    Axis(Index in_size, Index taps, const Conv2dOptions& options);
    std::size_t padded() const { return in + 2 * padding; }
    /// The gradient of the output with zeros around: what the gradient of x reads.
    std::size_t with_margins() const { return before + out + after; }
    std::size_t in, taps, stride, padding;
    std::size_t out = 0;
    std::size_t before = 0, after = 0;  ///< zeros that the gradient of x needs around the output's
  };
  // Input positions with the same residue modulo the stride see the same taps of the filter.
  struct Phase {
    Phase(const Axis& axis, std::size_t residue);
    std::size_t positions;   ///< how many
    std::size_t first_tap;   ///< then every stride-th
    std::size_t taps;        ///< how many
    std::ptrdiff_t nearest;  ///< output position under the first tap of the first position
  };
  /// Whether an image's taps are copied side by side, because the filter rows are too short.
  bool expands() const { return rows_.taps * cols_.taps * channels_ <= 32; }
  std::size_t taps() const { return rows_.taps * cols_.taps * channels_; }
  std::size_t image_size() const { return rows_.in * cols_.in * channels_; }
  std::size_t prepared_size() const;
  const Real* prepare(const Real* image, Real* memory) const;
  kernels::Taps taps_of(const Real* prepared) const;
  void pack_forward(const Real* weight, Real* to) const;
  void pack_backward(const Real* weight, Real* to) const;
  void image_gradient(const Real* upstream, const Real* packed, Real* to, bool add) const;
  void add_filter_gradient(const Tensor& weight, Real* parts, std::size_t count) const;
  std::size_t images_a_piece() const;

  std::size_t images_;
  std::size_t channels_;
  std::size_t filters_;
  Axis rows_;
  Axis cols_;
};

}  // namespace TAILGRAD_PRECISION
}  // namespace tailgrad
