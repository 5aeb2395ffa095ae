#include <losses/check.h>

#include <gmock/gmock.h>

namespace tailgrad::test {
namespace {

TEST(Asl, ByHand) {
  const std::vector<std::uint8_t> marks = {1, 0, 0};
  const double p0 = 1 / (1 + std::exp(-2.0));
  const double p1 = 1 / (1 + std::exp(-0.5)) - 0.05;
  const double p2 = 1 / (1 + std::exp(1.0)) - 0.05;
  const auto at = evaluate(*make_loss("asl"), {1, 3}, kLogits, {.marks = marks});
  EXPECT_NEAR(at.value,
              -(1 - p0) * std::log(p0) - std::pow(p1, 4) * std::log(1 - p1) -
                  std::pow(p2, 4) * std::log(1 - p2),
              1e-15);
}

TEST(Asl, EasyNegativesCostNothing) {
  const std::vector<std::uint8_t> marks = {0};
  const auto at = evaluate(*make_loss("asl"), {1, 1}, {-3}, {.marks = marks});
  EXPECT_EQ(at.value, 0);
  EXPECT_EQ(at.gradient[0], 0);
}

TEST(Asl, TheReferenceGradientIsAnother) {
  // Same value, but the focusing factor's derivative is missing.
  const std::vector<std::uint8_t> marks = {0};
  const auto paper = evaluate(*make_loss("asl"), {1, 1}, {1}, {.marks = marks});
  const auto code = evaluate(*make_loss("asl:variant=reference"), {1, 1}, {1}, {.marks = marks});
  EXPECT_NEAR(paper.value, code.value, 1e-15);
  EXPECT_GT(paper.gradient[0], 1.9 * code.gradient[0]);
}

}  // namespace
}  // namespace tailgrad::test
