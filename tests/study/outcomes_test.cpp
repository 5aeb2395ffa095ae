// Outcomes tell the same metrics as the metrics of the whole, with and without weights.
#include <tailgrad/study/outcomes.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include <tailgrad/core/error.h>
#include <tailgrad/core/random.h>
#include <tailgrad/study/budget.h>
#include <tailgrad/study/judgement.h>

#include <support/messages.h>
#include <support/temporary_folder.h>

namespace tailgrad::test {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;

std::vector<Real> random_logits(std::size_t count, std::uint64_t seed) {
  Random random(seed, "outcome logits");
  std::vector<Real> logits;
  for (std::size_t i = 0; i < count; ++i) logits.push_back(static_cast<Real>(random.normal()));
  return logits;
}

void expect_same_metrics(const Judgement& judgement, std::span<const std::int64_t> counts) {
  const json metrics = json::parse(judgement.metrics);
  for (const char* name : {"accuracy", "balanced_error", "macro_f1", "micro_f1"})
    EXPECT_NEAR(outcome_metric(judgement.outcomes, name).value(), metrics.at(name).get<double>(),
                1e-12)
        << name;
  for (const char* group : {"many", "medium", "few"}) {
    const json& recall = metrics.at("groups").at(group).at("recall");
    const auto ours = outcome_metric(judgement.outcomes, std::string("recall_") + group, counts);
    ASSERT_EQ(ours.has_value(), recall.is_number()) << group;
    if (!ours) continue;
    EXPECT_NEAR(*ours, recall.get<double>(), 1e-12) << group;
  }
}

TEST(Outcomes, OfOneClassAnItem) {
  Examples split{.class_count = 4};
  Random random(1, "outcome labels");
  for (int i = 0; i < 300; ++i)
    split.classes.push_back(random.uniform() < 0.7 ? 0 : static_cast<Index>(random.below(4)));
  const std::vector<std::int64_t> counts = {500, 50, 30, 3};
  const std::vector<Real> logits = random_logits(1200, 2);
  const Judgement judgement = judge(split, logits, {.train_counts = counts});
  EXPECT_EQ(judgement.outcomes.units(), 300U);
  expect_same_metrics(judgement, counts);

  // An item that counts twice is an item that is there twice.
  std::vector<std::uint32_t> weights;
  Examples repeated{.class_count = 4};
  std::vector<Real> more;
  for (std::size_t i = 0; i < 300; ++i) {
    weights.push_back(static_cast<std::uint32_t>(random.below(3)));
    for (std::uint32_t w = 0; w < weights.back(); ++w) {
      repeated.classes.push_back(split.classes[i]);
      more.insert(more.end(), logits.begin() + static_cast<std::ptrdiff_t>(4 * i),
                  logits.begin() + static_cast<std::ptrdiff_t>(4 * i + 4));
    }
  }
  const Judgement heavy = judge(repeated, more, {.train_counts = counts});
  for (const char* name : {"accuracy", "balanced_error", "macro_f1", "recall_few"})
    EXPECT_NEAR(outcome_metric(judgement.outcomes, name, counts, weights).value(),
                outcome_metric(heavy.outcomes, name, counts).value(), 1e-12)
        << name;
}

TEST(Outcomes, OfAnyNumberOfClasses) {
  Examples split{.class_count = 5};
  Random random(3, "outcome marks");
  for (int e = 0; e < 200 * 5; ++e)
    split.marks.push_back(random.uniform() < 0.2 ? std::uint8_t{1} : std::uint8_t{0});
  const std::vector<std::int64_t> counts = {500, 50, 30, 30, 3};
  const Judgement judgement = judge(split, random_logits(1000, 4), {.train_counts = counts});
  EXPECT_TRUE(judgement.outcomes.multilabel);
  expect_same_metrics(judgement, counts);
}

TEST(Outcomes, TheTunedRuleIsTheBestOnDev) {
  Examples dev{.class_count = 3};
  Random random(5, "tuned rule");
  std::vector<Real> logits;
  for (int i = 0; i < 300; ++i) {
    const double u = random.uniform();
    dev.classes.push_back(u < 0.8 ? 0 : u < 0.95 ? 1 : 2);
    for (Index k = 0; k < 3; ++k)
      logits.push_back(static_cast<Real>(random.normal() + (k == dev.classes.back() ? 1 : 0) +
                                         (k == 0 ? 2 : 0)));
  }
  const std::vector<std::int64_t> counts = {800, 150, 50};
  const auto rule = tune_rule(dev, logits, counts, "balanced_error");
  ASSERT_TRUE(rule);
  EXPECT_THAT(rule->recipe, HasSubstr("la:tau="));
  const Judgement fixed = judge(dev, logits, {});
  const Judgement tuned = judge(dev, logits, {}, &*rule);
  EXPECT_LT(*outcome_metric(tuned.outcomes, "balanced_error"),
            *outcome_metric(fixed.outcomes, "balanced_error") - 0.02);
}

TEST(Outcomes, SurviveTheirFileAndDamageIsSeen) {
  const TemporaryFolder folder;
  Outcomes fixed;
  fixed.items.classes = 3;
  fixed.items.add_answer(0, 2);
  fixed.items.end_unit();
  fixed.items.end_unit();  // a unit without answers
  fixed.spans.classes = 1;
  fixed.spans.add({.k = 0, .support = 2, .predicted = 3, .correct = 1});
  fixed.spans.end_unit();
  fixed.spans.end_unit();
  Outcomes tuned = fixed;
  tuned.multilabel = true;
  write_outcomes(folder.at("o"), fixed, tuned);
  const TwoOutcomes back = read_outcomes(folder.at("o"));
  EXPECT_EQ(back.fixed, fixed);
  EXPECT_EQ(back.tuned, tuned);
  EXPECT_DOUBLE_EQ(outcome_metric(fixed, "span_f1").value(), 2.0 / 5);
  EXPECT_THROW(outcome_metric(fixed, "f2"), Error);

  fixed.items.outcomes[0].k = 3;  // beyond the classes
  write_outcomes(folder.at("bad"), fixed, tuned);
  EXPECT_THAT(message_of<Error>([&] { read_outcomes(folder.at("bad")); }), HasSubstr("damaged"));
  spill(folder.at("cut"), slurp(folder.at("o")).substr(0, 200));
  EXPECT_THROW(read_outcomes(folder.at("cut")), Error);
}

TEST(Budget, DurationsAreRead) {
  EXPECT_DOUBLE_EQ(read_duration("90"), 90);
  EXPECT_DOUBLE_EQ(read_duration("90s"), 90);
  EXPECT_DOUBLE_EQ(read_duration("10m"), 600);
  EXPECT_DOUBLE_EQ(read_duration("1.5h"), 5400);
  for (const char* bad : {"", "m", "0", "-1m", "10d", "inf"})
    EXPECT_THAT(message_of<Error>([&] { read_duration(bad); }), HasSubstr("--budget")) << bad;
}

TEST(Budget, EpochsGoFirstThenSeeds) {
  GridPlan plan;
  plan.seeds = {1, 2, 3, 4, 5};
  // One competitor, 1 s an epoch: 8 epochs and 5 seeds are 40 s.
  const std::vector<StepCost> costs = {{.step_seconds = 0.01, .judge_seconds = 0.1, .steps = 90}};
  const auto cut = [&](double seconds, int jobs = 1) {
    return fit_budget(costs, plan, 8, jobs, seconds);
  };
  EXPECT_EQ(cut(50).epochs, 8);
  EXPECT_EQ(cut(50).note, "");
  EXPECT_EQ(cut(35).epochs, 6);
  EXPECT_EQ(cut(35).seeds, 5);
  EXPECT_EQ(cut(18).epochs, 4);
  EXPECT_EQ(cut(18).seeds, 4);
  EXPECT_THAT(cut(18).note, HasSubstr("4 of 8 epochs, 4 of 5 seeds"));
  EXPECT_EQ(cut(7).epochs, 2);
  EXPECT_EQ(cut(7).seeds, 3);
  EXPECT_EQ(cut(3).seeds, 2);
  EXPECT_THAT(message_of<Error>([&] { cut(1); }), HasSubstr("too short"));
  EXPECT_EQ(cut(25, 2).epochs, 8);
  plan.tuning = Tuning::random;
  plan.tries = 4;
  EXPECT_DOUBLE_EQ(grid_seconds(costs, plan, 8, 5, 1), 8 * (5 + 4));
}

}  // namespace
}  // namespace tailgrad::test
