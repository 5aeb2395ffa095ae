// `tailgrad compare`: what it says and writes, and that nothing on the way changes a byte of it.
#include <algorithm>
#include <chrono>
#include <filesystem>
#include <sstream>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <tailgrad/core/random.h>

#include "cli/run_program.h"
#include "cli/train_data.h"

namespace tailgrad::test {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;
using ::testing::Not;

class CompareVerb : public ::testing::Test {
 protected:
  CompareVerb() {
    spill(folder_.at("train.csv"), texts_csv(150, 1));
    spill(folder_.at("test.csv"), texts_csv(80, 2));
    spill(folder_.at("numbers.csv"), numbers_csv(200, 3));
  }
  std::vector<std::string> grid(const std::string& out, std::vector<std::string> more = {}) {
    std::vector<std::string> arguments = {"compare",        folder_.at("train.csv"),
                                          "--test",         folder_.at("test.csv"),
                                          "--model",        "bag:width=8",
                                          "--losses",       "ce; la:tau=1 ;ce@class-balanced",
                                          "--seeds",        "2",
                                          "--epochs",       "3",
                                          "--batch-tokens", "100",
                                          "--out",          folder_.at(out)};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return arguments;
  }
  std::string result(const std::string& out) const {
    return slurp(folder_.at(out + "/result.json"));
  }
  /// Whether some cell of a run has finished.
  bool has_outcomes(const std::string& out) const {
    const std::filesystem::path cells = folder_.at(out + "/cells");
    if (!std::filesystem::is_directory(cells)) return false;
    for (const auto& file : std::filesystem::directory_iterator(cells))
      if (file.path().string().ends_with(".outcomes.safetensors")) return true;
    return false;
  }

