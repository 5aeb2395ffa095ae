#include <tailgrad/core/ops/softmax.h>

#include <cmath>
#include <limits>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <support/gradients.h>
#include <tailgrad/core/ops/arithmetic.h>
#include <tailgrad/core/tape.h>

namespace tailgrad {
namespace {

using test::numbers;
using test::wanted;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::IsNan;

constexpr Real kInfinite = std::numeric_limits<Real>::infinity();

TEST(Softmax, ValuesAndGradients) {
  for (const Shape& shape : {Shape{}, Shape{5}, Shape{1, 1}, Shape{3, 7}, Shape{4, 1}, Shape{0, 3},
                             Shape{3, 0}, Shape{5, 33}, Shape{2, 3, 5}}) {
    SCOPED_TRACE(shape.text());
    const Tensor x = wanted(shape, -4, 4);
    const Tensor p = softmax(x);
    const Tensor log_p = log_softmax(x);
    const Tensor total = logsumexp(x);
    EXPECT_EQ(p.shape(), shape);
    EXPECT_EQ(log_p.shape(), shape);
    const auto cols = static_cast<std::size_t>(x.cols());
    ASSERT_EQ(total.size(), static_cast<std::size_t>(x.rows()));
    for (std::size_t r = 0; r < total.size(); ++r) {
      double sum = 0;
      for (std::size_t c = 0; c < cols; ++c) sum += std::exp(x.data()[r * cols + c]);
      if (cols > 0) {
        EXPECT_NEAR(total.data()[r], std::log(sum), 1e-12);
      }
      for (std::size_t i = r * cols; i < (r + 1) * cols; ++i) {
        EXPECT_NEAR(p.data()[i], std::exp(x.data()[i]) / sum, 1e-14);
        EXPECT_NEAR(log_p.data()[i], x.data()[i] - std::log(sum), 1e-12);
      }
    }
    EXPECT_GRADIENTS(softmax, x);
    EXPECT_GRADIENTS(log_softmax, x);
    if (x.cols() > 0) {
      EXPECT_GRADIENTS(logsumexp, x);
    }
  }
}

TEST(Softmax, SaturatedLogits) {
  const Tensor x = Tensor::from({2, 3}, std::vector<Real>{1e4, 0, -1e4, -1e4, -1e4, -1e4});
  EXPECT_THAT(softmax(x).values(), ElementsAre(1, 0, 0, Real{1} / 3, Real{1} / 3, Real{1} / 3));
  EXPECT_THAT(logsumexp(x).values(), ElementsAre(1e4, std::log(3.0) - 1e4));
  EXPECT_EQ(log_softmax(x).data()[2], -2e4);
  // One class at 100: the others have probabilities near 1e-44, gradients are compared there too.
  Tensor steep = numbers({2, 4}, -1, 1);
  steep.mutable_data()[1] = 100;
  steep.require_grad();
  EXPECT_GRADIENTS(softmax, steep);
  EXPECT_GRADIENTS(log_softmax, steep);
  EXPECT_GRADIENTS(logsumexp, steep);
}

TEST(Softmax, MinusInfinityIsAClassThatCannotBe) {
  Tensor x = Tensor::from({2, 2}, std::vector<Real>{-kInfinite, 0, -kInfinite, -kInfinite});
  EXPECT_THAT(softmax(x).values(), ElementsAre(0, 1, IsNan(), IsNan()));
  x.require_grad();
  const Tensor total = logsumexp(x);
  EXPECT_THAT(total.values(), ElementsAre(0, -kInfinite));
  Tape::current().backward(total, Tensor::full({2, 1}, 1));
  EXPECT_THAT(x.grad(), ElementsAre(0, 1, 0, 0));
  EXPECT_THAT(logsumexp(Tensor::zeros({2, 0})).values(), Each(-kInfinite));
}

TEST(Softmax, ARowShiftChangesNothing) {
  const Tensor x = numbers({3, 5}, -2, 2);
  const Tensor p = softmax(x);
  const Tensor shifted = softmax(add(x, 1000));
  for (std::size_t i = 0; i < p.size(); ++i) EXPECT_NEAR(p.data()[i], shifted.data()[i], 1e-12);
}

}  // namespace
}  // namespace tailgrad
