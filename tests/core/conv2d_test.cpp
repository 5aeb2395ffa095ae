#include <tailgrad/core/ops/conv2d.h>

#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <support/gradients.h>
#include <support/messages.h>
#include <tailgrad/core/tape.h>

namespace tailgrad {
namespace {

using test::message_of;
using test::numbers;
using test::wanted;
using ::testing::HasSubstr;

struct ConvCase {
  Shape x;
  Shape weight;
  Conv2dOptions options;
};

// Sizes of one and odd sizes; channels below, at and above a register; few taps (expanded) and
// many; filters that some strides never reach.
const std::vector<ConvCase> kConvCases = {
    {{2, 5, 4, 3}, {4, 3, 3, 3}, {.stride = 1, .padding = 1}},
    {{1, 1, 1, 1}, {1, 1, 1, 1}, {}},
    {{3, 1, 7, 2}, {5, 2, 1, 3}, {.stride = 2, .padding = 1}},
    {{2, 6, 5, 9}, {7, 9, 3, 3}, {.stride = 2, .padding = 1}},
    {{1, 6, 6, 5}, {8, 5, 3, 3}, {.stride = 2, .padding = 0}},
    {{2, 7, 3, 16}, {17, 16, 3, 3}, {.stride = 1, .padding = 1}},
    {{1, 5, 5, 33}, {9, 33, 2, 2}, {.stride = 3, .padding = 0}},
    {{2, 4, 4, 40}, {16, 40, 1, 1}, {.stride = 2, .padding = 0}},
    {{1, 3, 4, 2}, {40, 2, 5, 5}, {.stride = 1, .padding = 2}},
    {{1, 2, 2, 6}, {3, 6, 3, 4}, {.stride = 4, .padding = 3}},
    {{0, 4, 4, 2}, {3, 2, 3, 3}, {.stride = 1, .padding = 1}},
};

Tensor straight(const Tensor& x, const Tensor& w, const Tensor& b, const Conv2dOptions& options) {
  const auto size = [&](int axis) {
    return (x.shape()[axis] + 2 * options.padding - w.shape()[axis + 1]) / options.stride + 1;
  };
  const Index filters = w.shape()[0], channels = w.shape()[1], rows = w.shape()[2],
              cols = w.shape()[3], height = x.shape()[1], width = x.shape()[2];
  const Tensor out = Tensor::zeros({x.shape()[0], size(1), size(2), filters});
  Real* to = out.mutable_data();
  for (Index i = 0; i < x.shape()[0]; ++i)
    for (Index y = 0; y < size(1); ++y)
      for (Index z = 0; z < size(2); ++z)
        for (Index k = 0; k < filters; ++k, ++to) {
          *to = b.defined() ? b.data()[k] : 0;
          for (Index c = 0; c < channels; ++c)
            for (Index u = 0; u < rows; ++u)
              for (Index v = 0; v < cols; ++v) {
                const Index row = y * options.stride + u - options.padding;
                const Index col = z * options.stride + v - options.padding;
                if (row < 0 || row >= height || col < 0 || col >= width) continue;
                *to += x.data()[((i * height + row) * width + col) * channels + c] *
                       w.data()[((k * channels + c) * rows + u) * cols + v];
              }
        }
  return out;
}

TEST(Conv2d, ValuesFollowTheFormula) {
  for (const ConvCase& c : kConvCases) {
    SCOPED_TRACE(c.x.text() + " " + c.weight.text());
    const Tensor x = numbers(c.x, -2, 2, 1), w = numbers(c.weight, -2, 2, 2);
    for (const Tensor& bias : {Tensor(), numbers({c.weight[0]}, -2, 2, 3)}) {
      const Tensor out = conv2d(x, w, bias, c.options);
      const Tensor expected = straight(x, w, bias, c.options);
      ASSERT_EQ(out.shape(), expected.shape());
      for (std::size_t i = 0; i < out.size(); ++i)
        ASSERT_NEAR(out.data()[i], expected.data()[i], 1e-11) << i;
    }
  }
}

TEST(Conv2d, Gradients) {
  for (const ConvCase& c : kConvCases) {
    SCOPED_TRACE(c.x.text() + " " + c.weight.text());
    EXPECT_GRADIENTS([&](const Tensor& x, const Tensor& w,
                         const Tensor& b) { return conv2d(x, w, b, c.options); },
                     wanted(c.x, -2, 2, 1), wanted(c.weight, -2, 2, 2),
                     wanted({c.weight[0]}, -2, 2, 3));
  }
}

// Many images, so that there are several groups of filter gradients.
TEST(Conv2d, GradientsOfManyImages) {
  EXPECT_GRADIENTS([](const Tensor& x,
                      const Tensor& w) { return conv2d(x, w, {}, {.stride = 2, .padding = 1}); },
                   wanted({37, 3, 2, 2}, -2, 2, 1), wanted({3, 2, 3, 3}, -2, 2, 2));
}

TEST(Conv2d, BadShapesAndOptionsAreNamed) {
  const Tensor x = Tensor::zeros({2, 4, 5, 3});
  const std::string rule =
      "conv2d: needs x [images, height, width, channels] and weight [filters, channels, rows, "
      "cols] that fits into the image with padding 0";
  EXPECT_THAT(message_of([&] {
                conv2d(x, Tensor::zeros({6, 2, 3, 3}));
              }),
              HasSubstr(rule + "; got x [2, 4, 5, 3], weight [6, 2, 3, 3]"));
  EXPECT_THAT(message_of([&] { conv2d(x, Tensor::zeros({6, 3, 5, 3})); }), HasSubstr(rule));
  EXPECT_THAT(message_of([&] {
                conv2d(Tensor::zeros({2, 4, 5}), Tensor::zeros({6, 3, 3, 3}));
              }),
              HasSubstr("got x [2, 4, 5], weight [6, 3, 3, 3]"));
  EXPECT_THAT(message_of([&] {
                conv2d(x, Tensor::zeros({6, 3, 3, 3}), Tensor::zeros({3}));
              }),
              HasSubstr("and bias [filters]; got x [2, 4, 5, 3], weight [6, 3, 3, 3], bias [3]"));
  EXPECT_THAT(message_of([&] {
                conv2d(x, Tensor::zeros({6, 3, 3, 3}), {}, {.stride = 0});
              }),
              HasSubstr("conv2d: needs stride >= 1 and padding >= 0, not stride 0, padding 0"));
}

}  // namespace
}  // namespace tailgrad
