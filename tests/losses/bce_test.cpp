#include <losses/check.h>

#include <gmock/gmock.h>

namespace tailgrad::test {
namespace {

TEST(Bce, ByHand) {
  const std::vector<std::uint8_t> marks = {1, 0, 1};
  const auto at = evaluate(*make_loss("bce"), {1, 3}, kLogits, {.marks = marks});
  EXPECT_NEAR(at.sum,
              std::log1p(std::exp(-2.0)) + std::log1p(std::exp(0.5)) + std::log1p(std::exp(1.0)),
              1e-15);
  EXPECT_EQ(at.normaliser, 3);
  EXPECT_NEAR(3 * at.gradient[2], -1 / (1 + std::exp(-1.0)), 1e-15);
}

TEST(Bce, InversePositiveWeights) {
  const std::vector<std::uint8_t> marks = {1, 1, 1};
  const LossSetup items{.counts = ClassCounts(std::vector<double>{700, 200, 100}, 1000)};
  const auto at =
      evaluate(*make_loss("bce:pos_weight=inverse", items), {1, 3}, {0, 0, 0}, {.marks = marks});
  EXPECT_NEAR(at.sum, std::log(2.0) * (300 / 700.0 + 4 + 9), 1e-14);
}

TEST(Bce, OneLogitWithCountsOfBothLabels) {
  const std::vector<Index> y = {1};
  const LossSetup both{.counts = ClassCounts(std::vector<double>{90, 10})};
  const auto at = evaluate(*make_loss("bce:pos_weight=inverse", both), {1, 1}, {0}, {.classes = y});
  EXPECT_NEAR(at.value, 9 * std::log(2.0), 1e-14);
}

TEST(Bce, ManyItemsOfOneLogit) {
  std::vector<double> z;
  std::vector<std::uint8_t> marks;
  for (int i = 0; i < 5000; ++i) {
    z.push_back(std::sin(i));
    marks.push_back(i % 7 == 0);
  }
  const auto at = evaluate(*make_loss("bce"), {5000, 1}, z, {.marks = marks});
  double sum = 0;
  for (std::size_t i = 0; i < z.size(); ++i)
    sum += std::log1p(std::exp(marks[i] != 0 ? -z[i] : z[i]));
  EXPECT_NEAR(at.value, sum / 5000, 1e-14);
}

}  // namespace
}  // namespace tailgrad::test
