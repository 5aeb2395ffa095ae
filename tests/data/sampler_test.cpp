#include <tailgrad/data/sampler.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <tailgrad/core/error.h>
#include <tailgrad/data/labels.h>

#include <support/messages.h>
#include <support/temporary_folder.h>

namespace tailgrad {
namespace {

using test::message_of;
using testing::DoubleNear;
using testing::Each;
using testing::ElementsAre;
using testing::HasSubstr;

// 900 items of class 0, 90 of class 1, none of class 2, 10 of class 3; classes interleaved.
std::vector<Index> long_tail() {
  std::vector<Index> labels(1000, 0);
  for (std::size_t i = 0; i < 90; ++i) labels[i * 10 + 1] = 1;
  for (std::size_t i = 0; i < 10; ++i) labels[i * 50 + 2] = 3;
  return labels;
}

const std::vector<Index> kLabels = long_tail();

std::vector<std::size_t> drawn_counts(std::string_view form, Epoch epoch, std::size_t epochs) {
  std::vector<Index> labels;
  for (const Index item : Sampler(form, kLabels, 4).draw(epoch, epochs)) {
    labels.push_back(kLabels[static_cast<std::size_t>(item)]);
  }
  return class_counts(labels, 4);
}

std::vector<std::size_t> times_drawn(std::string_view form, Epoch epoch) {
  std::vector<std::size_t> times(kLabels.size(), 0);
  for (const Index item : Sampler(form, kLabels, 4).draw(epoch, 10)) {
    ++times[static_cast<std::size_t>(item)];
  }
  return times;
}

TEST(Sampler, ClassProbabilities) {
  const auto near = [](double value) { return DoubleNear(value, 1e-12); };
  const auto chances = [](std::string_view form, std::size_t epoch) {
    return Sampler(form, kLabels, 4).class_probabilities(epoch, 4);
  };
  EXPECT_THAT(chances("instance", 0), ElementsAre(near(0.9), near(0.09), 0, near(0.01)));
  EXPECT_THAT(chances("class-balanced", 0),
              ElementsAre(near(1.0 / 3), near(1.0 / 3), 0, near(1.0 / 3)));
  const double roots = 30 + std::sqrt(90.0) + std::sqrt(10.0);
  EXPECT_THAT(chances("square-root", 0),
              ElementsAre(near(30 / roots), near(std::sqrt(90.0) / roots), 0,
                          near(std::sqrt(10.0) / roots)));
  EXPECT_THAT(chances("progressive", 0), ElementsAre(near(0.9), near(0.09), 0, near(0.01)));
  EXPECT_THAT(chances("progressive", 3),
              ElementsAre(near(0.225 + 0.25), near(0.0225 + 0.25), 0, near(0.0025 + 0.25)));
}

TEST(Sampler, InstanceIsEveryItemOnce) {
  EXPECT_THAT(times_drawn("instance", {1, 3}), Each(1));
}

TEST(Sampler, WithReplacementFollowsTheProbabilities) {
  const std::vector<std::size_t> counts = drawn_counts("class-balanced", {5, 2}, 10);
  EXPECT_EQ(counts[2], 0U);
  const double sd = std::sqrt(1000 * (1.0 / 3) * (2.0 / 3));
  for (const std::size_t k : {0U, 1U, 3U}) {
    EXPECT_NEAR(static_cast<double>(counts[k]), 1000.0 / 3, 4.5 * sd);
  }
  EXPECT_EQ(std::accumulate(counts.begin(), counts.end(), std::size_t{0}), 1000U);
  // All items of the rare class come, and unevenly: the draws are independent.
  const std::vector<std::size_t> times = times_drawn("class-balanced", {5, 2});
  std::size_t low = 1000, high = 0;
  for (std::size_t i = 0; i < kLabels.size(); ++i) {
    if (kLabels[i] != 3) continue;
    low = std::min(low, times[i]);
    high = std::max(high, times[i]);
  }
  EXPECT_GT(low, 10U);
  EXPECT_GT(high, low + 1);
}

TEST(Sampler, WithoutReplacementGivesRoundedShares) {
  for (std::uint64_t epoch = 0; epoch < 5; ++epoch) {
    const auto counts = drawn_counts("class-balanced:replacement=false", {1, epoch}, 5);
    EXPECT_EQ(counts[0] + counts[1] + counts[3], 1000U);
    for (const std::size_t k : {0U, 1U, 3U}) {
      EXPECT_GE(counts[k], 333U);
      EXPECT_LE(counts[k], 334U);
    }
  }
  // 1000 * sqrt(n_k) / (30 + sqrt 90 + sqrt 10) = 703.45, 222.45, 74.15: the first two are equal in
  // remainder to the fourth digit, the larger one is rounded up.
  EXPECT_THAT(drawn_counts("square-root:replacement=false", {1, 0}, 5),
              ElementsAre(testing::AnyOf(703, 704), testing::AnyOf(222, 223), 0, 74));
}

TEST(Sampler, WithoutReplacementNoItemComesAgainBeforeTheOthers) {
  const std::vector<std::size_t> times = times_drawn("class-balanced:replacement=false", {1, 7});
  for (const Index label : {0, 1, 3}) {
    std::size_t low = 1000, high = 0;
    for (std::size_t i = 0; i < kLabels.size(); ++i) {
      if (kLabels[i] != label) continue;
      low = std::min(low, times[i]);
      high = std::max(high, times[i]);
    }
    EXPECT_LE(high, low + 1) << label;
  }
}

TEST(Sampler, UnderSamplingRepeatsNothing) {
  const std::string form = "class-balanced:replacement=false,items=smallest";
  EXPECT_THAT(drawn_counts(form, {1, 0}, 5), ElementsAre(10, 10, 0, 10));
  EXPECT_THAT(times_drawn(form, {1, 0}), Each(testing::Le(1U)));
  EXPECT_NE(times_drawn(form, {1, 0}), times_drawn(form, {1, 1}));
  // In its first epoch, progressive sampling is the data itself.
  EXPECT_THAT(times_drawn("progressive:replacement=false,items=smallest", {1, 0}), Each(1U));
  EXPECT_EQ(Sampler("class-balanced:items=smallest", kLabels, 4).draws(0, 5), 30U);
}

TEST(Sampler, ProgressiveMovesTowardsBalance) {
  const auto early = drawn_counts("progressive:replacement=false", {1, 0}, 10);
  const auto late = drawn_counts("progressive:replacement=false", {1, 9}, 10);
  EXPECT_THAT(early, ElementsAre(900, 90, 0, 10));
  EXPECT_THAT(late, ElementsAre(390, 309, 0, 301));
}

TEST(Sampler, IsAPureFunctionOfSeedAndEpoch) {
  for (const char* form : {"class-balanced", "square-root:replacement=false"}) {
    const Sampler sampler(form, kLabels, 4);
    const std::vector<Index> first = sampler.draw({1, 6}, 10);
    sampler.draw({1, 7}, 10);
    EXPECT_EQ(sampler.draw({1, 6}, 10), first);
    EXPECT_EQ(Sampler(form, kLabels, 4).draw({1, 6}, 10), first);
    EXPECT_NE(sampler.draw({1, 7}, 10), first);
    EXPECT_NE(sampler.draw({2, 6}, 10), first);
  }
}

TEST(Sampler, Text) {
  EXPECT_EQ(Sampler("class-balanced", kLabels, 4).text(),
            "class-balanced:replacement=true,items=all");
  EXPECT_EQ(sampler_forms().size(), 4U);
}

TEST(Sampler, BadInput) {
  EXPECT_THAT(message_of([] { Sampler("class-balance", kLabels, 4); }),
              HasSubstr("did you mean 'class-balanced'"));
  EXPECT_THROW(Sampler("class-balanced:power=2", kLabels, 4), Error);
  EXPECT_THROW(Sampler("class-balanced:items=few", kLabels, 4), Error);
  EXPECT_THAT(message_of([] { Sampler("instance", {}, 4); }), HasSubstr("at least one item"));
  EXPECT_THAT(message_of([] { Sampler("instance", kLabels, 3); }),
              HasSubstr("needs labels from 0 to 2; got 3"));
  const Sampler sampler("progressive", kLabels, 4);
  EXPECT_THROW(sampler.draw({1, 5}, 5), Error);
  EXPECT_THROW(sampler.draw({1, 0}, 0), Error);
}

}  // namespace
}  // namespace tailgrad
