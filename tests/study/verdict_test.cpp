// Verdicts on numbers that leave no doubt, some doubt, and none at all.
#include <cmath>
#include <limits>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <tailgrad/study/correlation.h>
#include <tailgrad/study/studies/study_result.h>
#include <tailgrad/study/studies/trained.h>
#include <tailgrad/study/studies/verdict.h>

namespace tailgrad {
namespace {

using ::testing::HasSubstr;

// Mean 1, sd 0.1581, five runs: interval 1 -+ 2.7764 * 0.0707 = 0.8037 … 1.1963.
const Summary& around_one() {
  static const Summary summary = summary_of_values({0.8, 0.9, 1.0, 1.1, 1.2});
  return summary;
}

TEST(Verdict, IntervalIsThatOfStudent) {
  EXPECT_NEAR(*around_one().low, 0.8037, 1e-4);
  EXPECT_NEAR(*around_one().high, 1.1963, 1e-4);
}

TEST(Verdict, BelowHoldsFailsOrIsUndecided) {
  EXPECT_EQ(claim_below({}, around_one(), 1.2).verdict, "holds");
  EXPECT_EQ(claim_below({}, around_one(), 0.8).verdict, "fails");
  EXPECT_EQ(claim_below({}, around_one(), 1.1).verdict, "undecided");
}

TEST(Verdict, AboveIsTheMirrorOfBelow) {
  EXPECT_EQ(claim_above({}, around_one(), 0.8).verdict, "holds");
  EXPECT_EQ(claim_above({}, around_one(), 1.2).verdict, "fails");
  EXPECT_EQ(claim_above({}, around_one(), 0.9).verdict, "undecided");
}

TEST(Verdict, WithinNeedsTheWholeInterval) {
  EXPECT_EQ(claim_within({}, around_one(), 1, 0.2).verdict, "holds");
  EXPECT_EQ(claim_within({}, around_one(), 2, 0.5).verdict, "fails");
  EXPECT_EQ(claim_within({}, around_one(), 1, 0.1).verdict, "undecided");  // wider than the region
  EXPECT_EQ(claim_within({}, around_one(), 1.4, 0.3).verdict, "undecided");
}

TEST(Verdict, NoDifferenceCannotBeShownByFewRuns) {
  const Summary two = summary_of_values({-0.1, 0.1});
  EXPECT_EQ(claim_within({}, two, 0, 0.5).verdict, "undecided");
}

TEST(Verdict, UndecidedSaysWhatCouldHaveBeenSeen) {
  const StudyClaim claim = claim_below({.unit = "points"}, around_one(), 1.1);
  // (2.7764 + 0.9410) * 0.0707 = 0.2629; (2.8016 * 0.1581 / 0.1)^2 = 19.6
  EXPECT_THAT(claim.why, HasSubstr("5 runs find a distance of 0.26 points"));
  EXPECT_THAT(claim.why, HasSubstr("0.10 points needs about 20"));
  EXPECT_THAT(claim.why, HasSubstr("0.80 to 1.20 points"));
}

TEST(Verdict, OneRunDecidesNothing) {
  const StudyClaim claim = claim_below({}, summary_of_values({0.1}), 1);
  EXPECT_EQ(claim.verdict, "undecided");
  EXPECT_THAT(claim.why, HasSubstr("two seeds"));
  EXPECT_EQ(claim_above({}, Summary{}, 0).verdict, "undecided");
}

TEST(Verdict, RunsWithoutANumberDoNotCount) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  EXPECT_EQ(claim_below({}, summary_of_values({nan, nan}), 1).verdict, "undecided");
  const StudyClaim claim = claim_below({}, summary_of_values({0.1, nan, 0.2, 0.15}), 1);
  EXPECT_EQ(claim.verdict, "holds");
  EXPECT_NEAR(*claim.measured, 0.15, 1e-12);
}

TEST(Verdict, ReproductionCountsStandardErrorsOfBoth) {
  // Ours 0.0707, theirs 0.2 / sqrt 100 = 0.02: three together 0.2204.
  const PublishedMean published{.mean = 1.2, .sd = 0.2, .count = 100};
  EXPECT_EQ(claim_agrees({}, around_one(), published).verdict, "holds");
  EXPECT_EQ(claim_agrees({}, around_one(), {.mean = 1.25, .sd = 0.2, .count = 100}).verdict,
            "fails");
  EXPECT_EQ(claim_agrees({}, around_one(), published, 0.1).verdict, "undecided");
}

TEST(Verdict, AnExactNumberIsAlwaysDecided) {
  EXPECT_EQ(claim_below({}, exactly(1), 1.5).verdict, "holds");
  EXPECT_EQ(claim_below({}, exactly(1), 1).verdict, "fails");
  EXPECT_EQ(claim_exact({}, false, "rule", "why").verdict, "fails");
  EXPECT_EQ(claim_missing({}, "no data").verdict, "undecided");
}

TEST(Verdict, NumbersAreShownInTheirUnit) {
  const ClaimText text{.scale = 100, .unit = "%", .digits = 1};
  EXPECT_EQ(shown(text, 0.0786, 0.0776, 0.0796), "7.9 ± 0.1 %");
  EXPECT_EQ(shown(text, 0.0786, std::nullopt, std::nullopt), "7.9 %");
  EXPECT_EQ(shown(text, std::nullopt, std::nullopt, std::nullopt), "n/a");
}

StudyResult small_result() {
  StudyResult result{.columns = {{"balanced_error", "error | %", 100, 1}}};
  result.claims = {claim_below({.id = "C1", .claim = "small < large"}, around_one(), 1.2),
                   claim_below({.id = "C2", .claim = "no"}, around_one(), 0.8),
                   claim_missing({.id = "C3", .claim = "?"}, "not run")};
  result.rows = {{.name = "la:tau=1", .metrics = {{"balanced_error", around_one()}}},
                 {.name = "gone", .metrics = {}}};
  result.figures = {{.caption = "A figure", .note = "a note", .svg = "<svg/>", .numbers = {}}};
  return result;
}

TEST(StudyResult, AnswerCountsTheVerdicts) {
  EXPECT_EQ(study_answer(small_result()),
            "1 claim holds (C1); 1 claim fails (C2); 1 is undecided (C3).");
  EXPECT_EQ(study_answer({}), "No claim was judged.");
}

TEST(StudyResult, JsonHasTheKeysOfTheContract) {
  const nlohmann::ordered_json written =
      study_json(small_result(), {.study = "toy", .size = "tiny"});
  EXPECT_EQ(written["study"], "toy");
  ASSERT_EQ(written["rows"].size(), 2U);
  EXPECT_EQ(written["rows"][0]["name"], "la:tau=1");
  for (const char* key : {"mean", "sd", "low", "high"})
    EXPECT_TRUE(written["rows"][0]["metrics"]["balanced_error"][key].is_number()) << key;
  ASSERT_EQ(written["claims"].size(), 3U);
  for (const char* key :
       {"id", "claim", "published", "measured", "low", "high", "rule", "verdict", "why"})
    EXPECT_TRUE(written["claims"][0].contains(key)) << key;
  EXPECT_TRUE(written["claims"][2]["measured"].is_null());
  EXPECT_EQ(written["claims"][2]["why"], "not run");
}

TEST(StudyResult, MarkdownEscapesBarsAndNamesItsFigures) {
  const std::string text =
      study_markdown(small_result(), {.study = "toy", .command = "tailgrad study toy"});
  EXPECT_THAT(text, HasSubstr("error \\| %"));
  EXPECT_THAT(text, HasSubstr("![A figure](toy-1.svg)"));
  EXPECT_THAT(text, HasSubstr("tailgrad study toy\n"));
  EXPECT_THAT(text, HasSubstr("| `gone` | n/a |"));
}

TEST(Spearman, RanksWithTies) {
  EXPECT_NEAR(spearman({1, 2, 3, 4}, {10, 20, 30, 100}), 1, 1e-12);
  EXPECT_NEAR(spearman({1, 2, 3, 4}, {4, 3, 2, 1}), -1, 1e-12);
  // scipy.stats.spearmanr([1, 2, 2, 4, 5], [3, 1, 4, 4, 9]) = 0.7631578947368421
  EXPECT_NEAR(spearman({1, 2, 2, 4, 5}, {3, 1, 4, 4, 9}), 0.7631578947368421, 1e-12);
}

TEST(Spearman, SaysWhenItCannot) {
  EXPECT_TRUE(std::isnan(spearman({1, 2}, {1, 2})));
  EXPECT_TRUE(std::isnan(spearman({1, 1, 1}, {1, 2, 3})));
  const double nan = std::numeric_limits<double>::quiet_NaN();
  EXPECT_NEAR(spearman({1, 2, nan, 3}, {1, 2, 0, 3}), 1, 1e-12);
}

}  // namespace
}  // namespace tailgrad
