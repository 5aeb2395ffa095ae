#include <tailgrad/core/operators.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <support/gradients.h>
#include <support/messages.h>

namespace tailgrad {
namespace {

using test::message_of;
using test::wanted;
using ::testing::HasSubstr;

TEST(Operators, AreTheOps) {
  const Tensor a = Tensor::full({2}, 6);
  const Tensor b = Tensor::full({2}, 3);
  const auto first = [](const Tensor& t) { return t.data()[0]; };
  EXPECT_EQ(first(a + b), 9);
  EXPECT_EQ(first(a - b), 3);
  EXPECT_EQ(first(a * b), 18);
  EXPECT_EQ(first(a / b), 2);
  EXPECT_EQ(first(a + 1), 7);
  EXPECT_EQ(first(1 + a), 7);
  EXPECT_EQ(first(a - 1), 5);
  EXPECT_EQ(first(1 - a), -5);
  EXPECT_EQ(first(a * 2), 12);
  EXPECT_EQ(first(2 * a), 12);
  EXPECT_EQ(first(a / 2), 3);
  EXPECT_EQ(first(12 / a), 2);
  EXPECT_EQ(first(-a), -6);
  EXPECT_EQ(first((a + b) * (a - b) / -b), -9);
}

TEST(Operators, Gradients) {
  EXPECT_GRADIENTS(
      [](const Tensor& x, const Tensor& y) { return (x + 2 * y) * (x - y) / (1 + y) - 3 / x; },
      wanted({3, 4}, 0.5, 2), wanted({4}, 0.5, 2));
}

TEST(Operators, NameTheLineOfTheMistake) {
  const Tensor a = Tensor::zeros({2, 3});
  const Tensor b = Tensor::zeros({4});
  const int line = __LINE__ + 1;
  EXPECT_THAT(message_of([&] { (void)(a + b); }),
              HasSubstr("got a [2, 3], b [4] (called from operators_test.cpp:" +
                        std::to_string(line) + ")"));
}

}  // namespace
}  // namespace tailgrad
