#include <tailgrad/core/ops/batch_norm_parts.h>

#include <algorithm>
#include <cmath>
#include <string>

#include <tailgrad/core/kernels/loops.h>
#include <tailgrad/core/parallel.h>

namespace tailgrad {
inline namespace TAILGRAD_PRECISION {
namespace {

using kernels::Scratch;

// Channels are repeated up to this many numbers: four registers of AVX-512 floats.
constexpr std::size_t kPeriod = 64;
// Widths up to this have their sums on the stack.
constexpr std::size_t kMostOnStack = 1024;

// What ChannelNumbers holds: y = scale x + shift; mean and 1 / sigma; the gradient of x is
// a d + b x + c.
enum Kind : std::size_t { kScale, kShift, kMean, kInverse, kA, kB, kC, kKinds };

void check(const char* op, const Shape& x, const Tensor& gain, const Tensor& bias,
           const RunningMoments& running, const BatchNormOptions& options, const Tensor& residual,
           Where where) {
  const bool moments = running.mean.defined() && running.variance.defined();
  const bool fits = x.rank() >= 1 && moments && gain.shape() == Shape{x.cols()} &&
                    bias.shape() == gain.shape() && running.mean.shape() == gain.shape() &&
                    running.variance.shape() == gain.shape() &&
                    (!residual.defined() || residual.shape() == x);
  if (!moments) fail(op, "needs running moments [channels]", {{"x", x}}, where);
  if (!fits && residual.defined())
    fail(op,
         "needs x and residual [.., channels] and gain, bias, running mean and variance [channels]",
         {{"x", x},
          {"residual", residual.shape()},
          {"gain", gain.shape()},
          {"bias", bias.shape()},
          {"mean", running.mean.shape()},
          {"variance", running.variance.shape()}},
         where);
  if (!fits)
    fail(op, "needs x [.., channels] and gain, bias, running mean and variance [channels]",
         {{"x", x},
          {"gain", gain.shape()},
          {"bias", bias.shape()},
          {"mean", running.mean.shape()},
          {"variance", running.variance.shape()}},
         where);
  if (!(options.epsilon >= 0))
    fail(op, "needs epsilon >= 0, not " + std::to_string(options.epsilon), {}, where);
  if (!(options.momentum >= 0 && options.momentum <= 1))
    fail(op, "needs 0 <= momentum <= 1, not " + std::to_string(options.momentum), {}, where);
  if (options.training && x.rows() < 2)
    fail(op, "needs at least two rows to train: one row has no variance", {{"x", x}}, where);
}

// Calls body(place, numbers) for a whole number of rows in runs of one period; of a full run the
// compiler knows the length.
template <class Body>
void for_runs(std::size_t size, std::size_t period, Body body) {
  std::size_t at = 0;
  if (period == kPeriod)
    for (; at + kPeriod <= size; at += kPeriod) body(at, kPeriod);
  for (; at < size; at += period) body(at, std::min(period, size - at));
}

// Sums over `size` numbers of f(i, k) for each channel; i the place, k the place in the period.
template <class F>
void channel_sums(std::size_t size, std::size_t channels, Real* sums, F f) {
  const std::size_t period = ChannelNumbers::period_of(channels);
  std::fill_n(sums, period, Real{0});
  for_runs(size, period, [=](std::size_t at, std::size_t n) {
    Real* __restrict to = sums;
#pragma GCC ivdep
    for (std::size_t k = 0; k < n; ++k) to[k] += f(at + k, k);
  });
  for (std::size_t k = channels; k < period; ++k) sums[k % channels] += sums[k];
}

// Room for `kinds` sums of a period.
class Sums {
 public:
  Sums(std::size_t channels, std::size_t kinds)
      : period_(ChannelNumbers::period_of(channels)),
        more_(period_ * kinds <= kMostOnStack ? 0 : period_ * kinds) {}
  Real* operator[](std::size_t kind) {
    return (more_.size() == 0 ? here_ : more_.data()) + kind * period_;
  }

 private:
  std::size_t period_;
  Scratch<Real> more_;
  alignas(64) Real here_[kMostOnStack];
};

}  // namespace

std::size_t ChannelBlocks::grain() const {
  const std::size_t numbers = std::max<std::size_t>(1, block * channels);
  return std::max<std::size_t>(1, kernels::kElementGrain / numbers);
}

std::size_t ChannelNumbers::period_of(std::size_t channels) {
  return channels > 0 && kPeriod % channels == 0 ? kPeriod : std::max<std::size_t>(channels, 1);
}

ChannelNumbers::ChannelNumbers(std::size_t channels, std::size_t kinds)
    : channels_(channels), period_(period_of(channels)), numbers_(period_ * kinds) {}

void ChannelNumbers::set(std::size_t k, std::size_t channel, Real value) const {
  for (std::size_t i = channel; i < period_; i += channels_) kind(k)[i] = value;
}

BatchNormPass::BatchNormPass(const char* op, const Shape& x, const Tensor& gain, const Tensor& bias,
                             const RunningMoments& running, const BatchNormOptions& options,
                             const Tensor& residual, const ChannelBlocks& blocks, Where where)
    : gain_(gain), bias_(bias), residual_(residual), options_(options), blocks_(blocks) {
  check(op, x, gain, bias, running, options, residual, where);
  numbers_ = ChannelNumbers(blocks.channels, kKinds);
  if (options.training) parts_ = Scratch<Real>(blocks.count() * 2 * blocks.channels);
}

void BatchNormPass::take_moments(std::size_t b, const Real* x) const {
  const std::size_t channels = blocks_.channels;
  const std::size_t size = blocks_.size(b) * channels;
  const std::size_t period = numbers_.period();
  Sums sums(channels, 2);
  Real* const means = sums[1];
  channel_sums(size, channels, sums[0], [x](std::size_t i, std::size_t) { return x[i]; });
  Real* const mean = parts_.data() + b * 2 * channels;
  for (std::size_t c = 0; c < channels; ++c)
    mean[c] = sums[0][c] / static_cast<Real>(blocks_.size(b));
  for (std::size_t k = 0; k < period; ++k) means[k] = mean[k % channels];
  channel_sums(size, channels, sums[0], [x, means](std::size_t i, std::size_t k) {
    const Real d = x[i] - means[k];
    return d * d;
  });
  std::copy_n(sums[0], channels, mean + channels);
}

void BatchNormPass::settle(const RunningMoments& running) {
  const std::size_t channels = blocks_.channels;
  for (std::size_t c = 0; c < channels; ++c) {
    double mean = 0;
    double variance = 0;
    if (!options_.training) {
      mean = static_cast<double>(running.mean.data()[c]);
      variance = static_cast<double>(running.variance.data()[c]);
    } else {  // without a look at the running ones: another shard may be moving them
      double count = 0;
      double deviations = 0;
      for (std::size_t b = 0; b < blocks_.count(); ++b) {
        const auto rows = static_cast<double>(blocks_.size(b));
        const double other = static_cast<double>(parts_[b * 2 * channels + c]);
        const double apart = other - mean;
        const double all = count + rows;
        deviations += static_cast<double>(parts_[(b * 2 + 1) * channels + c]) +
                      apart * apart * count * rows / all;
        mean += apart * rows / all;
        count = all;
      }
      variance = deviations / count;
      if (options_.update_running) {
        const auto move = [momentum = static_cast<double>(options_.momentum)](Real& to,
                                                                              double value) {
          to = static_cast<Real>((1 - momentum) * static_cast<double>(to) + momentum * value);
        };
        move(running.mean.mutable_data()[c], mean);
        move(running.variance.mutable_data()[c], deviations / (count - 1));
      }
    }
    const double inverse = 1 / std::sqrt(variance + static_cast<double>(options_.epsilon));
    const double scale = static_cast<double>(gain_.data()[c]) * inverse;
    numbers_.set(kScale, c, static_cast<Real>(scale));
    numbers_.set(kShift, c, static_cast<Real>(static_cast<double>(bias_.data()[c]) - mean * scale));
    numbers_.set(kMean, c, static_cast<Real>(mean));
    numbers_.set(kInverse, c, static_cast<Real>(inverse));
  }
  parts_ = {};
}

void BatchNormPass::apply(std::size_t b, const Real* x, Real* y) const {
  const std::size_t channels = blocks_.channels;
  const Real* const scale = numbers_.kind(kScale);
  const Real* const shift = numbers_.kind(kShift);
  const Real* const other =
      residual_.defined() ? residual_.data() + blocks_.begin(b) * channels : nullptr;
  const Real least = options_.relu ? Real{0} : -INFINITY;
  for_runs(blocks_.size(b) * channels, numbers_.period(), [=](std::size_t at, std::size_t n) {
    const Real* const from = x + at;
    Real* const to = y + at;
    if (other == nullptr) {
#pragma GCC ivdep
      for (std::size_t k = 0; k < n; ++k) {
        const Real value = from[k] * scale[k] + shift[k];
        to[k] = value < least ? least : value;  // a NaN stays
      }
    } else {
#pragma GCC ivdep
      for (std::size_t k = 0; k < n; ++k) {
        const Real value = from[k] * scale[k] + shift[k] + other[at + k];
        to[k] = value < least ? least : value;
      }
    }
  });
}

void BatchNormPass::sum_gradients(const Real* upstream, const Real* x, const Real* y) const {
  const std::size_t channels = blocks_.channels;
  const std::size_t count = blocks_.count();
  const bool to_residual = residual_.defined() && residual_.requires_grad();
  const GradientTarget residual =
      to_residual ? residual_.gradient_target() : GradientTarget{nullptr, true};
  const Scratch<Real> parts(count * 2 * channels);
  const Real* const scale = numbers_.kind(kScale);
  const Real* const shift = numbers_.kind(kShift);
  const Real* const mean = numbers_.kind(kMean);
  parallel_for(count, blocks_.grain(), [&](std::size_t begin, std::size_t end) {
    Sums sums(channels, 2);
    for (std::size_t b = begin; b < end; ++b) {
      const std::size_t first = blocks_.begin(b) * channels;
      const std::size_t size = blocks_.size(b) * channels;
      const Real* const g = upstream + first;
      const Real* const from = x + first;
      Real* const d_sums = sums[0];
      Real* const dx_sums = sums[1];
      std::fill_n(d_sums, numbers_.period(), Real{0});
      std::fill_n(dx_sums, numbers_.period(), Real{0});
      const auto all = [&](auto passes, auto keep) {
        for_runs(size, numbers_.period(), [=](std::size_t at, std::size_t n) {
          Real* __restrict s0 = d_sums;
          Real* __restrict s1 = dx_sums;
#pragma GCC ivdep
          for (std::size_t k = 0; k < n; ++k) {
            const Real d = passes(at + k, k) ? g[at + k] : Real{0};
            s0[k] += d;
            s1[k] += d * (from[at + k] - mean[k]);
            keep(at + k, d);
          }
        });
      };
      const auto with_keep = [&](auto passes) {
        Real* const to = residual.data == nullptr ? nullptr : residual.data + first;
        if (to == nullptr) return all(passes, [](std::size_t, Real) {});
        if (residual.fresh) return all(passes, [to](std::size_t i, Real d) { to[i] = d; });
        all(passes, [to](std::size_t i, Real d) { to[i] += d; });
      };
      if (!options_.relu) {
        with_keep([](std::size_t, std::size_t) { return true; });
      } else if (residual_.defined()) {
        with_keep([result = y + first](std::size_t i, std::size_t) { return result[i] > 0; });
      } else {
        with_keep([=](std::size_t i, std::size_t k) { return from[i] * scale[k] + shift[k] > 0; });
      }
      for (const Real* from_sums : {d_sums, dx_sums}) {
        Real* const to = parts.data() + (b * 2 + (from_sums == dx_sums ? 1 : 0)) * channels;
        std::copy_n(from_sums, channels, to);
        for (std::size_t k = channels; k < numbers_.period(); ++k) to[k % channels] += from_sums[k];
      }
    }
  });
  const Scratch<double> sums(2 * channels);
  std::fill_n(sums.data(), sums.size(), 0.0);
  for (std::size_t b = 0; b < count; ++b)
    for (std::size_t i = 0; i < 2 * channels; ++i)
      sums[i] += static_cast<double>(parts[b * 2 * channels + i]);
  const Real* const inverse = numbers_.kind(kInverse);
  if (gain_.requires_grad())
    kernels::accumulate(gain_.gradient_target(), channels, [=, s = sums.data()](std::size_t c) {
      return static_cast<Real>(s[channels + c]) * inverse[c];
    });
  if (bias_.requires_grad())
    kernels::accumulate(bias_.gradient_target(), channels,
                        [s = sums.data()](std::size_t c) { return static_cast<Real>(s[c]); });
  const auto rows = static_cast<double>(blocks_.rows);
  for (std::size_t c = 0; c < channels; ++c) {
    const double a = static_cast<double>(scale[c]);
    const auto deviation = static_cast<double>(inverse[c]);
    const double b = options_.training ? -a * deviation * deviation * sums[channels + c] / rows : 0;
    const double level =
        options_.training ? -a * sums[c] / rows - b * static_cast<double>(mean[c]) : 0;
    numbers_.set(kA, c, scale[c]);
    numbers_.set(kB, c, static_cast<Real>(b));
    numbers_.set(kC, c, static_cast<Real>(level));
  }
}

void BatchNormPass::gradient(std::size_t block, const Real* upstream, const Real* x, const Real* y,
                             const kernels::Pixels<Real>& to, std::size_t width, bool add) const {
  const std::size_t channels = blocks_.channels;
  const std::size_t rows = blocks_.size(block);
  const std::size_t period = numbers_.period();
  const Real* const scale = numbers_.kind(kScale);
  const Real* const shift = numbers_.kind(kShift);
  const Real* const a = numbers_.kind(kA);
  const Real* const b = numbers_.kind(kB);
  const Real* const c = numbers_.kind(kC);
  // Runs over a row of pixels where they lie side by side, else over each pixel.
  const std::size_t run = to.pixel_step == channels ? width : 1;
  for (std::size_t row = 0; row < rows; row += run) {
    const std::size_t pixels = std::min(run, rows - row);
    const std::size_t first = (blocks_.begin(block) + row) * channels;
    Real* const target = to.data + row / width * to.row_step + row % width * to.pixel_step;
    const Real* const g = upstream + first;
    const Real* const from = x + first;
    const Real* const result = y + first;
    const auto all = [&](auto passes) {
      for_runs(pixels * channels, period, [=](std::size_t at, std::size_t n) {
        Real* __restrict out = target + at;
        if (add) {
#pragma GCC ivdep
          for (std::size_t k = 0; k < n; ++k)
            out[k] += a[k] * (passes(at + k, k) ? g[at + k] : Real{0}) + b[k] * from[at + k] + c[k];
        } else {
#pragma GCC ivdep
          for (std::size_t k = 0; k < n; ++k)
            out[k] = a[k] * (passes(at + k, k) ? g[at + k] : Real{0}) + b[k] * from[at + k] + c[k];
        }
      });
    };
    if (!options_.relu) {
      all([](std::size_t, std::size_t) { return true; });
    } else if (residual_.defined()) {
      all([result](std::size_t i, std::size_t) { return result[i] > 0; });
    } else {
      all([=](std::size_t i, std::size_t k) { return from[i] * scale[k] + shift[k] > 0; });
    }
  }
}

}  // namespace TAILGRAD_PRECISION
}  // namespace tailgrad
