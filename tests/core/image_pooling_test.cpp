#include <tailgrad/core/ops/image_pooling.h>

#include <limits>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <support/gradients.h>
#include <support/messages.h>
#include <tailgrad/core/tape.h>

namespace tailgrad {
namespace {

using test::message_of;
using test::wanted;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

struct PoolCase {
  Shape x;
  Pool2dOptions options;
};
const std::vector<PoolCase> kPoolCases = {{{2, 4, 4, 3}, {}},
                                          {{1, 5, 3, 1}, {.size = 3, .stride = 2, .padding = 1}},
                                          {{3, 1, 1, 5}, {.size = 1}},
                                          {{2, 5, 4, 2}, {.size = 2, .stride = 1}},
                                          {{1, 7, 5, 17}, {.size = 3, .stride = 1, .padding = 1}},
                                          {{0, 4, 4, 2}, {}}};

// Numbers so far apart that differences never change which one is the largest.
Tensor apart(const Shape& shape) {
  Tensor x = Tensor::empty(shape);
  for (std::size_t i = 0; i < x.size(); ++i)
    x.mutable_data()[i] = Real(0.01) * static_cast<Real>(i * 7919 % 1009);
  return x.require_grad();
}

TEST(Pooling, Gradients) {
  for (const PoolCase& c : kPoolCases) {
    SCOPED_TRACE(c.x.text());
    EXPECT_GRADIENTS([&](const Tensor& x) { return max_pool2d(x, c.options); }, apart(c.x));
    EXPECT_GRADIENTS([&](const Tensor& x) { return average_pool2d(x, c.options); }, wanted(c.x));
    EXPECT_GRADIENTS([](const Tensor& x) { return global_average_pool(x); }, wanted(c.x));
    for (const Index stride : {1, 2, 3})
      for (const Index more : {0, 1, 4})
        EXPECT_GRADIENTS(
            [&](const Tensor& x) { return subsample_pad(x, stride, c.x.cols() + more); },
            wanted(c.x));
  }
}

TEST(Pooling, Values) {
  const Tensor x = Tensor::from({1, 2, 3, 1}, std::vector<Real>{1, 5, 2, 4, 3, 6});
  EXPECT_THAT(max_pool2d(x, {.size = 2, .stride = 1}).values(), ElementsAre(5, 6));
  EXPECT_THAT(max_pool2d(x, {.size = 2, .padding = 1}).values(), ElementsAre(1, 5, 4, 6));
  EXPECT_THAT(average_pool2d(x, {.size = 2, .stride = 1}).values(), ElementsAre(3.25, 4));
  EXPECT_THAT(average_pool2d(x, {.size = 2, .padding = 1}).values(),
              ElementsAre(0.25, 1.75, 1, 2.25));
  EXPECT_THAT(global_average_pool(x).values(), ElementsAre(3.5));
  EXPECT_THAT(subsample_pad(x, 2, 3).values(), ElementsAre(0, 1, 0, 0, 2, 0));
  EXPECT_THAT(subsample_pad(x, 2, 2).values(), ElementsAre(1, 0, 2, 0));
}

TEST(Pooling, TheFirstOfEqualsGetsTheGradientAndANanWins) {
  Tensor x = Tensor::full({1, 2, 2, 1}, 3);
  x.require_grad();
  backward(max_pool2d(x));
  EXPECT_THAT(x.grad(), ElementsAre(1, 0, 0, 0));
  const Real nan = std::numeric_limits<Real>::quiet_NaN();
  const Tensor y = max_pool2d(Tensor::from({1, 2, 2, 1}, std::vector<Real>{1, nan, 7, 2}));
  EXPECT_NE(y.item(), y.item());
}

TEST(Pooling, BadShapesAndOptionsAreNamed) {
  const Tensor x = Tensor::zeros({2, 3, 4, 5});
  EXPECT_THAT(message_of([&] {
                max_pool2d(Tensor::zeros({2, 3}));
              }),
              HasSubstr("max_pool2d: needs x [images, height, width, channels]; got x [2, 3]"));
  EXPECT_THAT(message_of([&] { max_pool2d(x, {.size = 4}); }),
              HasSubstr("needs images of at least one window of size 4 with padding 0; got x [2, "
                        "3, 4, 5]"));
  EXPECT_THAT(message_of([&] { average_pool2d(x, {.size = 2, .padding = 2}); }),
              HasSubstr("average_pool2d: needs size >= 1, stride >= 0 and 0 <= padding <= size / "
                        "2, not size 2, stride 2, padding 2"));
  EXPECT_THAT(message_of([&] {
                global_average_pool(Tensor::zeros({2, 0, 4, 5}));
              }),
              HasSubstr("needs images with pixels"));
  EXPECT_THAT(message_of([&] { subsample_pad(x, 2, 4); }),
              HasSubstr("subsample_pad: needs stride >= 1 and at least the channels of x, not "
                        "stride 2, channels 4; got x [2, 3, 4, 5]"));
}

}  // namespace
}  // namespace tailgrad
