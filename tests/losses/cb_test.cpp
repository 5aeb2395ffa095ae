#include <losses/check.h>

#include <gmock/gmock.h>

namespace tailgrad::test {
namespace {

TEST(Cb, GoldenValues) {
  EXPECT_NEAR(value_of("cb:beta=0.9999", kLogits, 0, setup()), .0645869, 5e-8);
  EXPECT_NEAR(value_of("cb:beta=0.9999", kLogits, 1, setup()), 1.5912355, 5e-8);
  EXPECT_NEAR(value_of("cb:beta=0.9999", kLogits, 2, setup()), 5.8944412, 5e-8);
}

TEST(Cb, Weights) {
  const auto w = class_weights(setup().counts, {.kind = "cb", .beta = 0.9999}).values;
  const double expected[] = {0.267650, 0.913815, 1.818536};
  for (std::size_t k = 0; k < 3; ++k) EXPECT_NEAR(w[k], expected[k], 5e-7);
}

TEST(Cb, LargeCountsTie) {
  const ClassCounts n(std::vector<double>{1e6, 1e5, 10});
  const auto w = class_weights(n, {.kind = "cb", .beta = 0.9}).values;
  EXPECT_DOUBLE_EQ(w[0], w[1]);
  EXPECT_GT(w[2], w[1]);
}

}  // namespace
}  // namespace tailgrad::test
