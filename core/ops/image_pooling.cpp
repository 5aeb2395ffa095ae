#include <tailgrad/core/ops/image_pooling.h>

#include <algorithm>
#include <string>
#include <utility>

#include <tailgrad/core/kernels/loops.h>
#include <tailgrad/core/kernels/scratch.h>
#include <tailgrad/core/parallel.h>
#include <tailgrad/core/tape.h>

namespace tailgrad {
inline namespace TAILGRAD_PRECISION {
namespace {

using kernels::Scratch;

std::size_t extent(const Tensor& x, int axis) {
  return static_cast<std::size_t>(x.shape()[axis]);
}

void check_image(const char* op, const Tensor& x, Where where) {
  if (x.shape().rank() != 4)
    fail(op, "needs x [images, height, width, channels]", {{"x", x.shape()}}, where);
}

// Windows over the images of a tensor.
struct Windows {
  Windows(const char* op, const Tensor& x, const Pool2dOptions& options, Where where) {
    check_image(op, x, where);
    const Index step = options.stride == 0 ? options.size : options.stride;
    if (options.size < 1 || step < 1 || options.padding < 0 || 2 * options.padding > options.size)
      fail(op,
           "needs size >= 1, stride >= 0 and 0 <= padding <= size / 2, not size " +
               std::to_string(options.size) + ", stride " + std::to_string(step) + ", padding " +
               std::to_string(options.padding),
           {{"x", x.shape()}}, where);
    if (std::min(x.shape()[1], x.shape()[2]) + 2 * options.padding < options.size)
      fail(op,
           "needs images of at least one window of size " + std::to_string(options.size) +
               " with padding " + std::to_string(options.padding),
           {{"x", x.shape()}}, where);
    images = extent(x, 0);
    height = extent(x, 1);
    width = extent(x, 2);
    channels = extent(x, 3);
    size = static_cast<std::size_t>(options.size);
    stride = static_cast<std::size_t>(step);
    padding = static_cast<std::size_t>(options.padding);
    out_height = (height + 2 * padding - size) / stride + 1;
    out_width = (width + 2 * padding - size) / stride + 1;
  }
  Shape out_shape() const {
    return {static_cast<Index>(images), static_cast<Index>(out_height),
            static_cast<Index>(out_width), static_cast<Index>(channels)};
  }
  std::size_t in_size() const { return height * width * channels; }
  std::size_t out_size() const { return out_height * out_width * channels; }
  std::size_t grain() const {
    return std::max<std::size_t>(1, kernels::kElementGrain / std::max<std::size_t>(1, in_size()));
  }
  /// Whether every pixel is in just one window.
  bool tile() const {
    return padding == 0 && stride == size && height % size == 0 && width % size == 0;
  }
  // Calls body(place of the window's result, place of a pixel in it, whether it is the first) for
  // all windows of an image and their pixels inside the image, in order; places in numbers.
  template <class Body>
  void for_pixels(Body body) const {
    for (std::size_t y = 0; y < out_height; ++y)
      for (std::size_t x = 0; x < out_width; ++x) {
        const std::size_t result = (y * out_width + x) * channels;
        const std::size_t top = std::max(y * stride, padding) - padding;
        const std::size_t left = std::max(x * stride, padding) - padding;
        const std::size_t bottom = std::min(y * stride + size - padding, height);
        const std::size_t right = std::min(x * stride + size - padding, width);
        for (std::size_t row = top; row < bottom; ++row)
          for (std::size_t col = left; col < right; ++col)
            body(result, (row * width + col) * channels, row == top && col == left);
      }
  }

  std::size_t images = 0, height = 0, width = 0, channels = 0;
  std::size_t size = 0, stride = 0, padding = 0;
  std::size_t out_height = 0, out_width = 0;
};

// Calls body(image) for all images, side by side.
template <class Body>
void for_images(std::size_t images, std::size_t grain, Body body) {
  parallel_for(images, grain, [&](std::size_t begin, std::size_t end) {
    for (std::size_t image = begin; image < end; ++image) body(image);
  });
}

}  // namespace

Tensor max_pool2d(const Tensor& x, const Pool2dOptions& options, Where where) {
  const Windows windows("max_pool2d", x, options, where);
  const Tensor out = Tensor::empty(windows.out_shape());
  Scratch<Index> places(out.size());  // of the largest, in its image
  for_images(windows.images, windows.grain(), [&](std::size_t image) {
    const Real* const from = x.data() + image * windows.in_size();
    Real* const to = out.mutable_data() + image * windows.out_size();
    Index* const at = places.data() + image * windows.out_size();
    windows.for_pixels([&](std::size_t result, std::size_t pixel, bool first) {
      const std::size_t channels = windows.channels;
      Real* __restrict most = to + result;
      Index* __restrict place = at + result;
      const Real* __restrict values = from + pixel;
      const auto here = static_cast<Index>(pixel);
      if (first) {
        for (std::size_t c = 0; c < channels; ++c) {
          most[c] = values[c];
          place[c] = here;
        }
        return;
      }
      for (std::size_t c = 0; c < channels; ++c) {
        const Real value = values[c];
        const bool stay = (value <= most[c]) | (most[c] != most[c]);  // a NaN wins, and stays
        most[c] = stay ? most[c] : value;
        place[c] = stay ? place[c] : here;
      }
    });
  });
  Tape::current().record("max_pool2d", out, {&x}, [x, out, windows, own = std::move(places)] {
    const GradientTarget target = x.gradient_target();
    const Real* const upstream = out.grad().data();
    const bool write = target.fresh && windows.tile();
    for_images(windows.images, windows.grain(), [&](std::size_t image) {
      Real* const to = target.data + image * windows.in_size();
      const Real* const all = upstream + image * windows.out_size();
      const Index* const at = own.data() + image * windows.out_size();
      if (target.fresh && !write) std::fill_n(to, windows.in_size(), Real{0});
      windows.for_pixels([&](std::size_t result, std::size_t pixel, bool) {
        Real* __restrict sum = to + pixel;
        const Real* __restrict g = all + result;
        const Index* __restrict place = at + result;
        const auto here = static_cast<Index>(pixel);
        if (write) {
          for (std::size_t c = 0; c < windows.channels; ++c)
            sum[c] = place[c] == here ? g[c] : Real{0};
        } else {
          for (std::size_t c = 0; c < windows.channels; ++c)
            sum[c] += place[c] == here ? g[c] : Real{0};
        }
      });
    });
  });
  return out;
}

Tensor average_pool2d(const Tensor& x, const Pool2dOptions& options, Where where) {
  const Windows windows("average_pool2d", x, options, where);
  const Tensor out = Tensor::empty(windows.out_shape());
  const Real share = Real{1} / static_cast<Real>(windows.size * windows.size);
  for_images(windows.images, windows.grain(), [&](std::size_t image) {
    const Real* const from = x.data() + image * windows.in_size();
    Real* const to = out.mutable_data() + image * windows.out_size();
    std::fill_n(to, windows.out_size(), Real{0});
    windows.for_pixels([&](std::size_t result, std::size_t pixel, bool) {
      Real* __restrict sum = to + result;
      const Real* __restrict values = from + pixel;
      for (std::size_t c = 0; c < windows.channels; ++c) sum[c] += values[c] * share;
    });
  });
  Tape::current().record("average_pool2d", out, {&x}, [x, out, windows, share] {
    const GradientTarget target = x.gradient_target();
    const Real* const upstream = out.grad().data();
    for_images(windows.images, windows.grain(), [&](std::size_t image) {
      Real* const to = target.data + image * windows.in_size();
      const Real* const from = upstream + image * windows.out_size();
      if (target.fresh) std::fill_n(to, windows.in_size(), Real{0});
      windows.for_pixels([&](std::size_t result, std::size_t pixel, bool) {
        Real* __restrict sum = to + pixel;
        const Real* __restrict values = from + result;
        for (std::size_t c = 0; c < windows.channels; ++c) sum[c] += values[c] * share;
      });
    });
  });
  return out;
}

Tensor global_average_pool(const Tensor& x, Where where) {
  check_image("global_average_pool", x, where);
  const std::size_t pixels = extent(x, 1) * extent(x, 2);
  const std::size_t channels = extent(x, 3);
  if (pixels == 0)
    fail("global_average_pool", "needs images with pixels", {{"x", x.shape()}}, where);
  const Tensor out = Tensor::empty({x.shape()[0], x.shape()[3]});
  const Real share = Real{1} / static_cast<Real>(pixels);
  const std::size_t grain = std::max<std::size_t>(
      1, kernels::kElementGrain / std::max<std::size_t>(1, pixels * channels));
  for_images(extent(x, 0), grain, [&](std::size_t image) {
    Real* __restrict to = out.mutable_data() + image * channels;
    const Real* __restrict from = x.data() + image * pixels * channels;
    std::fill_n(to, channels, Real{0});
    for (std::size_t p = 0; p < pixels; ++p, from += channels)
      for (std::size_t c = 0; c < channels; ++c) to[c] += from[c];
    for (std::size_t c = 0; c < channels; ++c) to[c] *= share;
  });
  Tape::current().record("global_average_pool", out, {&x},
                         [x, out, pixels, channels, share, grain] {
                           const GradientTarget target = x.gradient_target();
                           const Real* const upstream = out.grad().data();
                           for_images(extent(x, 0), grain, [&](std::size_t image) {
                             Real* __restrict to = target.data + image * pixels * channels;
                             const Real* __restrict from = upstream + image * channels;
                             for (std::size_t p = 0; p < pixels; ++p, to += channels)
                               for (std::size_t c = 0; c < channels; ++c)
                                 to[c] = (target.fresh ? Real{0} : to[c]) + from[c] * share;
                           });
                         });
  return out;
}

Tensor subsample_pad(const Tensor& x, Index stride, Index channels, Where where) {
  check_image("subsample_pad", x, where);
  if (stride < 1 || channels < x.shape()[3])
    fail("subsample_pad",
         "needs stride >= 1 and at least the channels of x, not stride " + std::to_string(stride) +
             ", channels " + std::to_string(channels),
         {{"x", x.shape()}}, where);
  const auto reduced = [stride](Index size) { return (size + stride - 1) / stride; };
  const Tensor out =
      Tensor::empty({x.shape()[0], reduced(x.shape()[1]), reduced(x.shape()[2]), channels});
  // Calls body(place in x, place in out) for the pixels of an image that are kept.
  const auto for_kept = [step = static_cast<std::size_t>(stride)](
                            const Tensor& in, const Tensor& result, std::size_t image, auto body) {
    const std::size_t height = extent(result, 1);
    const std::size_t width = extent(result, 2);
    for (std::size_t y = 0; y < height; ++y)
      for (std::size_t col = 0; col < width; ++col)
        body(((image * extent(in, 1) + y * step) * extent(in, 2) + col * step) * extent(in, 3),
             ((image * height + y) * width + col) * extent(result, 3));
  };
  const std::size_t kept = extent(x, 3);
  const std::size_t all = extent(out, 3);
  const std::size_t before = (all - kept) / 2;
  const std::size_t per_image = extent(x, 1) * extent(x, 2) * kept;
  const std::size_t grain =
      std::max<std::size_t>(1, kernels::kElementGrain / std::max<std::size_t>(1, per_image));
  for_images(extent(x, 0), grain, [&](std::size_t image) {
    for_kept(x, out, image, [&](std::size_t from, std::size_t to) {
      Real* const pixel = out.mutable_data() + to;
      std::fill_n(pixel, before, Real{0});
      std::copy_n(x.data() + from, kept, pixel + before);
      std::fill_n(pixel + before + kept, all - before - kept, Real{0});
    });
  });
  Tape::current().record("subsample_pad", out, {&x},
                         [x, out, for_kept, kept, before, per_image, grain] {
                           const GradientTarget target = x.gradient_target();
                           const Real* const upstream = out.grad().data();
                           for_images(extent(x, 0), grain, [&](std::size_t image) {
                             if (target.fresh)
                               std::fill_n(target.data + image * per_image, per_image, Real{0});
                             for_kept(x, out, image, [&](std::size_t to, std::size_t from) {
                               for (std::size_t c = 0; c < kept; ++c)
                                 target.data[to + c] += upstream[from + before + c];
                             });
                           });
                         });
  return out;
}

}  // namespace TAILGRAD_PRECISION
}  // namespace tailgrad
