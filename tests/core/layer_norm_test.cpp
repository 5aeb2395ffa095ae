#include <tailgrad/core/ops/layer_norm.h>

#include <cmath>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <support/gradients.h>
#include <support/messages.h>
#include <tailgrad/core/ops/arithmetic.h>
#include <tailgrad/core/tape.h>

namespace tailgrad {
namespace {

using test::message_of;
using test::numbers;
using test::wanted;
using ::testing::HasSubstr;

const std::vector<Shape> kNormShapes = {{1, 2}, {3, 5}, {2, 16}, {2, 3, 33}, {7}, {0, 4}, {40, 3}};

TEST(LayerNorm, ValuesFollowTheFormula) {
  for (const Shape& shape : kNormShapes) {
    const Index width = shape.cols();
    const Tensor x = numbers(shape, -2, 5, 1);
    const Tensor gain = numbers({width}, -2, 2, 2);
    const Tensor bias = numbers({width}, -2, 2, 3);
    const Tensor y = layer_norm(x, gain, bias, 1e-3);
    ASSERT_EQ(y.shape(), shape);
    for (Index r = 0; r < shape.rows(); ++r) {
      const Real* row = x.data() + r * width;
      double mean = 0, variance = 0;
      for (Index i = 0; i < width; ++i) mean += row[i] / width;
      for (Index i = 0; i < width; ++i) variance += (row[i] - mean) * (row[i] - mean) / width;
      for (Index i = 0; i < width; ++i)
        EXPECT_NEAR(y.data()[r * width + i],
                    (row[i] - mean) / std::sqrt(variance + 1e-3) * gain.data()[i] + bias.data()[i],
                    1e-12);
    }
  }
}

TEST(LayerNorm, AConstantRowGivesTheBias) {
  const Tensor y = layer_norm(Tensor::full({2, 1}, 3), Tensor::full({1}, 2), Tensor::full({1}, 7));
  EXPECT_THAT(y.values(), ::testing::ElementsAre(7, 7));
}

TEST(LayerNorm, Gradients) {
  for (const Shape& shape : kNormShapes) {
    SCOPED_TRACE(shape.text());
    const Tensor gain = wanted({shape.cols()}, 0.5, 2, 2);
    const Tensor bias = wanted({shape.cols()}, -2, 2, 3);
    EXPECT_GRADIENTS(
        [](const Tensor& x, const Tensor& g, const Tensor& b) { return layer_norm(x, g, b, 1e-2); },
        wanted(shape, -2, 2, 1), gain, bias);
    EXPECT_GRADIENTS([](const Tensor& x, const Tensor& r, const Tensor& g,
                        const Tensor& b) { return add_layer_norm(x, r, g, b, 1e-2); },
                     wanted(shape, -2, 2, 1), wanted(shape, -2, 2, 4), gain, bias);
  }
  EXPECT_GRADIENTS([](const Tensor& x, const Tensor& g,
                      const Tensor& b) { return add_layer_norm(x, x, g, b, 1e-2); },
                   wanted({3, 5}), wanted({5}), wanted({5}));
}

TEST(LayerNorm, FusedEqualsComposed) {
  const Tensor x = wanted({700, 65}, -2, 2, 1), r = wanted({700, 65}, -2, 2, 2);
  const Tensor gain = wanted({65}, -2, 2, 3), bias = wanted({65}, -2, 2, 4);
  const Tensor upstream = numbers({700, 65}, -1, 1, 5);
  const Tensor fused = add_layer_norm(x, r, gain, bias);
  Tape::current().backward(fused, upstream);
  std::vector<std::vector<Real>> gradients;
  for (Tensor t : {x, r, gain, bias}) {
    gradients.emplace_back(t.grad().begin(), t.grad().end());
    t.clear_grad();
  }
  const Tensor parts = layer_norm(add(x, r), gain, bias);
  Tape::current().backward(parts, upstream);
  for (std::size_t i = 0; i < fused.size(); ++i)
    ASSERT_NEAR(fused.data()[i], parts.data()[i], 1e-13);
  std::size_t k = 0;
  for (const Tensor& t : {x, r, gain, bias}) {
    for (std::size_t i = 0; i < t.size(); ++i) ASSERT_NEAR(gradients[k][i], t.grad()[i], 1e-12);
    ++k;
  }
}

TEST(LayerNorm, BadShapesAreNamed) {
  const Tensor five = Tensor::zeros({5});
  EXPECT_THAT(message_of([&] {
                layer_norm(Tensor::zeros({2, 4}), five, five);
              }),
              HasSubstr("layer_norm: needs x [.., width], gain [width] and bias [width]; got x [2, "
                        "4], gain [5], bias [5]"));
  EXPECT_THAT(message_of([&] {
                add_layer_norm(Tensor::zeros({2, 5}), Tensor::zeros({5}), five, five);
              }),
              HasSubstr("got x [2, 5], residual [5], gain [5], bias [5]"));
  EXPECT_THAT(message_of([&] {
                layer_norm(Tensor::zeros({2, 5}), five, five, -1);
              }),
              HasSubstr("needs epsilon >= 0"));
}

}  // namespace
}  // namespace tailgrad
