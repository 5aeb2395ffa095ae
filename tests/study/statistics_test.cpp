// What the statistics of a comparison promise: golden values, and by simulation how often they
// raise a false alarm and how often an interval covers the truth.
#include <tailgrad/study/statistics.h>

#include <cmath>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <tailgrad/core/error.h>

#include "study/simulation.h"

namespace tailgrad::test {
namespace {

using ::testing::HasSubstr;

TEST(Statistics, QuantilesOfTheTDistribution) {
  // Tables of Student's t.
  EXPECT_NEAR(t_quantile(0.975, 1), 12.7062047, 1e-6);
  EXPECT_NEAR(t_quantile(0.975, 4), 2.7764451, 1e-6);
  EXPECT_NEAR(t_quantile(0.995, 10), 3.1692727, 1e-6);
  EXPECT_NEAR(t_quantile(0.025, 4), -2.7764451, 1e-6);
  EXPECT_NEAR(t_two_sided(2.7764451, 4), 0.05, 1e-7);
  EXPECT_NEAR(t_two_sided(-2.7764451, 4), 0.05, 1e-7);
  EXPECT_NEAR(t_two_sided(0, 3), 1, 1e-12);
  EXPECT_THROW(t_quantile(1, 3), Error);
  EXPECT_THROW(t_quantile(0.5, 0), Error);
}

TEST(Statistics, ASummaryHasMeanSdAndInterval) {
  const Summary summary = summarise({1.0, 2.0, 3.0, 4.0});
  EXPECT_DOUBLE_EQ(*summary.mean, 2.5);
  EXPECT_NEAR(*summary.sd, 1.2909944487, 1e-9);
  // 2.5 -+ 3.1824463 * 1.2909944 / 2
  EXPECT_NEAR(*summary.low, 0.4457397, 1e-6);
  EXPECT_NEAR(*summary.high, 4.5542603, 1e-6);
  EXPECT_EQ(summary.reason, "");
}

TEST(Statistics, ASummarySaysWhatIsMissing) {
  const Summary one = summarise({0.5});
  EXPECT_DOUBLE_EQ(*one.mean, 0.5);
  EXPECT_FALSE(one.sd || one.low);
  EXPECT_THAT(one.reason, HasSubstr("two seeds"));
  const Summary gap = summarise({1.0, std::nullopt, 3.0});
  EXPECT_DOUBLE_EQ(*gap.mean, 2);
  EXPECT_THAT(gap.reason, HasSubstr("2 of 3"));
  EXPECT_EQ(gap.values.size(), 3U);
  const Summary none = summarise({std::nullopt});
  EXPECT_FALSE(none.mean);
  EXPECT_NE(none.reason, "");
  EXPECT_THROW(summarise({1.0}, 1.0), Error);
}

TEST(Statistics, HolmCorrectsForTheNumberOfTests) {
  // Sorted: 0.01 * 4, 0.02 * 3, 0.03 * 2, 0.5 * 1, each at least as large as the one before.
  const std::vector<std::optional<double>> p = {0.03, 0.01, std::nullopt, 0.02, 0.5};
  const auto corrected = holm(p);
  EXPECT_DOUBLE_EQ(*corrected[1], 0.04);
  EXPECT_DOUBLE_EQ(*corrected[3], 0.06);
  EXPECT_DOUBLE_EQ(*corrected[0], 0.06);
  EXPECT_DOUBLE_EQ(*corrected[4], 0.5);
  EXPECT_FALSE(corrected[2]);
  const auto capped = holm(std::vector<std::optional<double>>{0.7, 0.8});
  EXPECT_DOUBLE_EQ(*capped[0], 1);
}

// V_mean = V_each = v without interaction: error^2 = var(d)/S + v.
TEST(Statistics, BothSourcesOfVariationAddUp) {
  const std::vector<double> per_seed = {0.1, 0.2, 0.3};
  std::vector<double> resampled;
  for (const double shift : {-0.1, 0.1, -0.1, 0.1})
    for (const double d : per_seed) resampled.push_back(d + shift);
  const Comparison out = compare_paired(per_seed, resampled, 100);
  const double of_items = 4 * 0.01 / 3;  // of -+0.1 in four resamples
  const double of_seeds = 0.01 / 3;
  EXPECT_NEAR(*out.difference, 0.2, 1e-12);
  EXPECT_NEAR(*out.sd_seeds, 0.1, 1e-12);
  EXPECT_NEAR(*out.sd_items, std::sqrt(of_items), 1e-12);
  EXPECT_NEAR(*out.error, std::sqrt(of_seeds + of_items), 1e-12);
  const double both = of_seeds + of_items;
  // The share of the seeds, 0.2, counts as a half.
  const double share = of_items / both;
  const double freedom = 1 / (0.25 / 2 + share * share / 99);
  EXPECT_NEAR(*out.freedom, freedom, 1e-9);
  EXPECT_NEAR(*out.low, 0.2 - t_quantile(0.975, freedom) * std::sqrt(both), 1e-12);
  EXPECT_NEAR(*out.p, t_two_sided(0.2 / std::sqrt(both), freedom), 1e-12);
  EXPECT_NEAR(*out.effect, 2, 1e-9);
  EXPECT_NEAR(*out.detectable,
              (t_quantile(0.975, freedom) + t_quantile(0.8, freedom)) * std::sqrt(both), 1e-12);
  const Comparison of_five = compare_paired(per_seed, resampled, 100, 0.95, 5);
  EXPECT_GT(*of_five.detectable, *out.detectable);
  EXPECT_DOUBLE_EQ(*of_five.p, *out.p);
}

// Where seeds disagree on which items they gain (all is interaction), the mean over seeds varies
// less than each seed, and the interaction is not counted twice.
TEST(Statistics, TheInteractionOfSeedsAndItemsCountsOnce) {
  const std::vector<double> per_seed = {-0.1, 0.1};
  // The two seeds move independently: V_each = v, V_mean = v / 2.
  std::vector<double> resampled;
  for (const double x : {-0.1, 0.1})
    for (const double y : {-0.1, 0.1}) {
      resampled.push_back(-0.1 + x);
      resampled.push_back(0.1 + y);
    }
  const Comparison out = compare_paired(per_seed, resampled, 50);
  const double each = 4 * 0.01 / 3;
  const double of_mean = each / 2;
  const double of_seeds = 0.02 / 2;
  EXPECT_NEAR(*out.error * *out.error, of_seeds + of_mean - (each - of_mean), 1e-12);
}

TEST(Statistics, OneSeedIsNotTested) {
  const std::vector<double> per_seed = {0.1};
  const std::vector<double> resampled = {0.0, 0.1, 0.2};
  const Comparison out = compare_paired(per_seed, resampled, 10);
  EXPECT_NEAR(*out.difference, 0.1, 1e-12);
  EXPECT_FALSE(out.p || out.low);
  EXPECT_NEAR(*out.sd_items, 0.1, 1e-12);
  EXPECT_THAT(out.reason, HasSubstr("--seeds"));
  EXPECT_FALSE(compare_paired({}, {}, 10).difference);
  EXPECT_THROW(compare_paired(per_seed, std::vector<double>{0.1}, 10), Error);
}

// Nadeau and Bengio 2003: 10 splits, a tenth for testing, n_test / n_train = 1/9.
TEST(Statistics, OverlappingSplitsAreCorrected) {
  std::vector<double> differences;
  for (int i = 0; i < 10; ++i) differences.push_back(i % 2 == 0 ? 0.01 : 0.03);
  const Comparison out = compare_resplit(differences, 1.0 / 9);
  const double variance = 10 * 0.0001 / 9;
  EXPECT_NEAR(*out.error, std::sqrt(variance * (0.1 + 1.0 / 9)), 1e-12);
  EXPECT_DOUBLE_EQ(*out.freedom, 9);
  EXPECT_THROW(compare_resplit(differences, 0), Error);
}

struct Alarms {
  int ours = 0;
  int seeds_only = 0;  // a t-test over seeds that takes the test items as given
  int items_only = 0;  // a bootstrap over items that takes the seeds as given
};

constexpr int kComparisons = 1000;

Alarms alarms_without_difference(const World& world, std::string_view metric, int resamples) {
  Alarms alarms;
  for (int c = 0; c < kComparisons; ++c) {
    const Comparison out =
        Simulation(world, static_cast<std::uint64_t>(c) + 1).compare(metric, resamples);
    const double s = static_cast<double>(world.seeds);
    alarms.ours += *out.p < 0.05;
    alarms.seeds_only +=
        t_two_sided(*out.difference / (*out.sd_seeds / std::sqrt(s)), s - 1) < 0.05;
    alarms.items_only += std::abs(*out.difference) > 1.96 * *out.sd_items;
  }
  ::testing::Test::RecordProperty("alarms", alarms.ours);
  ::testing::Test::RecordProperty("alarms_seeds_only", alarms.seeds_only);
  ::testing::Test::RecordProperty("alarms_items_only", alarms.items_only);
  return alarms;
}

// Without a difference the true difference is 0: an alarm is an interval that misses the truth, so
// this is the coverage of the intervals, too.
TEST(Simulation, FewFalseAlarmsWhereSystemsDisagreeAboutItems) {
  const Alarms alarms = alarms_without_difference({.own_item = 1.5}, "macro_f1", 120);
  EXPECT_LE(alarms.ours, 60);
  EXPECT_GE(alarms.ours, 10) << "so careful that it finds nothing";
  // What is measured can be missed: tests that leave a source of variation out do.
  EXPECT_GT(alarms.seeds_only, 80);
}

TEST(Simulation, FewFalseAlarmsWhereSeedsDiffer) {
  const Alarms alarms =
      alarms_without_difference({.own_item = 0.3, .own_seed = 0.6}, "balanced_error", 120);
  EXPECT_LE(alarms.ours, 60);
  EXPECT_GE(alarms.ours, 10) << "so careful that it finds nothing";
  EXPECT_GT(alarms.items_only, 80);
}

// Few seeds agree by chance, and then seem not to matter.
TEST(Simulation, FewFalseAlarmsWithTwoAndThreeSeeds) {
  EXPECT_LE(alarms_without_difference({.seeds = 2, .own_seed = 0.6}, "macro_f1", 60).ours, 60);
  EXPECT_LE(alarms_without_difference({.seeds = 3, .own_seed = 0.4}, "macro_f1", 60).ours, 60);
}

TEST(Simulation, FewFalseAlarmsWithThreeSeedsAndOnlyNoise) {
  const Alarms alarms =
      alarms_without_difference({.seeds = 3, .own_item = 0, .own_seed = 0}, "macro_f1", 120);
  EXPECT_LE(alarms.ours, 60);
}

TEST(Simulation, AClearDifferenceIsFound) {
  int found = 0;
  for (std::uint64_t c = 1; c <= 100; ++c)
    found +=
        *Simulation({.gain = 1.5, .own_item = 0.3, .own_seed = 0.2}, c).compare("macro_f1", 120).p <
        0.05;
  EXPECT_GT(found, 95);
}

}  // namespace
}  // namespace tailgrad::test
