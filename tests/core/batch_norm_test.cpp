#include <tailgrad/core/ops/batch_norm.h>

#include <cmath>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <support/gradients.h>
#include <support/messages.h>
#include <tailgrad/core/ops/activations.h>
#include <tailgrad/core/ops/arithmetic.h>
#include <tailgrad/core/tape.h>

namespace tailgrad {
namespace {

using test::message_of;
using test::numbers;
using test::wanted;
using ::testing::HasSubstr;

const std::vector<Shape> kShapes = {{2, 1},       {3, 5},        {600, 3},
                                    {2, 3, 2, 4}, {3, 2, 2, 16}, {2, 1, 3, 66}};

RunningMoments moments(Index channels) {
  return {numbers({channels}, -1, 1, 8), numbers({channels}, 0.5, 2, 9)};
}

TEST(BatchNorm, ValuesAndRunningMomentsFollowTheFormula) {
  for (const Shape& shape : kShapes) {
    SCOPED_TRACE(shape.text());
    const Index channels = shape.cols();
    const Index rows = shape.rows();
    const Tensor x = numbers(shape, 5, 9, 1), gain = numbers({channels}, -2, 2, 2),
                 bias = numbers({channels}, -2, 2, 3);
    const RunningMoments before = moments(channels);
    const RunningMoments now = moments(channels);
    const Tensor trained = batch_norm(x, gain, bias, now, {.momentum = 0.3, .epsilon = 1e-3});
    for (Index c = 0; c < channels; ++c) {
      double mean = 0, squares = 0;
      for (Index r = 0; r < rows; ++r) mean += x.data()[r * channels + c] / rows;
      for (Index r = 0; r < rows; ++r) squares += std::pow(x.data()[r * channels + c] - mean, 2);
      for (Index r = 0; r < rows; ++r)
        ASSERT_NEAR(trained.data()[r * channels + c],
                    (x.data()[r * channels + c] - mean) / std::sqrt(squares / rows + 1e-3) *
                            gain.data()[c] +
                        bias.data()[c],
                    1e-10);
      EXPECT_NEAR(now.mean.data()[c], 0.7 * before.mean.data()[c] + 0.3 * mean, 1e-12);
      EXPECT_NEAR(now.variance.data()[c],
                  0.7 * before.variance.data()[c] + 0.3 * squares / (rows - 1), 1e-12);
    }
    const Tensor used = batch_norm(x, gain, bias, before, {.training = false, .epsilon = 1e-3});
    for (std::size_t i = 0; i < x.size(); ++i) {
      const std::size_t c = i % static_cast<std::size_t>(channels);
      ASSERT_NEAR(used.data()[i],
                  (x.data()[i] - before.mean.data()[c]) /
                          std::sqrt(before.variance.data()[c] + 1e-3) * gain.data()[c] +
                      bias.data()[c],
                  1e-12);
    }
    EXPECT_EQ(before.mean.data()[0], moments(channels).mean.data()[0]);
  }
}

TEST(BatchNorm, RunningMomentsMayStayWhereTheyAre) {
  const RunningMoments now = moments(3);
  batch_norm(numbers({4, 3}, -1, 1), Tensor::full({3}, 1), Tensor::zeros({3}), now,
             {.update_running = false});
  for (std::size_t c = 0; c < 3; ++c) {
    EXPECT_EQ(now.mean.data()[c], moments(3).mean.data()[c]);
    EXPECT_EQ(now.variance.data()[c], moments(3).variance.data()[c]);
  }
}

// A bias that puts whole channels above or below the kink of relu: the mixture of both is tested
// against composed ops.
Tensor far_bias(Index channels, bool relu) {
  Tensor bias = numbers({channels}, -2, 2, 3);
  for (Index c = 0; relu && c < channels; ++c) bias.mutable_data()[c] = c % 2 == 0 ? 8 : -8;
  return bias.require_grad();
}

TEST(BatchNorm, Gradients) {
  for (const Shape& shape : kShapes)
    for (const bool training : {true, false})
      for (const bool relu : {false, true}) {
        SCOPED_TRACE(shape.text());
        const Index channels = shape.cols();
        const RunningMoments running = moments(channels);
        const BatchNormOptions options{
            .training = training, .update_running = false, .epsilon = 0.1, .relu = relu};
        const Tensor x = wanted(shape, -2, 2, 1), gain = wanted({channels}, 0.5, 2, 2),
                     bias = far_bias(channels, relu);
        EXPECT_GRADIENTS([&](const Tensor& in, const Tensor& g,
                             const Tensor& b) { return batch_norm(in, g, b, running, options); },
                         x, gain, bias);
        EXPECT_GRADIENTS([&](const Tensor& in, const Tensor& g, const Tensor& b,
                             const Tensor& r) { return batch_norm(in, g, b, running, options, r); },
                         x, gain, bias, wanted(shape, -2, 2, 4));
      }
  EXPECT_GRADIENTS(
      [](const Tensor& x, const Tensor& g, const Tensor& b) {
        return batch_norm(x, g, b, moments(3), {.update_running = false}, x);
      },
      wanted({5, 3}), wanted({3}, 1, 2, 2), wanted({3}, -1, 1, 3));
}

TEST(Conv2dBatchNorm, Gradients) {
  struct Fused {
    Shape x, weight;
    Conv2dOptions conv;
    bool training, relu, residual;
  };
  for (const Fused& c : {Fused{{3, 4, 3, 2}, {3, 2, 3, 3}, {1, 1}, true, true, true},
                         Fused{{2, 5, 5, 17}, {16, 17, 3, 3}, {2, 1}, true, true, false},
                         Fused{{2, 3, 3, 4}, {5, 4, 1, 1}, {2, 0}, true, false, true},
                         Fused{{2, 3, 3, 2}, {4, 2, 3, 3}, {1, 1}, false, true, true},
                         Fused{{1, 2, 2, 1}, {1, 1, 1, 1}, {1, 0}, true, false, false}}) {
    SCOPED_TRACE(c.x.text());
    const Index filters = c.weight[0];
    const RunningMoments running = moments(filters);
    const BatchNormOptions options{
        .training = c.training, .update_running = false, .epsilon = 0.1, .relu = c.relu};
    const Shape out = conv2d(numbers(c.x, 0, 1), numbers(c.weight, 0, 1), {}, c.conv).shape();
    const Tensor x = wanted(c.x, -2, 2, 1), w = wanted(c.weight, -2, 2, 2),
                 g = wanted({filters}, 0.5, 2, 3), b = wanted({filters}, -2, 2, 4);
    if (c.residual) {
      EXPECT_GRADIENTS(
          [&](const Tensor& i, const Tensor& f, const Tensor& s, const Tensor& o, const Tensor& r) {
            return conv2d_batch_norm(i, f, s, o, running, c.conv, options, r);
          },
          x, w, g, b, wanted(out, -2, 2, 5));
    } else {
      EXPECT_GRADIENTS(
          [&](const Tensor& i, const Tensor& f, const Tensor& s, const Tensor& o) {
            return conv2d_batch_norm(i, f, s, o, running, c.conv, options);
          },
          x, w, g, b);
    }
  }
}

TEST(Conv2dBatchNorm, FusedEqualsComposed) {
  const Tensor x = wanted({20, 6, 5, 16}, -2, 2, 1), w = wanted({32, 16, 3, 3}, -1, 1, 2),
               g = wanted({32}, -2, 2, 3), b = wanted({32}, -2, 2, 4),
               r = wanted({20, 6, 5, 32}, -2, 2, 5);
  const Tensor upstream = numbers({20, 6, 5, 32}, -1, 1, 6);
  for (const bool training : {true, false}) {
    const RunningMoments one = moments(32), two = moments(32);
    const Tensor fused =
        conv2d_batch_norm(x, w, g, b, one, {.padding = 1}, {.training = training, .relu = true}, r);
    Tape::current().backward(fused, upstream);
    std::vector<std::vector<Real>> gradients;
    for (Tensor t : {x, w, g, b, r}) {
      gradients.emplace_back(t.grad().begin(), t.grad().end());
      t.clear_grad();
    }
    const Tensor parts = relu(
        add(batch_norm(conv2d(x, w, {}, {.padding = 1}), g, b, two, {.training = training}), r));
    Tape::current().backward(parts, upstream);
    for (std::size_t i = 0; i < fused.size(); ++i)
      ASSERT_NEAR(fused.data()[i], parts.data()[i], 1e-12);
    std::size_t k = 0;
    for (Tensor t : {x, w, g, b, r}) {
      for (std::size_t i = 0; i < t.size(); ++i) ASSERT_NEAR(gradients[k][i], t.grad()[i], 1e-10);
      t.clear_grad();
      ++k;
    }
    for (std::size_t c = 0; c < 32; ++c) {
      EXPECT_NEAR(one.mean.data()[c], two.mean.data()[c], 1e-13);
      EXPECT_NEAR(one.variance.data()[c], two.variance.data()[c], 1e-12);
    }
    const NoGrad no_grad;  // another way through the op: nothing is kept
    const Tensor alone = conv2d_batch_norm(x, w, g, b, moments(32), {.padding = 1},
                                           {.training = training, .relu = true}, r);
    for (std::size_t i = 0; i < fused.size(); ++i)
      ASSERT_NEAR(fused.data()[i], alone.data()[i], 1e-13);
  }
}

TEST(BatchNorm, BadShapesAndOptionsAreNamed) {
  const Tensor five = Tensor::zeros({5});
  const RunningMoments running{five, five};
  EXPECT_THAT(message_of([&] {
                batch_norm(Tensor::zeros({2, 4}), five, five, running);
              }),
              HasSubstr("batch_norm: needs x [.., channels] and gain, bias, running mean and "
                        "variance [channels]; got x [2, 4], gain [5], bias [5], mean [5], variance "
                        "[5]"));
  EXPECT_THAT(message_of([&] {
                batch_norm(Tensor::zeros({2, 5}), five, five, running, {}, Tensor::zeros({5}));
              }),
              HasSubstr("got x [2, 5], residual [5], gain [5], bias [5]"));
  EXPECT_THAT(message_of([&] {
                batch_norm(Tensor::zeros({1, 5}), five, five, running);
              }),
              HasSubstr("needs at least two rows to train: one row has no variance; got x [1, 5]"));
  EXPECT_THAT(message_of([&] {
                batch_norm(Tensor::zeros({2, 5}), five, five, running, {.momentum = 2});
              }),
              HasSubstr("needs 0 <= momentum <= 1"));
  EXPECT_THAT(message_of([&] {
                batch_norm(Tensor::zeros({2, 5}), five, five, running, {.epsilon = -1});
              }),
              HasSubstr("needs epsilon >= 0"));
  EXPECT_THAT(message_of([&] {
                batch_norm(Tensor::zeros({2, 5}), five, five, {});
              }),
              HasSubstr("needs running moments [channels]"));
  EXPECT_THAT(message_of([&] {
                conv2d_batch_norm(Tensor::zeros({2, 3, 3, 1}), Tensor::zeros({4, 1, 3, 3}), five,
                                  five, running);
              }),
              HasSubstr("conv2d_batch_norm: needs x [.., channels]"));
}

}  // namespace
}  // namespace tailgrad
