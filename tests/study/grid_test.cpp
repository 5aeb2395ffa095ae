// Grids of cells: the same result whatever happens on the way, and only the loss differs.
#include <tailgrad/study/grid.h>

#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <tailgrad/core/error.h>
#include <tailgrad/core/parallel.h>
#include <tailgrad/core/text_form.h>
#include <tailgrad/study/compare.h>

#include <support/file_faults.h>
#include <support/messages.h>
#include "toy_problem.h"

namespace tailgrad::test {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;

std::string result_of(const Problem& problem, const Grid& grid) {
  return compare_json(gather(problem, grid, {.resamples = 50})).dump(1);
}

class GridTest : public ::testing::Test {
 protected:
  GridTest() : problem_(table_problem(folder_)), threads_(threads()) {}
  ~GridTest() override { set_threads(threads_); }
  // What a comparison in a folder of its own says.
  std::string run(const GridPlan& plan, const std::string& name) {
    Grid grid(problem_, plan, {.folder = cells_folder(folder_, name)});
    EXPECT_TRUE(grid.run());
    return result_of(problem_, grid);
  }

  TemporaryFolder folder_;
  Problem problem_;
  int threads_;
};

TEST_F(GridTest, TheNumberOfThreadsChangesNoByte) {
  const GridPlan plan = table_plan({"ce", "la:tau=1", "focal"});
  set_threads(1);
  const std::string one = run(plan, "one");
  for (const int many : {2, 3}) {
    set_threads(many);
    EXPECT_EQ(run(plan, std::to_string(many)), one) << many << " threads";
  }
}

TEST_F(GridTest, OnlyTheLossDiffersInAPair) {
  GridPlan plan = table_plan({"ce", "la:tau=1", "dsc"});
  plan.competitors.push_back(plan.competitors.front());
  plan.competitors.back().name = "ce@class-balanced";
  plan.competitors.back().experiment.training.sampler = "class-balanced";
  Grid grid(problem_, plan, {.folder = cells_folder(folder_, "cells")});
  ASSERT_TRUE(grid.run());
  std::map<std::size_t, std::set<std::string>> weights;  // by seed
  std::map<std::size_t, std::set<std::string>> batches;
  std::set<std::string> final_weights;
  for (const GridCell& cell : grid.cells()) {
    const json& result = grid.result(cell);
    weights[cell.seed].insert(result.at("first_weights_hash").get<std::string>());
    if (cell.competitor < 3)
      batches[cell.seed].insert(result.at("batches_hash").get<std::string>());
    else
      EXPECT_FALSE(batches[cell.seed].contains(result.at("batches_hash")));
    final_weights.insert(result.at("weights_hash").get<std::string>());
  }
  for (std::size_t seed : {0U, 1U}) {
    EXPECT_EQ(weights[seed].size(), 1U);
    EXPECT_EQ(batches[seed].size(), 1U);
  }
  EXPECT_NE(weights[0], weights[1]);
  EXPECT_NE(batches[0], batches[1]);
  EXPECT_EQ(final_weights.size(), 8U);
  const CompareResult result = gather(problem_, grid, {.resamples = 20});
  EXPECT_THAT(result.equal.at(1), HasSubstr("Same initial weights for all"));
  EXPECT_THAT(result.equal.at(2), HasSubstr("but ce@class-balanced"));
}

TEST_F(GridTest, ADivergedCellIsAResult) {
  GridPlan plan = table_plan({"ce", "la:tau=1"});
  plan.competitors.push_back(plan.competitors.front());
  plan.competitors.back().name = "wild";
  plan.competitors.back().experiment.training.optimizer = "sgd:lr=1e30";
  plan.competitors.back().experiment.training.clip_norm = 0;
  Grid grid(problem_, plan, {.folder = cells_folder(folder_, "cells")});
  ASSERT_TRUE(grid.run());
  const CompareResult result = gather(problem_, grid, {.resamples = 20});
  EXPECT_EQ(result.losses[2].diverged, 2);
  EXPECT_THAT(result.losses[2].runs[0].divergence, HasSubstr("diverged at step "));
  EXPECT_GT(result.losses[2].runs[0].diverged_step, 0U);
  EXPECT_EQ(result.losses[0].diverged, 0);
  EXPECT_EQ(result.pairs[1].b, "wild");
  EXPECT_EQ(result.pairs[1].verdict, "not tested");
  EXPECT_FALSE(result.pairs[1].numbers.p);
  EXPECT_EQ(result.pairs[0].numbers.per_seed.size(), 2U);
}

// Stops every cell again and again; every sitting goes on at the checkpoint.
TEST_F(GridTest, StoppedAndTakenUpAgainItEndsWithTheSameBytes) {
  const GridPlan plan = table_plan({"ce", "dsc"});
  const std::string whole = run(plan, "whole");
  const std::string cells = cells_folder(folder_, "stopped");
  set_threads(1);
  for (int sitting = 1;; ++sitting) {
    ASSERT_LT(sitting, 200);
    int asked = 0;
    Grid grid(problem_, plan, {.folder = cells, .stop = [&] { return ++asked > 6; }});
    if (!grid.run()) continue;
    EXPECT_GT(sitting, 5);
    EXPECT_EQ(result_of(problem_, grid), whole);
    break;
  }
  for (const auto& entry : std::filesystem::directory_iterator(cells)) {
    EXPECT_THAT(entry.path().string(), ::testing::Not(HasSubstr("checkpoint")));
    EXPECT_THAT(entry.path().string(), ::testing::Not(HasSubstr("claim")));
  }
}

TEST_F(GridTest, ADamagedCheckpointCostsOnlyTimeAndIsSaid) {
  const GridPlan plan = table_plan({"ce"}, 1);
  const std::string whole = run(plan, "whole");
  std::vector<std::string> warnings;
  Grid grid(problem_, plan,
            {.folder = cells_folder(folder_, "damaged"),
             .warn = [&](const std::string& text) { warnings.push_back(text); }});
  const std::string file = grid.files(grid.cells()[0]).checkpoints() + "-0.safetensors";
  spill(file, "not a checkpoint");
  ASSERT_TRUE(grid.run());
  EXPECT_EQ(result_of(problem_, grid), whole);
  ASSERT_EQ(warnings.size(), 1U);
  EXPECT_THAT(warnings[0], AllOf(HasSubstr(file), HasSubstr("starts anew")));
}

// Torn, and with one digit changed; the result and the answers beside it.
TEST_F(GridTest, ADamagedCellIsComputedAgainAndSaid) {
  const GridPlan plan = table_plan({"ce"}, 1);
  const std::string whole = run(plan, "cells");
  const std::string cells = cells_folder(folder_, "cells");
  const CellFiles files = [&] {
    Grid grid(problem_, plan, {.folder = cells});
    return grid.files(grid.cells()[0]);
  }();
  for (const std::string& path : {files.result(), files.outcomes()}) {
    const std::string good = slurp(path);
    std::string changed = good;
    changed[changed.size() / 2] ^= 1;
    for (const std::string& bad : {good.substr(0, good.size() / 2), changed, std::string()}) {
      spill(path, bad);
      std::vector<std::string> warnings;
      Grid grid(problem_, plan, {.folder = cells, .warn = [&](const std::string& text) {
                                   warnings.push_back(text);
                                 }});
      EXPECT_FALSE(grid.done(grid.cells()[0]));
      ASSERT_TRUE(grid.run());
      EXPECT_EQ(result_of(problem_, grid), whole);
      ASSERT_EQ(warnings.size(), 1U) << path;
      EXPECT_THAT(warnings[0], AllOf(HasSubstr(path), HasSubstr("computed again")));
    }
  }
}

TEST_F(GridTest, TriesAreAsManyForEachAndNeverSeeTest) {
  for (const Tuning tuning : {Tuning::random, Tuning::halving}) {
    GridPlan plan = table_plan({"ce", "focal", "la:tau=1"}, 1);
    plan.tuning = tuning;
    plan.tries = 4;
    Grid grid(problem_, plan,
              {.folder = cells_folder(folder_, tuning == Tuning::random ? "random" : "halving")});
    std::vector<int> tries(3);
    for (const GridCell& cell : grid.cells()) tries[cell.competitor] += cell.final ? 0 : 1;
    EXPECT_EQ(tries, std::vector<int>(3, tuning == Tuning::random ? 4 : 4 + 2 + 1));
    EXPECT_FALSE(grid.known(grid.cells().back()));
    EXPECT_THROW(grid.spec(grid.cells().back()), Error);
    ASSERT_TRUE(grid.run());
    std::optional<double> best;
    for (const GridCell& cell : grid.cells()) {
      const json& result = grid.result(cell);
      EXPECT_EQ(result.contains("test"), cell.final);
      if (cell.competitor == 1 && !cell.final && cell.rung == 0 && tuning == Tuning::random)
        best = std::max(best.value_or(0), result.at("dev").at("macro_f1").get<double>());
      if (cell.competitor == 1 && cell.final && tuning == Tuning::random) {
        // The same seed and configuration as its best try.
        EXPECT_DOUBLE_EQ(result.at("dev").at("macro_f1").get<double>(), best.value());
      }
    }
    const CompareResult result = gather(problem_, grid, {.resamples = 20});
    EXPECT_EQ(result.tries, 4);
    EXPECT_EQ(result.losses[0].tried.size(), tuning == Tuning::random ? 4U : 7U);
  }
}

TEST_F(GridTest, WhatDoesNotFitIsSaidBeforeAnythingIsTrained) {
  const std::string cells = cells_folder(folder_, "cells");
  EXPECT_THAT(message_of<Error>([&] {
                Grid(problem_, table_plan({"ce", "focl"}), {.folder = cells});
              }),
              HasSubstr("focal"));
  EXPECT_THAT(message_of<Error>([&] {
                Grid(problem_, table_plan({"ce", "ce"}), {.folder = cells});
              }),
              HasSubstr("twice"));
  EXPECT_THROW(Grid(problem_, table_plan({}), {.folder = cells}), Error);
  EXPECT_TRUE(std::filesystem::is_empty(cells));
}

TEST_F(GridTest, AnotherConfigurationOrOtherDataIsAnotherCell) {
  const Problem other = [&] {
    spill(folder_.at("table.csv"), table_csv(201, 1));
    return load_problem(
        {.data = folder_.at("table.csv"), .test = folder_.at("test.csv"), .task = "table"});
  }();
  EXPECT_NE(hash_of(problem_), hash_of(other));
  Problem elsewhere = problem_;
  elsewhere.warnings = {"elsewhere/table.csv:3: what was read with a doubt"};
  EXPECT_EQ(hash_of(problem_), hash_of(elsewhere)) << "the same items under another path";
  GridPlan plan = table_plan({"ce", "la", "la:tau=1", "la:tau=2"}, 1);
  plan.competitors.push_back(plan.competitors[0]);
  plan.competitors.back().name = "more epochs";
  plan.competitors.back().experiment.training.epochs = 4;
  const Grid grid(problem_, plan, {.folder = "cells"});
  std::vector<std::string> ids;
  for (const GridCell& cell : grid.cells()) ids.push_back(grid.files(cell).id);
  EXPECT_EQ(ids[1], ids[2]) << "two ways to write the same loss";
  EXPECT_EQ(std::set<std::string>(ids.begin(), ids.end()).size(), 4U);
}

TEST_F(GridTest, AFullDiskLosesNoFinishedCell) {
  const GridPlan plan = table_plan({"ce", "la:tau=1"});
  const std::string whole = run(plan, "whole");
  set_threads(1);
  int sittings = 0;
  const std::string cells = cells_folder(folder_, "full");
  for (int left = 0; left < 60; left += 12) {
    Grid grid(problem_, plan, {.folder = cells});
    std::size_t before = 0;
    for (const GridCell& cell : grid.cells()) before += grid.done(cell) ? 1 : 0;
    bool failed = false;
    try {
      const FileFaultsScope full({.folder = cells,
                                  .fail_at = left,
                                  .lasting = true,
                                  .only_writes = true,
                                  .reason = ENOSPC});
      grid.run();
    } catch (const Error& error) {
      failed = true;
      EXPECT_THAT(error.what(), HasSubstr("No space left"));
    }
    sittings += failed ? 1 : 0;
    std::size_t after = 0;
    for (const GridCell& cell : grid.cells()) {
      if (!grid.done(cell)) continue;
      ++after;
      EXPECT_EQ(grid.result(cell).at("id"), grid.files(cell).id);
    }
    EXPECT_GE(after, before);
  }
  EXPECT_GT(sittings, 1);
  Grid grid(problem_, plan, {.folder = cells});
  ASSERT_TRUE(grid.run());
  EXPECT_EQ(result_of(problem_, grid), whole);
}

TEST_F(GridTest, AReadOnlyFolderIsAnErrorAndKeepsItsCells) {
  GridPlan plan = table_plan({"ce"}, 1);
  const std::string cells = cells_folder(folder_, "cells");
  run(plan, "cells");
  set_threads(1);
  plan.seeds.push_back(2);
  Grid grid(problem_, plan, {.folder = cells});
  const FileFaultsScope locked(
      {.folder = cells, .fail_at = 0, .lasting = true, .only_writes = true, .reason = EROFS});
  EXPECT_THAT(message_of<Error>([&] { grid.run(); }), HasSubstr("Read-only"));
  EXPECT_TRUE(grid.done(grid.cells()[0]));
  EXPECT_FALSE(grid.done(grid.cells()[1]));
}

TEST(Claims, OneWorkerAtATime) {
  const TemporaryFolder folder;
  const std::string path = folder.at("a.claim");
  Claims first;
  Claims second;
  EXPECT_TRUE(first.take(path));
  EXPECT_FALSE(first.take(path));
  EXPECT_FALSE(second.take(path));
  second.release(path);  // not ours: stays
  EXPECT_FALSE(second.take(path));
  first.release(path);
  EXPECT_TRUE(second.take(path));
}

TEST(Claims, ADeadWorkersClaimIsTakenAtOnce) {
  const TemporaryFolder folder;
  const std::string path = folder.at("a.claim");
  const pid_t child = ::fork();
  if (child == 0) {
    auto* claims = new Claims;  // never given back, as after kill -9
    ::_exit(claims->take(path) ? 0 : 1);
  }
  int status = 1;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  ASSERT_EQ(status, 0);
  ASSERT_TRUE(std::filesystem::exists(path));
  Claims claims;
  EXPECT_TRUE(claims.take(path));
}

TEST(Claims, ASilentWorkerElsewhereIsWaitedForThenReplaced) {
  const TemporaryFolder folder;
  const std::string path = folder.at("a.claim");
  spill(path, R"({"place": "another machine", "pid": 1, "start": "1"})");
  Claims patient({.renew_seconds = 5, .stale_seconds = 60});
  EXPECT_FALSE(patient.take(path));
  Claims hasty({.renew_seconds = 5, .stale_seconds = -1});
  EXPECT_TRUE(hasty.take(path));
  EXPECT_EQ(folder.entries(), 1U);
}

TEST(Tries, FollowFromTheSeedAndMoveWhatIsLeftOpen) {
  ExperimentOptions focal;
  focal.loss = "focal";
  focal.training.optimizer = "adamw:lr=1e-3";
  EXPECT_EQ(try_of(focal, 0, 1).loss, "focal");
  const ExperimentOptions one = try_of(focal, 1, 1);
  EXPECT_EQ(one.loss, try_of(focal, 1, 1).loss);
  EXPECT_NE(one.loss, try_of(focal, 2, 1).loss);
  EXPECT_NE(one.loss, try_of(focal, 1, 2).loss);
  EXPECT_THAT(one.loss, HasSubstr("gamma="));

  ExperimentOptions fixed = focal;
  fixed.loss = "focal:gamma=2";
  EXPECT_EQ(try_of(fixed, 1, 1).loss, "focal:gamma=2");
  // The same learning rates for every loss.
  EXPECT_EQ(try_of(fixed, 1, 1).training.optimizer, one.training.optimizer);
  for (int slot = 1; slot < 50; ++slot) {
    double lr = 0;
    const TextForm form = parse_text_form(try_of(focal, slot, 1).training.optimizer);
    ASSERT_TRUE(read_number(form.options.at(0).value, lr));
    EXPECT_GE(lr, 0.00025 * 0.99);
    EXPECT_LE(lr, 0.004 * 1.01);
  }
}

TEST(Tries, HalvingKeepsTheBetterHalf) {
  EXPECT_EQ(rungs_of(Tuning::none, 8), 0);
  EXPECT_EQ(rungs_of(Tuning::random, 8), 1);
  EXPECT_EQ(rungs_of(Tuning::halving, 8), 4);
  EXPECT_EQ(slots_of(Tuning::halving, 8, 0), 8);
  EXPECT_EQ(slots_of(Tuning::halving, 8, 3), 1);
  EXPECT_EQ(epochs_of(Tuning::halving, 8, 3, 10), 10);
  EXPECT_EQ(epochs_of(Tuning::halving, 8, 2, 10), 5);
  EXPECT_EQ(epochs_of(Tuning::halving, 8, 0, 10), 1);
  EXPECT_EQ(epochs_of(Tuning::random, 8, 0, 10), 10);
}

}  // namespace
}  // namespace tailgrad::test