  TemporaryFolder folder_;
};

TEST_F(CompareVerb, SaysTheAnswerFirstAndWritesWhatWasPromised) {
  const Ran ran = run_program(grid("run"));
  ASSERT_EQ(ran.status, 0) << ran.err;
  const json all = json::parse(result("run"));
  EXPECT_EQ(ran.out.substr(0, ran.out.find('\n')), all.at("answer"));
  EXPECT_THAT(ran.err, HasSubstr("[6/6]"));
  EXPECT_THAT(ran.err, HasSubstr("best so far"));
  for (const char* name : {"config.toml", "timings.json", "cells"})
    EXPECT_TRUE(std::filesystem::exists(folder_.at("run/" + std::string(name)))) << name;

  EXPECT_EQ(all.at("baseline"), "ce");
  ASSERT_EQ(all.at("losses").size(), 3U);
  EXPECT_EQ(all["losses"][1]["loss"], "la:tau=1");
  EXPECT_EQ(all["losses"][2]["loss"], "ce@class-balanced");
  for (const json& loss : all["losses"]) {
    for (const char* rule : {"test", "test_tuned", "dev"})
      for (const char* metric : {"accuracy", "balanced_error", "macro_f1", "loss", "ece"}) {
        const json& summary = loss.at(rule).at(metric);
        for (const char* key : {"mean", "sd", "low", "high"})
          EXPECT_TRUE(summary.at(key).is_number()) << rule << " " << metric << " " << key;
        EXPECT_EQ(summary.at("values").size(), 2U);
      }
    EXPECT_EQ(loss.at("diverged"), 0);
    EXPECT_TRUE(loss.at("seconds").is_null());
    EXPECT_THAT(loss.at("reason").get<std::string>(), HasSubstr("timings.json"));
    EXPECT_EQ(loss.at("per_class").size(), 3U);
    EXPECT_EQ(loss.at("weight_norms").size(), 3U);
  }
  ASSERT_GE(all.at("pairs").size(), 2U);
  for (const json& pair : all["pairs"]) {
    EXPECT_EQ(pair.at("metric"), "macro_f1");
    for (const char* key : {"difference", "low", "high", "p", "p_corrected"})
      EXPECT_TRUE(pair.at(key).is_number()) << key;
    EXPECT_GE(pair["p_corrected"], pair["p"]);
    EXPECT_LE(pair["low"], pair["difference"]);
    EXPECT_LE(pair["difference"], pair["high"]);
    EXPECT_THAT(pair.at("verdict").get<std::string>(),
                ::testing::AnyOf("better", "worse", "no detectable difference"));
  }
  // b - a, of the means over seeds.
  const auto mean = [&](int loss) {
    return all["losses"][static_cast<std::size_t>(loss)]["test"]["macro_f1"]["mean"].get<double>();
  };
  EXPECT_NEAR(all["pairs"][0]["difference"], mean(1) - mean(0), 1e-12);
  const json timings = json::parse(slurp(folder_.at("run/timings.json")));
  EXPECT_TRUE(timings.at("seconds").at("la:tau=1").is_number());
  EXPECT_FALSE(all.at("config").contains("out"));
  EXPECT_FALSE(all.at("config").contains("threads"));
}

TEST_F(CompareVerb, JsonIsTheResultAndNothingElse) {
  const Ran ran = run_program(grid("run", {"--json", "--quiet"}));
  ASSERT_EQ(ran.status, 0) << ran.err;
  EXPECT_EQ(ran.out, result("run"));
  EXPECT_EQ(ran.err, "");
}

TEST_F(CompareVerb, TheCommandItPrintsRuns) {
  ASSERT_EQ(run_program(grid("run", {"--json"})).status, 0);
  const json all = json::parse(result("run"));
  // A command line without quotes here: its words are separated by spaces.
  std::istringstream words(all.at("command").get<std::string>());
  std::vector<std::string> arguments;
  for (std::string word; words >> word;) arguments.push_back(word);
  ASSERT_EQ(arguments.at(0), "tailgrad");
  arguments.erase(arguments.begin());
  const Ran ran = run_program(arguments, folder_.path().string());
  ASSERT_EQ(ran.status, 0) << ran.err;
  // The same run as the cell of the first seed.
  const json trained = json::parse(slurp(folder_.at("model/result.json")));
  for (const json& loss : all["losses"])
    if (loss["loss"] == all["recommended"]) {
      EXPECT_EQ(loss["runs"][0]["weights_hash"], trained["weights_hash"]);
    }
}

TEST_F(CompareVerb, RunAgainItSaysTheSameAndTrainsNothing) {
  ASSERT_EQ(run_program(grid("run")).status, 0);
  const std::string bytes = result("run");
  const auto before = std::filesystem::last_write_time(folder_.at("run/cells"));
  const Ran again = run_program(grid("run", {"--threads", "1"}));
  ASSERT_EQ(again.status, 0) << again.err;
  EXPECT_EQ(result("run"), bytes);
  EXPECT_EQ(std::filesystem::last_write_time(folder_.at("run/cells")), before);
}

TEST_F(CompareVerb, AnotherComparisonDoesNotTakeTheFolder) {
  ASSERT_EQ(run_program(grid("run")).status, 0);
  const std::string bytes = result("run");
  const Ran other = run_program(grid("run", {"--seeds", "3", "--quiet"}));
  EXPECT_TRUE(other.is_callers_fault()) << other.err;
  EXPECT_THAT(other.err, HasSubstr("--resume"));
  EXPECT_EQ(result("run"), bytes);
  // --resume uses the cells that fit.
  const Ran more = run_program(grid("run", {"--seeds", "3", "--resume"}));
  ASSERT_EQ(more.status, 0) << more.err;
  EXPECT_THAT(more.err, HasSubstr("[9/9]"));
  EXPECT_THAT(more.err, Not(HasSubstr("ce seed 1:")));
  const Ran forced = run_program(grid("run", {"--force"}));
  ASSERT_EQ(forced.status, 0) << forced.err;
  EXPECT_EQ(result("run"), bytes);
}

TEST_F(CompareVerb, FaultsAreSaidBeforeAnythingIsTrained) {
  const std::vector<std::pair<std::vector<std::string>, std::string>> faults = {
      {{"--losses", "ce;focl"}, "focal"},
      {{"--losses", ";"}, "--losses"},
      {{"--losses", "ce@"}, "sampler"},
      {{"--losses", "ce@balanced"}, "class-balanced"},
      {{"--metric", "f1"}, "macro_f1"},
      {{"--baseline", "focal"}, "--baseline"},
      {{"--seeds", "0"}, "--seeds"},
      {{"--tune", "-1"}, "--tune"},
      {{"--tune", "2", "--tune-method", "grid"}, "halving"},
      {{"--budget", "soon"}, "--budget"},
      {{"--cell", "7"}, "--cell"},
      {{"--test-share", "1"}, "--test-share"},
      {{"--matters", "1"}, "--matters"},
  };
  for (const auto& [arguments, word] : faults) {
    std::vector<std::string> more = arguments;
    more.push_back("--quiet");
    const Ran ran = run_program(grid("run", more));
    EXPECT_TRUE(ran.is_callers_fault()) << word << ": " << ran.err;
    EXPECT_THAT(ran.err, HasSubstr(word));
    EXPECT_TRUE(!std::filesystem::exists(folder_.at("run/cells")) ||
                std::filesystem::is_empty(folder_.at("run/cells")))
        << word;
  }
}

TEST_F(CompareVerb, AllMeansEveryLossThatFits) {
  const Ran ran =
      run_program({"compare", folder_.at("numbers.csv"), "--task", "table", "--model",
                   "mlp:hidden=4", "--losses", "all", "--seeds", "2", "--epochs", "1",
                   "--bootstrap", "20", "--out", folder_.at("all"), "--json", "--quiet"});
  ASSERT_EQ(ran.status, 0) << ran.err;
  const json all = ran.json();
  EXPECT_GE(all["losses"].size(), 20U);
  const std::string notes = all["notes"].dump();
  EXPECT_THAT(notes, HasSubstr("held out for testing"));
  EXPECT_EQ(all["data"]["items"]["test"], 36);  // a fifth of what dev has left
}

TEST_F(CompareVerb, OptimizersAndModelsMultiply) {
  const Ran ran = run_program(
      grid("run", {"--losses", "ce;focal", "--optimizers", "adamw:lr=1e-2;sgd:lr=0.1", "--models",
                   "bag:width=4;bag:width=8", "--samplers", "instance;class-balanced",
                   "--bootstrap", "20", "--epochs", "1", "--json"}));
  ASSERT_EQ(ran.status, 0) << ran.err;
  EXPECT_EQ(ran.json()["losses"].size(), 16U);
  EXPECT_THAT(ran.json()["losses"].dump(),
              HasSubstr("focal@class-balanced, sgd:lr=0.1, bag:width=8"));
}

TEST_F(CompareVerb, ASignalStopsItWithEverythingSaved) {
  const std::vector<std::string> longer = {"--epochs", "200", "--threads", "2"};
  ASSERT_EQ(run_program(grid("whole", longer)).status, 0);
  Running running(grid("stopped", longer));
  // The first finished cell: four more at least are to come.
  while (!has_outcomes("stopped")) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  running.signal(SIGINT);
  const Ran stopped = running.wait();
  ASSERT_EQ(stopped.status, 3) << stopped.err;
  EXPECT_THAT(stopped.err, HasSubstr("goes on"));
  ASSERT_EQ(run_program(grid("stopped", longer)).status, 0);
  EXPECT_EQ(result("stopped"), result("whole"));
}

// The short form of scripts/kill_compare: kill -9 at random moments, start again.
TEST_F(CompareVerb, KilledAtRandomMomentsItEndsWithTheSameBytes) {
  const std::vector<std::string> longer = {
      "--epochs",     "40",   "--threads", "2",      "--tune", "2",
      "--checkpoint", "0.02", "--quiet",   "--seed", "3"};
  const auto start = std::chrono::steady_clock::now();
  ASSERT_EQ(run_program(grid("whole", longer)).status, 0);
  const double seconds =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  Random random(1, "moments");
  int kills = 0;
  for (int i = 0; i < 8; ++i) {
    Running running(grid("killed", longer));
    std::this_thread::sleep_for(std::chrono::duration<double>(random.uniform(0, seconds / 3)));
    running.signal(SIGKILL);
    kills += running.wait().status == 128 + SIGKILL ? 1 : 0;
  }
  EXPECT_GT(kills, 0);
  const Ran last = run_program(grid("killed", longer));
  ASSERT_EQ(last.status, 0) << last.err;
  EXPECT_EQ(result("killed"), result("whole"));
}

// Two processes on one folder, killed and started again: no double work, the same bytes.
TEST_F(CompareVerb, TwoProcessesShareAFolder) {
  const std::vector<std::string> longer = {"--epochs", "30",           "--threads",
                                           "1",        "--checkpoint", "0.02"};
  ASSERT_EQ(run_program(grid("whole", longer)).status, 0);
  Random random(2, "moments");
  for (int round = 0; round < 4; ++round) {
    Running one(grid("shared", longer));
    Running two(grid("shared", longer));
    std::this_thread::sleep_for(std::chrono::duration<double>(random.uniform(0, 0.3)));
    one.signal(SIGKILL);
    std::this_thread::sleep_for(std::chrono::duration<double>(random.uniform(0, 0.1)));
    if (round % 2 == 0) two.signal(SIGKILL);
    one.wait();
    two.wait();
  }
  ASSERT_EQ(run_program(grid("shared", longer)).status, 0);
  EXPECT_EQ(result("shared"), result("whole"));

  // Left alone, each cell is trained by one of them.
  Running one(grid("twice", longer));
  Running two(grid("twice", longer));
  const Ran first = one.wait();
  const Ran second = two.wait();
  ASSERT_EQ(first.status, 0) << first.err;
  ASSERT_EQ(second.status, 0) << second.err;
  EXPECT_EQ(result("twice"), result("whole"));
  for (const char* cell : {"ce seed 1:", "ce seed 2:", "la:tau=1 seed 1:", "la:tau=1 seed 2:"}) {
    const bool in_first = first.err.find(cell) != std::string::npos;
    const bool in_second = second.err.find(cell) != std::string::npos;
    EXPECT_NE(in_first, in_second) << cell;
  }
}

TEST_F(CompareVerb, CellsRunOneByOneAndAreGathered) {
  ASSERT_EQ(run_program(grid("whole", {"--tune", "2"})).status, 0);
  const Ran list = run_program(grid("cells", {"--tune", "2", "--list-cells"}));
  ASSERT_EQ(list.status, 0) << list.err;
  EXPECT_EQ(std::ranges::count(list.out, '\n'), 3 * 2 + 3 * 2);
  EXPECT_THAT(list.out, HasSubstr("1\tto do\tce try 1\n"));
  EXPECT_THAT(list.out, HasSubstr("12\twaits for its tries\tce@class-balanced seed 2\n"));
  EXPECT_FALSE(std::filesystem::exists(folder_.at("cells")));
  // From the last to the first: a cell runs what it depends on.
  for (int cell = 12; cell >= 1; --cell) {
    const Ran ran = run_program(grid("cells", {"--tune", "2", "--cell", std::to_string(cell)}));
    ASSERT_EQ(ran.status, 0) << ran.err;
    EXPECT_THAT(ran.out, HasSubstr("cell " + std::to_string(cell)));
  }
  EXPECT_FALSE(std::filesystem::exists(folder_.at("cells/result.json")));
  EXPECT_THAT(run_program(grid("cells", {"--tune", "2", "--list-cells"})).out,
              Not(HasSubstr("to do")));
  const Ran gathered = run_program(grid("cells", {"--tune", "2"}));
  ASSERT_EQ(gathered.status, 0) << gathered.err;
  EXPECT_THAT(gathered.err, Not(HasSubstr("[12/12]")));
  EXPECT_EQ(result("cells"), result("whole"));
}

// The recipe of docs/compare_on_a_cluster.md.
TEST_F(CompareVerb, GnuParallelRunsTheCells) {
  if (std::system("parallel --version 2>/dev/null | grep -q 'GNU parallel'") != 0)
    GTEST_SKIP() << "GNU parallel is not installed";
  ASSERT_EQ(run_program(grid("whole")).status, 0);
  std::string command = std::string("'") + TAILGRAD_PROGRAM + "'";
  for (const std::string& argument : grid("parallel", {"--threads", "1", "--quiet"}))
    command += " '" + argument + "'";
  // Every cell twice: the second run of each finds it done or taken.
  const std::string line = command +
                           " --list-cells | cut -f1 | sed p | parallel --will-cite -j 3 \"" +
                           command + " --cell {}\" > /dev/null 2> '" + folder_.at("err") + "'";
  ASSERT_EQ(std::system(line.c_str()), 0) << slurp(folder_.at("err"));
  const Ran gathered = run_program(grid("parallel"));
  ASSERT_EQ(gathered.status, 0) << gathered.err;
  EXPECT_EQ(result("parallel"), result("whole"));
}

}  // namespace
}  // namespace tailgrad::test
