// The report of a comparison: made from numbers, without a run.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <string>
#include <vector>

#include <tailgrad/study/answer.h>
#include <tailgrad/study/compare_figures.h>
#include <tailgrad/study/compare_report.h>
#include <tailgrad/study/report/reliability.h>

#include "study/xml_fault.h"

namespace tailgrad {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

// Three seeds of a row with two classes: "often" (1,000 items) and "<script>" (7 items).
LossRow row_with(const std::string& name, double score, double rare) {
  LossRow row{.name = name,
              .loss = name + ":full=1",
              .sampler = "instance",
              .optimizer = "adamw",
              .model = "mlp",
              .options = "--loss " + name + ":full=1"};
  row.test["macro_f1"] = summarise({score - 0.01, score, score + 0.01});
  row.test_tuned["macro_f1"] = summarise({score, score, score});
  row.dev["macro_f1"] = summarise({score, score, score});
  row.test["recall_many"] = summarise({0.9, 0.9, 0.9});
  row.test["recall_few"] = summarise({rare - 0.1, rare, rare + 0.1});
  for (std::uint64_t seed = 1; seed <= 3; ++seed) {
    SeedRun run{.seed = seed, .best_epoch = 2, .weights_hash = "hash-" + name};
    for (int epoch = 1; epoch <= 2; ++epoch)
      run.curve.push_back(
          {.epoch = epoch,
           .train_loss = 1,
           .dev = {{"macro_f1", score * epoch / 2 + 0.01 * static_cast<double>(seed)}}});
    row.runs.push_back(run);
  }
  row.per_class.push_back({.label = "often", .train_count = 1000, .support = 100});
  row.per_class.back().recall = summarise({0.9, 0.9, 0.9});
  row.per_class.push_back({.label = "<script>", .train_count = 7, .support = 3});
  row.per_class.back().recall = summarise({rare, rare, rare});
  row.weight_norms = {2, 1};
  row.reliability = {{.low = 0, .high = 0.5, .count = 0, .confidence = {}, .accuracy = {}},
                     {.low = 0.5, .high = 1, .count = 300, .confidence = 0.75, .accuracy = 0.5}};
  return row;
}

LossPair pair_with(const std::string& b, double difference, double p) {
  LossPair pair{.a = "ce", .b = b, .metric = "macro_f1"};
  pair.numbers = {.difference = difference,
                  .low = difference - 0.05,
                  .high = difference + 0.05,
                  .p = p,
                  .effect = 2,
                  .detectable = 0.04,
                  .method = "paired, seeds and items"};
  pair.p_corrected = p;
  judge_pair(pair, true, 0.95);
  return pair;
}

CompareResult example() {
  CompareResult result{.baseline = "ce", .metric = "macro_f1", .task = "table"};
  result.losses = {row_with("ce", 0.5, 0.2), row_with("dsc", 0.4, 0.1),
                   row_with("la:tau=1", 0.7, 0.6)};
  LossRow lost{.name = "sgd & pray", .diverged = 3};
  for (std::uint64_t seed = 1; seed <= 3; ++seed)
    lost.runs.push_back({.seed = seed,
                         .diverged = true,
                         .diverged_step = 12,
                         .divergence = "training diverged at step 12"});
  result.losses.push_back(lost);
  result.pairs = {pair_with("dsc", -0.1, 0.001),
                  pair_with("la:tau=1", 0.2, 0.0001),
                  {.a = "ce", .b = "sgd & pray", .metric = "macro_f1", .verdict = "not tested"}};
  result.pairs_tuned = {pair_with("la:tau=1", 0.01, 0.6)};
  result.seeds = {1, 2, 3};
  result.labels = {"often", "<script>"};
  result.train_counts = {1000, 7};
  result.equal = {"Same initial weights for all."};
  result.notes = {"no --dev: 22 items held out"};
  result.warnings = {{"4 texts of test are in train", "test looks too good", "remove them"}};
  result.config = R"({"data":"a/b & c.csv"})";
  result.versions = R"({"version":"9.8.7"})";
  state_answer(result, "tailgrad train 'b & c.csv'");
  return result;
}

const CompareTimings kTimings{.seconds = {{"ce", 3}, {"dsc", 6}, {"la:tau=1", 4.5}},
                              .cell_seconds = 20,
                              .threads = 2,
                              .jobs = 2};

TEST(CompareReport, IsOneSoundSelfContainedPage) {
  const std::string page = compare_report(example(), kTimings);
  EXPECT_EQ(xml_fault(page), "");
  for (const char* outside :
       {"http-equiv", "src=", "href=", "url(", "@import", "fetch(", "<script src", "nan", "null<"})
    EXPECT_THAT(page, Not(HasSubstr(outside)));
  EXPECT_THAT(page, HasSubstr("prefers-color-scheme:dark"));
  EXPECT_THAT(page, HasSubstr("@media print"));
  EXPECT_THAT(page, HasSubstr("&lt;script&gt;"));
}

TEST(CompareReport, TheAnswerAndItsCommandComeFirst) {
  const CompareResult result = example();
  const std::string page = compare_report(result, kTimings);
  const std::size_t answer = page.find("<b>Use la:tau=1:</b> macro F1 0.700 on test");
  const std::size_t command =
      page.find("tailgrad train &#39;b &amp; c.csv&#39; --loss la:tau=1:full=1");
  ASSERT_NE(answer, std::string::npos);
  ASSERT_NE(command, std::string::npos);
  EXPECT_LT(page.find("Which loss for b &amp; c.csv?"), answer);
  EXPECT_LT(answer, command);
  EXPECT_LT(command, page.find("<svg"));
  EXPECT_LT(command, page.find("<h2"));
}

TEST(CompareReport, HoldsAllThatAReaderNeedsToCheckIt) {
  const std::string page = compare_report(example(), kTimings);
  for (const char* words :
       {"4 texts of test are in train", "test looks too good", "remove them", "9.8.7",
        "Same initial weights for all.", "no --dev: 22 items held out", "hash-la:tau=1",
        "training diverged at step 12", "diverged in 3 of 3 runs", "1, 2, 3",
        "paired, seeds and items", "threshold effect", "la:tau=1:full=1"})
    EXPECT_THAT(page, HasSubstr(words));
}

TEST(CompareReport, EveryFigureHasItsNumbersAsATable) {
  const std::string page = compare_report(example(), kTimings);
  int figures = 0;
  for (std::size_t at = 0; (at = page.find("<figure", at)) != std::string::npos; ++figures) {
    const std::size_t end = page.find("</figure>", at);
    const std::string figure = page.substr(at, end - at);
    EXPECT_THAT(figure, HasSubstr("<svg"));
    EXPECT_THAT(figure, HasSubstr("<details>"));
    EXPECT_THAT(figure, HasSubstr("<td"));
    at = end;
  }
  EXPECT_EQ(figures, 8);  // 2 of differences, 2 of classes, 1 of calibration, 3 of training
}

TEST(CompareReport, ManagesWithoutNumbers) {
  CompareResult bare{.answer = "Nothing was compared", .baseline = "ce", .metric = "macro_f1"};
  EXPECT_EQ(xml_fault(compare_report(bare, {})), "");
  bare.losses = {{.name = "ce"}};
  EXPECT_EQ(xml_fault(compare_report(bare, {})), "");
  CompareResult result = example();
  for (LossRow& row : result.losses) row = {.name = row.name, .diverged = 3, .runs = row.runs};
  for (LossPair& pair : result.pairs) pair.numbers = {};
  const std::string page = compare_report(result, {});
  EXPECT_EQ(xml_fault(page), "");
  EXPECT_THAT(page, Not(HasSubstr("nan")));
  EXPECT_THAT(page, HasSubstr("n/a"));
}

TEST(CompareFigures, ShowTheRecommendedTheBaselineAndTheBest) {
  const CompareResult result = example();
  EXPECT_THAT(rows_to_show(result, 4), ElementsAre(2, 0, 1));  // the diverged one is left out
  EXPECT_THAT(rows_to_show(result, 2), ElementsAre(2, 0));
}

TEST(CompareFigures, DifferencesLargestGainFirst) {
  CompareResult result = example();
  const ForestPlot plot = difference_plot(result, result.pairs);
  ASSERT_EQ(plot.rows.size(), 3u);
  EXPECT_EQ(plot.rows[0].label, "la:tau=1");
  EXPECT_DOUBLE_EQ(plot.rows[0].low, 0.15);
  EXPECT_EQ(plot.rows[1].label, "dsc");
  EXPECT_TRUE(std::isnan(plot.rows[2].value));
  EXPECT_NE(plot.rows[0].series, plot.rows[1].series);
  EXPECT_EQ(plot.reference, 0);
  EXPECT_THAT(plot.x.label, HasSubstr("right is better"));
  result.higher_is_better = false;
  EXPECT_EQ(difference_plot(result, result.pairs).rows[0].label, "dsc");
  EXPECT_THAT(difference_plot(result, result.pairs).x.label, HasSubstr("left is better"));
}

TEST(CompareFigures, CurvesHaveMeanAndBandOverSeeds) {
  const Chart chart = dev_curves(example(), {0});
  ASSERT_EQ(chart.series.size(), 1u);
  EXPECT_THAT(chart.series[0].x, ElementsAre(1, 2));
  EXPECT_NEAR(chart.series[0].y[1], 0.52, 1e-12);
  EXPECT_NEAR(chart.series[0].low[1], 0.51, 1e-12);
  EXPECT_NEAR(chart.series[0].high[1], 0.53, 1e-12);
}

TEST(CompareFigures, GroupsWithoutClassesAreLeftOut) {
  const ForestPlot plot = recall_by_group(example(), {0, 2});
  ASSERT_EQ(plot.rows.size(), 6u);  // many and few: a heading and two rows each
  EXPECT_TRUE(plot.rows[0].heading);
  EXPECT_EQ(plot.rows[4].label, "ce");
  EXPECT_DOUBLE_EQ(plot.rows[5].value, 0.6);
  EXPECT_LT(plot.rows[5].low, 0.6);
}

TEST(CompareFigures, CostIsSecondsARun) {
  const BarChart chart = cost_chart(example(), kTimings);
  ASSERT_EQ(chart.bars.size(), 4u);
  EXPECT_EQ(chart.bars[0].label, "ce");
  EXPECT_DOUBLE_EQ(chart.bars[0].value, 1);
  EXPECT_TRUE(std::isnan(chart.bars[3].value));
}

TEST(Reliability, LeavesEmptyBinsOut) {
  const std::vector<Reliability> systems = {{"ce", example().losses[0].reliability}};
  const Chart chart = reliability_chart(systems);
  EXPECT_THAT(chart.series[0].x, ElementsAre(0.75));
  EXPECT_THAT(chart.series[0].y, ElementsAre(0.5));
  EXPECT_TRUE(chart.series.back().reference);
  EXPECT_EQ(reliability_table(systems).rows.size(), 1u);
  EXPECT_EQ(xml_fault(line_chart(chart)), "");
}

TEST(BarCharts, LongestBarFillsTheRoom) {
  const std::string svg =
      bar_chart({.title = "t", .unit = "s", .bars = {{"a <", 2}, {"b", 4}, {"c", std::nan("")}}});
  EXPECT_EQ(xml_fault(svg), "");
  EXPECT_THAT(svg, HasSubstr("4 s"));
  EXPECT_THAT(svg, HasSubstr("n/a"));
  EXPECT_EQ(xml_fault(bar_chart({})), "");
}

}  // namespace
}  // namespace tailgrad
