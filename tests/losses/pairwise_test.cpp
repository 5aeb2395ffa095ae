#include <losses/check.h>

#include <gmock/gmock.h>

namespace tailgrad::test {
namespace {

TEST(Pairwise, GoldenValues) {
  EXPECT_NEAR(value_of("pairwise:weight_power=-1", kLogits, 0, setup()), .3447304, 5e-8);
  EXPECT_NEAR(value_of("pairwise:weight_power=-1", kLogits, 1, setup()), 8.7065565, 5e-8);
  EXPECT_NEAR(value_of("pairwise:weight_power=-1", kLogits, 2, setup()), 32.4131130, 5e-8);
  EXPECT_NEAR(value_of("adaptive", kLogits, 0, setup()), .5957468, 5e-8);
  EXPECT_NEAR(value_of("adaptive", kLogits, 1, setup()), 3.0904828, 5e-8);
  EXPECT_NEAR(value_of("adaptive", kLogits, 2, setup()), 4.9865453, 5e-8);
  EXPECT_NEAR(value_of("equalised", kLogits, 0, setup()), .0484137, 5e-8);
  EXPECT_NEAR(value_of("equalised", kLogits, 1, setup()), 1.4253938, 5e-8);
  EXPECT_NEAR(value_of("equalised", kLogits, 2, setup()), 2.7698483, 5e-8);
}

// Menon et al. 2021, Lemma 2 with the standard sigmoid: a binary loss predicts + where its
// probability exceeds t = 1/(1 + (w+/w-) s(d+)/s(d-)); consistent losses have t = P(+).
// The threshold is found here as the probability at which the expected loss is least at z = 0.
double threshold(const std::string& form) {
  const LossSetup rare{.counts = ClassCounts(std::vector<double>{95, 5})};
  const auto loss = make_loss(form, rare);
  double slope[2];
  for (Index y = 0; y < 2; ++y)
    slope[y] = evaluate(*loss, {1, 1}, {0}, {.classes = {&y, 1}}).gradient[0];
  return slope[0] / (slope[0] - slope[1]);
}

TEST(Pairwise, WhichMembersAreConsistent) {
  EXPECT_NEAR(threshold("ce"), 0.5, 1e-12);
  EXPECT_NEAR(threshold("la"), 0.05, 1e-12);
  EXPECT_NEAR(threshold("pairwise:weight_power=-1"), 0.05, 1e-12);
  EXPECT_NEAR(threshold("pairwise:weight_power=0.5,tau_true=1.5,tau_other=1.5"), 0.05, 1e-12);
  EXPECT_NEAR(threshold("adaptive"), 0.451, 5e-4);
  EXPECT_NEAR(threshold("equalised"), 0.089, 5e-4);
  EXPECT_NEAR(threshold("pairwise:weight_power=-1,tau_true=1,tau_other=1"), 0.0028, 5e-5);
}

}  // namespace
}  // namespace tailgrad::test
