#include <tailgrad/core/ops/conv_plan.h>

#include <algorithm>
#include <string>

#include <tailgrad/core/parallel.h>

namespace tailgrad {
inline namespace TAILGRAD_PRECISION {
namespace {

using kernels::Scratch;

void check(const char* op, const Tensor& x, const Tensor& weight, const Tensor& bias,
           const Conv2dOptions& options, Where where) {
  if (options.stride < 1 || options.padding < 0)
    fail(op,
         "needs stride >= 1 and padding >= 0, not stride " + std::to_string(options.stride) +
             ", padding " + std::to_string(options.padding),
         {}, where);
  const Shape& image = x.shape();
  const Shape& filter = weight.shape();
  const bool fits = image.rank() == 4 && filter.rank() == 4 && filter[1] == image[3] &&
                    filter[2] >= 1 && filter[3] >= 1 &&
                    image[1] + 2 * options.padding >= filter[2] &&
                    image[2] + 2 * options.padding >= filter[3] &&
                    (!bias.defined() || bias.shape() == Shape{filter[0]});
  if (fits) return;
  const std::string rule =
      "needs x [images, height, width, channels] and weight [filters, channels, rows, cols] that "
      "fits into the image with padding " +
      std::to_string(options.padding);
  if (bias.defined())
    fail(op, rule + ", and bias [filters]",
         {{"x", image}, {"weight", filter}, {"bias", bias.shape()}}, where);
  fail(op, rule, {{"x", image}, {"weight", filter}}, where);
}

std::size_t extent(const Shape& shape, int axis) {
  return shape.rank() == 4 ? static_cast<std::size_t>(shape[axis]) : 0;
}

// Multiplications a piece of work: enough to pay for handing it to a thread.
constexpr std::size_t kWork = std::size_t{1} << 22;
// Groups of images whose filter gradients are summed apart: a bound for memory and for the threads
// that a backward pass can use.
constexpr std::size_t kMostParts = 16;

}  // namespace

ConvPlan::Axis::Axis(Index in_size, Index tap_count, const Conv2dOptions& options)
    : in(static_cast<std::size_t>(in_size)),
      taps(static_cast<std::size_t>(tap_count)),
      stride(static_cast<std::size_t>(options.stride)),
      padding(static_cast<std::size_t>(options.padding)),
      out((padded() - taps) / stride + 1) {
  for (std::size_t residue = 0; residue < stride; ++residue) {
    const Phase phase(*this, residue);
    if (phase.positions == 0 || phase.taps == 0) continue;
    const auto first = phase.nearest - static_cast<std::ptrdiff_t>(phase.taps - 1);
    const auto last = phase.nearest + static_cast<std::ptrdiff_t>(phase.positions - 1);
    before = std::max(before, static_cast<std::size_t>(std::max<std::ptrdiff_t>(0, -first)));
    after = std::max(after, static_cast<std::size_t>(std::max<std::ptrdiff_t>(
                                0, last - static_cast<std::ptrdiff_t>(out - 1))));
  }
}

ConvPlan::Phase::Phase(const Axis& axis, std::size_t residue)
    : positions(residue < axis.in ? (axis.in - residue - 1) / axis.stride + 1 : 0),
      first_tap((residue + axis.padding) % axis.stride),
      taps(first_tap < axis.taps ? (axis.taps - 1 - first_tap) / axis.stride + 1 : 0),
      nearest(static_cast<std::ptrdiff_t>((residue + axis.padding - first_tap) / axis.stride)) {}

ConvPlan::ConvPlan(const char* op, const Tensor& x, const Tensor& weight, const Tensor& bias,
                   const Conv2dOptions& options, Where where)
    : images_((check(op, x, weight, bias, options, where), extent(x.shape(), 0))),
      channels_(extent(x.shape(), 3)),
      filters_(extent(weight.shape(), 0)),
      rows_(x.shape()[1], weight.shape()[2], options),
      cols_(x.shape()[2], weight.shape()[3], options) {}

Shape ConvPlan::out_shape() const {
  return {static_cast<Index>(images_), static_cast<Index>(rows_.out), static_cast<Index>(cols_.out),
          static_cast<Index>(filters_)};
}

std::size_t ConvPlan::images_a_piece() const {
  const std::size_t work = std::max<std::size_t>(1, out_pixels() * taps() * filters_);
  return std::max<std::size_t>(1, kWork / work);
}

// An image as the products read it: with its border of zeros, or with its taps side by side.
std::size_t ConvPlan::prepared_size() const {
  const std::size_t padded = rows_.padded() * cols_.padded() * channels_;
  return padded + (expands() ? out_pixels() * taps() : 0);
}

// `memory`: prepared_size() numbers, zero before the first image of a piece.
const Real* ConvPlan::prepare(const Real* image, Real* memory) const {
  const std::size_t padded_row = cols_.padded() * channels_;
  const Real* padded = image;
  if (rows_.padding > 0) {
    Real* to = memory + rows_.padding * padded_row + cols_.padding * channels_;
    for (std::size_t y = 0; y < rows_.in; ++y)
      std::copy_n(image + y * cols_.in * channels_, cols_.in * channels_, to + y * padded_row);
    padded = memory;
  }
  if (!expands()) return padded;
  Real* const all = memory + rows_.padded() * padded_row;
  Real* to = all;
  const std::size_t length = cols_.taps * channels_;
  for (std::size_t y = 0; y < rows_.out; ++y)
    for (std::size_t x = 0; x < cols_.out; ++x) {
      const Real* from = padded + y * rows_.stride * padded_row + x * cols_.stride * channels_;
      for (std::size_t tap = 0; tap < rows_.taps; ++tap, to += length)
        for (std::size_t i = 0; i < length; ++i) to[i] = from[tap * padded_row + i];
    }
  return all;
}

kernels::Taps ConvPlan::taps_of(const Real* prepared) const {
  if (expands()) return {prepared, cols_.out * taps(), taps(), 1, 0, taps()};
  const std::size_t row = cols_.padded() * channels_;
  return {prepared, rows_.stride * row,    cols_.stride * channels_, rows_.taps,
          row,      cols_.taps * channels_};
}

// [taps, filters], taps in the order of memory: row, column, channel.
void ConvPlan::pack_forward(const Real* weight, Real* to) const {
  const std::size_t count = taps();
  const std::size_t area = rows_.taps * cols_.taps;
  std::fill_n(to, count * kernels::whole_vectors(filters_), Real{0});
  for (std::size_t k = 0; k < filters_; ++k) {
    const std::size_t begin = kernels::packed_place(count, filters_, 0, k);
    const std::size_t step = kernels::packed_place(count, filters_, 1, k) - begin;
    for (std::size_t c = 0; c < channels_; ++c)
      for (std::size_t tap = 0; tap < area; ++tap)
        to[begin + (tap * channels_ + c) * step] = weight[(k * channels_ + c) * area + tap];
  }
}

// One matrix a phase, one after the other: [taps of the phase in reverse order x whole vectors of
// filters, channels].
void ConvPlan::pack_backward(const Real* weight, Real* to) const {
  const std::size_t wide = kernels::whole_vectors(filters_);
  std::fill_n(to, rows_.taps * cols_.taps * wide * kernels::whole_vectors(channels_), Real{0});
  for (std::size_t py = 0; py < rows_.stride; ++py)
    for (std::size_t px = 0; px < cols_.stride; ++px) {
      const Phase down(rows_, py);
      const Phase along(cols_, px);
      const std::size_t count = down.taps * along.taps * wide;
      if (count == 0) continue;
      for (std::size_t c = 0; c < channels_; ++c) {
        const std::size_t begin = kernels::packed_place(count, channels_, 0, c);
        const std::size_t step = kernels::packed_place(count, channels_, 1, c) - begin;
        for (std::size_t j = 0; j < down.taps; ++j)
          for (std::size_t i = 0; i < along.taps; ++i) {
            const std::size_t u = down.first_tap + rows_.stride * (down.taps - 1 - j);
            const std::size_t v = along.first_tap + cols_.stride * (along.taps - 1 - i);
            const std::size_t row = (j * along.taps + i) * wide;
            for (std::size_t k = 0; k < filters_; ++k)
              to[begin + (row + k) * step] =
                  weight[((k * channels_ + c) * rows_.taps + u) * cols_.taps + v];
          }
      }
      to += count * kernels::whole_vectors(channels_);
    }
}

void ConvPlan::forward(const Tensor& x, const Tensor& weight, Real* out, Finish finish) const {
  const Scratch<Real> packed(taps() * kernels::whole_vectors(filters_));
  pack_forward(weight.data(), packed.data());
  const std::size_t out_size = out_pixels() * filters_;
  parallel_for(images_, images_a_piece(), [&](std::size_t begin, std::size_t end) {
    const Scratch<Real> memory(prepared_size());
    std::fill_n(memory.data(), memory.size(), Real{0});
    for (std::size_t image = begin; image < end; ++image) {
      const Real* const from = prepare(x.data() + image * image_size(), memory.data());
      Real* const to = out + image * out_size;
      kernels::convolve(taps_of(from), rows_.out, cols_.out, filters_, packed.data(),
                        {to, cols_.out * filters_, filters_}, false);
      finish(image, to);
    }
  });
}

// `upstream`: the gradient of an image's output, with its margins.
void ConvPlan::image_gradient(const Real* upstream, const Real* packed, Real* to, bool add) const {
  const std::size_t wide = kernels::whole_vectors(filters_);
  const std::size_t row = cols_.with_margins() * wide;
  for (std::size_t py = 0; py < rows_.stride; ++py)
    for (std::size_t px = 0; px < cols_.stride; ++px) {
      const Phase down(rows_, py);
      const Phase along(cols_, px);
      Real* const first = to + (py * cols_.in + px) * channels_;
      const kernels::Pixels<Real> target{first, rows_.stride * cols_.in * channels_,
                                         cols_.stride * channels_};
      const std::size_t count = down.taps * along.taps * wide;
      if (count == 0) {  // positions that no filter touches
        for (std::size_t y = 0; !add && y < down.positions; ++y)
          for (std::size_t x = 0; x < along.positions; ++x)
            std::fill_n(target.data + y * target.row_step + x * target.pixel_step, channels_,
                        Real{0});
        continue;
      }
      const auto top = down.nearest + static_cast<std::ptrdiff_t>(rows_.before) -
                       static_cast<std::ptrdiff_t>(down.taps - 1);
      const auto left = along.nearest + static_cast<std::ptrdiff_t>(cols_.before) -
                        static_cast<std::ptrdiff_t>(along.taps - 1);
      if (down.positions > 0 && along.positions > 0)
        kernels::convolve(
            {upstream + static_cast<std::size_t>(top) * row + static_cast<std::size_t>(left) * wide,
             row, wide, down.taps, row, along.taps * wide},
            down.positions, along.positions, channels_, packed, target, add);
      packed += count * kernels::whole_vectors(channels_);
    }
}

void ConvPlan::backward(const Tensor& x, const Tensor& weight, Fill fill) const {
  const bool to_x = x.requires_grad();
  const bool to_weight = weight.requires_grad();
  const std::size_t wide = kernels::whole_vectors(filters_);
  const Scratch<Real> packed(
      to_x ? rows_.taps * cols_.taps * wide * kernels::whole_vectors(channels_) : 0);
  if (to_x) pack_backward(weight.data(), packed.data());
  const GradientTarget target = to_x ? x.gradient_target() : GradientTarget{nullptr, true};
  const std::size_t piece = std::max(images_a_piece(), (images_ + kMostParts - 1) / kMostParts);
  const std::size_t pieces = std::max<std::size_t>(1, (images_ + piece - 1) / piece);
  const std::size_t part_size = taps() * wide;
  const Scratch<Real> parts(to_weight ? pieces * part_size : 0);
  if (to_weight && images_ == 0) std::fill_n(parts.data(), parts.size(), Real{0});
  parallel_for(images_, piece, [&](std::size_t begin, std::size_t end) {
    Real* const part = to_weight ? parts.data() + begin / piece * part_size : nullptr;
    if (to_weight) std::fill_n(part, part_size, Real{0});
    const std::size_t row = cols_.with_margins() * wide;
    const Scratch<Real> upstream(rows_.with_margins() * row);
    const Scratch<Real> memory(to_weight ? prepared_size() : 0);
    std::fill_n(upstream.data(), upstream.size(), Real{0});
    std::fill_n(memory.data(), memory.size(), Real{0});
    const kernels::Pixels<Real> inner{upstream.data() + rows_.before * row + cols_.before * wide,
                                      row, wide};
    for (std::size_t image = begin; image < end; ++image) {
      fill(image, inner);
      if (to_weight)
        kernels::correlate(taps_of(prepare(x.data() + image * image_size(), memory.data())),
                           rows_.out, cols_.out, filters_, {inner.data, row, wide}, part);
      if (to_x)
        image_gradient(upstream.data(), packed.data(), target.data + image * image_size(),
                       !target.fresh);
    }
  });
  if (to_weight) add_filter_gradient(weight, parts.data(), pieces);
}

// The groups in order, then from the order of memory to that of the weight.
void ConvPlan::add_filter_gradient(const Tensor& weight, Real* parts, std::size_t count) const {
  const std::size_t wide = kernels::whole_vectors(filters_);
  const std::size_t size = taps() * wide;
  const std::size_t area = rows_.taps * cols_.taps;
  parallel_for(size, std::size_t{1} << 13, [&](std::size_t begin, std::size_t end) {
    for (std::size_t part = 1; part < count; ++part) {
      const Real* __restrict from = parts + part * size;
      Real* __restrict to = parts;
      for (std::size_t i = begin; i < end; ++i) to[i] += from[i];
    }
  });
  const GradientTarget to = weight.gradient_target();
  for (std::size_t k = 0; k < filters_; ++k)
    for (std::size_t c = 0; c < channels_; ++c)
      for (std::size_t tap = 0; tap < area; ++tap) {
        const Real value = parts[(tap * channels_ + c) * wide + k];
        Real& place = to.data[(k * channels_ + c) * area + tap];
        place = to.fresh ? value : place + value;
      }
}

}  // namespace TAILGRAD_PRECISION
}  // namespace tailgrad
