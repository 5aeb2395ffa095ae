#include <losses/check.h>

#include <gmock/gmock.h>

namespace tailgrad::test {
namespace {

TEST(Seesaw, GoldenValues) {
  EXPECT_NEAR(value_of("seesaw:p=0.8,q=2", kLogits, 0, setup()), .0883772, 5e-8);
  EXPECT_NEAR(value_of("seesaw:p=0.8,q=2", kLogits, 1, setup()), 4.5124548, 5e-8);
  EXPECT_NEAR(value_of("seesaw:p=0.8,q=2", kLogits, 2, setup()), 9.0111698, 5e-8);
}

TEST(Seesaw, FactorsAreDetached) {
  // With the factors c of y = 1 at these logits held fixed, the gradient is softmax(z + log c).
  const Index y = 1;
  const auto at = evaluate(*make_loss("seesaw", setup()), {1, 3}, kLogits, {.classes = {&y, 1}});
  const double p[] = {0.7855970345, 0.1752903922, 0.0391125733};
  const double c0 = std::pow(p[0] / p[1], 2);    // more frequent, more probable
  const double c2 = std::pow(100 / 200.0, 0.8);  // rarer, less probable
  const double e[] = {c0 * p[0], p[1], c2 * p[2]};
  const double sum = e[0] + e[1] + e[2];
  EXPECT_NEAR(at.gradient[0], e[0] / sum, 1e-9);
  EXPECT_NEAR(at.gradient[1], e[1] / sum - 1, 1e-9);
  EXPECT_NEAR(at.gradient[2], e[2] / sum, 1e-9);
}

}  // namespace
}  // namespace tailgrad::test
