// The passes of batch_norm over blocks of rows. Private to core/ops.
#pragma once

#include <cstddef>

#include <tailgrad/core/kernels/conv_tiles.h>
#include <tailgrad/core/kernels/scratch.h>
#include <tailgrad/core/ops/batch_norm.h>

namespace tailgrad {
inline namespace TAILGRAD_PRECISION {

/// Rows of channels cut into blocks of `block` rows (of images: their pixels); the last may be
/// shorter. Its work is the same whoever does it.
struct ChannelBlocks {
  std::size_t rows;
  std::size_t block;
  std::size_t channels;
  std::size_t count() const { return (rows + block - 1) / block; }
  std::size_t begin(std::size_t b) const { return b * block; }
  std::size_t size(std::size_t b) const { return b + 1 < count() ? block : rows - b * block; }
  /// Blocks a piece of parallel work.
  std::size_t grain() const;
};

/// One number for each channel, repeated so that loops over it are long enough to vectorise.
class ChannelNumbers {
 public:
  ChannelNumbers() = default;
  /// `kinds` numbers a channel.
  ChannelNumbers(std::size_t channels, std::size_t kinds);
  static std::size_t period_of(std::size_t channels);
  std::size_t period() const { return period_; }
  Real* kind(std::size_t k) const { return numbers_.data() + k * period_; }
  void set(std::size_t k, std::size_t channel, Real value) const;

 private:
  std::size_t channels_ = 0;
  std::size_t period_ = 0;
  kernels::Scratch<Real> numbers_;
};

/// The forward and backward pass of one call: gain, bias, what the batch says, what is saved.
class BatchNormPass {
 public:
  /// Throws Error as batch_norm; `x` is what is normalised.
  BatchNormPass(const char* op, const Shape& x, const Tensor& gain, const Tensor& bias,
                const RunningMoments& running, const BatchNormOptions& options,
                const Tensor& residual, const ChannelBlocks& blocks, Where where);

  bool uses_batch() const { return options_.training; }
  const ChannelBlocks& blocks() const { return blocks_; }
  /// Takes the moments of block b, whose rows are `x`. Blocks may be taken side by side.
  void take_moments(std::size_t b, const Real* x) const;
  /// After all blocks: scale and shift of each channel; moves the running moments.
  void settle(const RunningMoments& running);
  /// y = f(x scale + shift + residual) of block b. y may be x.
  void apply(std::size_t b, const Real* x, Real* y) const;

  /// The first pass backward: gradients of gain, bias and residual; then gradient() may be called.
  /// `x` and `y`: all rows; y is read only with a residual.
  void sum_gradients(const Real* upstream, const Real* x, const Real* y) const;
  /// Writes (or adds) the gradient of the rows of block b, `width` pixels a row of `to`.
  void gradient(std::size_t b, const Real* upstream, const Real* x, const Real* y,
                const kernels::Pixels<Real>& to, std::size_t width, bool add) const;

  const Tensor& gain() const { return gain_; }
  const Tensor& bias() const { return bias_; }
  const Tensor& residual() const { return residual_; }

 private:
  Tensor gain_, bias_, residual_;
  BatchNormOptions options_;
  ChannelBlocks blocks_;
  kernels::Scratch<Real> parts_;  ///< [blocks, 2, channels] mean and sum of squared deviations
  ChannelNumbers numbers_;        ///< see Kind in the source
};

}  // namespace TAILGRAD_PRECISION
}  // namespace tailgrad
