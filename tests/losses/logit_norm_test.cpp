#include <losses/check.h>

#include <gmock/gmock.h>

namespace tailgrad::test {
namespace {

TEST(LogitNorm, DependsOnTheDirectionOnly) {
  const double once = value_of("logit-norm", kLogits, 1);
  EXPECT_NEAR(value_of("logit-norm", {4, 1, -2}, 1), once, 1e-12 * once);
  const double norm = std::sqrt(5.25);
  EXPECT_NEAR(value_of("logit-norm:temperature=0.5", kLogits, 1),
              value_of("ce", {4 / norm, 1 / norm, -2 / norm}, 1), 1e-14);
}

TEST(LogitNorm, GradientIsAcrossTheLogits) {
  const Index y = 1;
  const auto at =
      evaluate(*make_loss("logit-norm:temperature=1"), {1, 3}, kLogits, {.classes = {&y, 1}});
  EXPECT_NEAR(2 * at.gradient[0] + 0.5 * at.gradient[1] - at.gradient[2], 0, 1e-15);
}

TEST(LogitNorm, ZeroLogits) {
  const Index y = 1;
  const auto at = evaluate(*make_loss("logit-norm"), {1, 3}, {0, 0, 0}, {.classes = {&y, 1}});
  EXPECT_NEAR(at.value, std::log(3.0), 1e-15);
  EXPECT_TRUE(std::isfinite(at.gradient[0]));
}

}  // namespace
}  // namespace tailgrad::test
