#include <losses/check.h>

#include <gmock/gmock.h>

namespace tailgrad::test {
namespace {

TEST(Eql, CertainDropsByHand) {
  // Priors .7, .2, .1: below .15 only class 2 is rare.
  const double expected = std::log(std::exp(2.0) + std::exp(0.5)) - 0.5;
  EXPECT_NEAR(value_of("eql:gamma=1,lambda=0.15", kLogits, 1, setup()), expected, 1e-14);
  EXPECT_DOUBLE_EQ(value_of("eql:gamma=1,lambda=0.15", kLogits, 2, setup()),
                   value_of("ce", kLogits, 2));
}

TEST(Eql, DrawsDependOnSeedStepAndPlaceOnly) {
  const auto loss = make_loss("eql:gamma=0.5,lambda=0.9", setup());
  std::vector<double> z;
  std::vector<Index> y;
  for (int i = 0; i < 200; ++i) {
    z.insert(z.end(), kLogits.begin(), kLogits.end());
    y.push_back(0);
  }
  const auto value = [&](const LossPass& pass) {
    return evaluate(*loss, {200, 3}, z, {.classes = y}, pass).value;
  };
  EXPECT_EQ(value({.seed = 7, .step = 3}), value({.seed = 7, .step = 3}));
  EXPECT_NE(value({.seed = 7, .step = 3}), value({.seed = 7, .step = 4}));
  EXPECT_NE(value({.seed = 7, .step = 3}), value({.seed = 8, .step = 3}));
  // Classes 1 and 2 are each left out of half of the items: the mean lies between all and none.
  const double all = value_of("ce", kLogits, 0);
  EXPECT_LT(value({}), all);
  EXPECT_NEAR(value({}), all / 2, all * 0.15);
}

TEST(Eql, SaysWhenNoClassIsRare) {
  EXPECT_THAT(make_loss("eql", setup())->warnings(),
              testing::ElementsAre(testing::HasSubstr("the loss is ce")));
}

}  // namespace
}  // namespace tailgrad::test
