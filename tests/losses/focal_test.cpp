#include <losses/check.h>

#include <gmock/gmock.h>
#include <support/messages.h>

namespace tailgrad::test {
namespace {

TEST(Focal, GoldenValues) {
  EXPECT_NEAR(value_of("focal:gamma=2", kLogits, 0), .0110928, 5e-8);
  EXPECT_NEAR(value_of("focal:gamma=2", kLogits, 1), 1.1843458, 5e-8);
  EXPECT_NEAR(value_of("focal:gamma=2", kLogits, 2), 2.9927178, 5e-8);
}

TEST(Focal, WeightsStayOutOfTheProbability) {
  // A widely copied code takes p = exp(-w CE): then this would be 4 (1 - p^4)^2 (-log p).
  const LossSetup weighted{.weights = {4, 1, 1}};
  EXPECT_DOUBLE_EQ(value_of("focal", kLogits, 0, weighted), 4 * value_of("focal", kLogits, 0));
}

TEST(Focal, SmallExponentIsFiniteWhereItIsSure) {
  const Index y = 0;
  for (const double z : {30.0, 100.0, 800.0, 1e4}) {
    const auto at = evaluate(*make_loss("focal:gamma=0.1"), {1, 2}, {z, 0}, {.classes = {&y, 1}});
    EXPECT_TRUE(std::isfinite(at.gradient[0])) << z;
    EXPECT_LE(at.gradient[0], 0);
  }
  // rest^0.1 (0.1 p log(p)/rest - 1) rest with rest = e^-30.
  const auto at = evaluate(*make_loss("focal:gamma=0.1"), {1, 2}, {30, 0}, {.classes = {&y, 1}});
  EXPECT_NEAR(at.gradient[0] / (-1.1 * std::exp(-33.0)), 1, 1e-12);
}

TEST(Focal, SigmoidByHand) {
  const std::vector<std::uint8_t> marks = {1, 0};
  const double p = 1 / (1 + std::exp(-0.5));
  const double q = 1 / (1 + std::exp(1.0));
  const double expected = -0.25 * (1 - p) * (1 - p) * std::log(p) - 0.75 * q * q * std::log(1 - q);
  const auto loss = make_loss("focal:mode=sigmoid,alpha=0.25");
  const auto at = evaluate(*loss, {1, 2}, {0.5, -1}, {.marks = marks});
  EXPECT_NEAR(at.sum, expected, 1e-15);
  EXPECT_EQ(at.normaliser, 2);
}

TEST(Focal, AlphaNeedsSigmoid) {
  EXPECT_THAT(message_of([] { make_loss("focal:alpha=0.25"); }),
              testing::HasSubstr("mode=sigmoid"));
}

}  // namespace
}  // namespace tailgrad::test
