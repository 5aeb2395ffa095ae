// Tasks multilabel and pair as problems: counts, losses that fit, the same bits on any number of
// threads, and a comparison.
#include <algorithm>
#include <cmath>
#include <map>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <tailgrad/core/error.h>
#include <tailgrad/core/parallel.h>
#include <tailgrad/losses/table.h>
#include <tailgrad/nn/weights.h>
#include <tailgrad/study/compare.h>
#include <tailgrad/study/competitors.h>
#include <tailgrad/study/task_defaults.h>

#include <support/messages.h>
#include "cli/text_tasks_data.h"
#include "toy_problem.h"

namespace tailgrad::test {
namespace {

using nlohmann::json;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

Problem several_problem(const TemporaryFolder& folder, std::size_t rows = 150) {
  spill(folder.at("several.csv"), several_csv(rows, 1));
  spill(folder.at("several_test.csv"), several_csv(80, 2));
  return load_problem({.data = folder.at("several.csv"),
                       .test = folder.at("several_test.csv"),
                       .task = "multilabel",
                       .label_separator = "|",
                       .encoding = {.vocabulary = {.min_count = 1}}});
}

Problem pair_problem(const TemporaryFolder& folder) {
  spill(folder.at("pairs.csv"), pairs_csv(150, 1));
  return load_problem({.data = folder.at("pairs.csv"),
                       .task = "pair",
                       .text_column = "a",
                       .second_column = "b",
                       .encoding = {.vocabulary = {.min_count = 1}}});
}

ExperimentOptions small(const std::string& loss) {
  ExperimentOptions options{.model = "transformer:layers=1,width=16,heads=2,feedforward=16",
                            .loss = loss};
  options.training.epochs = 2;
  options.training.batch_tokens = 100;
  return options;
}

TEST(MultilabelProblem, CountsMarksNotItems) {
  const TemporaryFolder folder;
  spill(folder.at("t.csv"), "text,label\na,x|y\nb,x\nc,\nd,y|x\n");
  const Problem problem = load_problem({.data = folder.at("t.csv"),
                                        .dev = folder.at("t.csv"),
                                        .task = "multilabel",
                                        .label_separator = "|"});
  EXPECT_THAT(problem.counts(problem.train), ElementsAre(3, 2));
  EXPECT_EQ(problem.class_counts().items(), 4);
  const json about = problem.json();
  EXPECT_EQ(about["labels_an_item"]["mean"], 1.25);
  EXPECT_EQ(about["labels_an_item"]["items_without"], 1);
  EXPECT_EQ(about["labels_an_item"]["items_with_several"], 2);
  EXPECT_EQ(about["imbalance"], 1.5);
  // The odds of 3 in 4 and 2 in 4.
  const std::vector<double> biases = problem.first_biases();
  EXPECT_DOUBLE_EQ(biases[0], std::log(3.0));
  EXPECT_DOUBLE_EQ(biases[1], 0.0);
}

TEST(MultilabelProblem, TakesTheLossesThatReadMarks) {
  const TemporaryFolder folder;
  const Problem problem = several_problem(folder);
  for (const LossEntry& entry : loss_table()) {
    SCOPED_TRACE(entry.spec.name);
    const auto build = [&](const std::string& loss) {
      const Experiment built(problem, small(loss));
    };
    if (entry.task == LossTask::multi_label) {
      EXPECT_NO_THROW(build(entry.spec.name));
    } else if (std::ranges::any_of(entry.spec.options, [](const OptionSpec& option) {
                 return option.name == "mode";
               })) {
      EXPECT_NO_THROW(build(entry.spec.name + ":mode=sigmoid"));
    } else {
      EXPECT_THROW(build(entry.spec.name), Error);
    }
  }
  EXPECT_THAT(message_of<Error>([&] { const Experiment built(problem, small("ce")); }),
              HasSubstr("needs exactly one class an item, and in task multilabel"));
}

TEST(MultilabelProblem, AllMeansTheLossesThatFit) {
  const TemporaryFolder folder;
  const Problem problem = several_problem(folder);
  std::vector<std::string> notes;
  std::vector<std::string> names;
  for (const Competitor& one : competitors_of({.losses = "all"}, small("bce"), problem, notes))
    names.push_back(one.name);
  EXPECT_THAT(names, ::testing::IsSupersetOf({"bce", "asl", "focal:mode=sigmoid"}));
  EXPECT_THAT(names, ::testing::Not(::testing::Contains("ce")));
}

TEST(TextTasks, TheNumberOfThreadsChangesNoBit) {
  const TemporaryFolder folder;
  const Problem several = several_problem(folder);
  const Problem pairs = pair_problem(folder);
  const int before = threads();
  std::map<std::string, std::string> first;
  for (const int count : {1, 2, 3, 4}) {
    set_threads(count);
    const auto check = [&](const Problem& problem, const std::string& loss) {
      Experiment experiment(problem, small(loss));
      EXPECT_TRUE(experiment.trainer().run());
      const std::string hash = experiment.finish()["weights_hash"];
      const auto [known, added] = first.emplace(problem.task + loss, hash);
      EXPECT_EQ(hash, known->second) << problem.task << ", " << loss << ", " << count << " threads";
    };
    check(several, "bce");
    check(several, "dsc:mode=sigmoid,scope=batch");
    check(pairs, "ce");
  }
  set_threads(before);
  EXPECT_EQ(first.size(), 3U);
}

TEST(TextTasks, ComparisonJudgesFixedAndTunedThresholds) {
  const TemporaryFolder folder;
  const Problem problem = several_problem(folder);
  GridPlan plan;
  for (const char* loss : {"bce", "asl"}) {
    plan.competitors.push_back({.name = loss, .experiment = small(loss)});
  }
  plan.seeds = {1, 2};
  Grid grid(problem, plan, {.folder = cells_folder(folder, "cells")});
  ASSERT_TRUE(grid.run());
  const CompareResult result = gather(problem, grid, {.resamples = 50});
  EXPECT_EQ(result.baseline, "bce");
  const json document = compare_json(result);
  for (const json& row : document["losses"]) {
    for (const char* metric : {"accuracy", "macro_f1", "micro_f1", "balanced_error"}) {
      EXPECT_TRUE(row["test"][metric]["mean"].is_number()) << metric;
      EXPECT_TRUE(row["test_tuned"][metric]["mean"].is_number()) << metric;
    }
  }
  // The metrics are those of the cells, and the outcomes add up to them.
  for (const GridCell& cell : grid.cells()) {
    const TwoOutcomes outcomes = read_outcomes(grid.files(cell).outcomes());
    for (const char* metric : {"accuracy", "macro_f1", "micro_f1", "balanced_error"}) {
      EXPECT_DOUBLE_EQ(*outcome_metric(outcomes.fixed, metric),
                       grid.result(cell).at("test").at(metric).get<double>());
      EXPECT_DOUBLE_EQ(*outcome_metric(outcomes.tuned, metric),
                       grid.result(cell).at("test_tuned").at(metric).get<double>());
    }
  }
}

TEST(TextTasks, DefaultsOfMultilabel) {
  ProblemOptions problem;
  ExperimentOptions experiment;
  set_task_defaults(
      "multilabel", [](std::string_view) { return false; }, problem, experiment);
  EXPECT_EQ(experiment.loss, "bce");
  EXPECT_EQ(experiment.training.select, "macro_f1");
}

}  // namespace
}  // namespace tailgrad::test
