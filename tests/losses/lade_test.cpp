#include <losses/check.h>

#include <gmock/gmock.h>

namespace tailgrad::test {
namespace {

TEST(Lade, ByHand) {
  const std::vector<double> z = {1, 0, -1, 0.5, 2, 0};
  const std::vector<Index> y = {0, 1};
  const double pi[] = {0.7, 0.2, 0.1};
  double expected = 0;
  for (int i = 0; i < 2; ++i) {
    double sum = 0;
    for (int k = 0; k < 3; ++k) sum += pi[k] * std::exp(z[static_cast<std::size_t>(3 * i + k)]);
    expected -= 0.5 * std::log(pi[i] * std::exp(z[static_cast<std::size_t>(4 * i)]) / sum);
  }
  for (int c = 0; c < 2; ++c) {  // class 2 is absent and left out
    const double mean =
        (std::exp(z[static_cast<std::size_t>(c)]) + std::exp(z[static_cast<std::size_t>(3 + c)])) /
        2;
    const double r = std::log(mean / pi[c] / 3);
    expected -= 0.1 * pi[c] * (z[static_cast<std::size_t>(4 * c)] - r - 0.1 * r * r);
  }
  const auto at = evaluate(*make_loss("lade", setup()), {2, 3}, z, {.classes = y});
  EXPECT_NEAR(at.value, expected, 1e-14);
}

TEST(Lade, HugeLogits) {
  // R of the first class is 1e4 + log(1/2) - log .7 - log 3, far beyond exp().
  const std::vector<Index> y = {0, 1};
  const auto at = evaluate(*make_loss("lade:ridge=0,lambda=1", setup()), {2, 3},
                           {1e4, -1e4, 0, -1e4, 1e4, 0}, {.classes = y});
  const double r0 = 1e4 + std::log(0.5) - std::log(0.7) - std::log(3.0);
  const double r1 = 1e4 + std::log(0.5) - std::log(0.2) - std::log(3.0);
  EXPECT_NEAR(at.value, -0.7 * (1e4 - r0) - 0.2 * (1e4 - r1), 1e-9);
}

}  // namespace
}  // namespace tailgrad::test
