// The commands of docs/from_pytorch.md run as they stand there, on numbers written here.
#include <cmath>
#include <filesystem>
#include <sstream>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <tailgrad/core/random.h>

#include "cli/npy_folder.h"

namespace tailgrad::test {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

// The commands of all ```sh blocks, split at spaces, with lines joined at a closing backslash.
std::vector<std::vector<std::string>> commands_of(const std::string& page) {
  std::vector<std::vector<std::string>> commands;
  std::istringstream lines(page);
  bool inside = false;
  bool goes_on = false;
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("```")) {
      inside = line == "```sh";
      continue;
    }
    if (!inside) continue;
    if (!goes_on) commands.emplace_back();
    goes_on = line.ends_with("\\");
    if (goes_on) line.pop_back();
    std::istringstream words(line);
    for (std::string word; words >> word;) commands.back().push_back(word);
  }
  return commands;
}

class FromPyTorch : public ::testing::Test {
 protected:
  // Two classes; 10 % are of class 1. The logits favour class 0 by 2 and are three times too large.
  void write(const std::string& part, std::size_t items, std::uint64_t seed) {
    Random random(seed, part);
    std::vector<float> logits;
    std::vector<float> other;
    std::vector<std::int64_t> labels;
    for (std::size_t i = 0; i < items; ++i) {
      const std::int64_t label = i % 10 == 0 ? 1 : 0;
      const double z = (label == 1 ? 1.0 : -1.0) + random.normal();
      labels.push_back(label);
      logits.insert(logits.end(), {0, static_cast<float>(3 * (z - 2))});
      other.insert(other.end(), {0, static_cast<float>(random.normal() - 2)});
    }
    folder_.floats(part + "-logits.npy", {items, 2}, logits);
    folder_.integers(part + "-labels.npy", {items}, labels);
    if (part == "test") folder_.floats("other-logits.npy", {items, 2}, other);
  }
  void SetUp() override {
    write("dev", 400, 1);
    write("test", 300, 2);
    folder_.integers("counts.npy", {2}, {900, 100});
    folder_.doubles("target.npy", {2}, {0.99, 0.01});
  }
  Ran run(std::vector<std::string> words) const {
    return run_program({words.begin() + 1, words.end()}, folder_.path().string());
  }

  NpyFolder folder_;
};

TEST_F(FromPyTorch, EveryCommandOfThePageRuns) {
  const auto commands =
      commands_of(slurp(std::string(TAILGRAD_SOURCE_DIR) + "/docs/from_pytorch.md"));
  ASSERT_EQ(commands.size(), 8u);
  for (const std::vector<std::string>& words : commands) {
    ASSERT_GE(words.size(), 2u);
    EXPECT_EQ(words[0], "tailgrad");
    const Ran ran = run(words);
    EXPECT_EQ(ran.status, 0) << ran.err << "\nin: " << ::testing::PrintToString(words);
  }
  for (const char* file : {"evaluation.html", "both.html", "adjusted.npy", "adjusted.json",
                           "shifted.npy", "calm.npy", "temperature.html", "thresholded.npy"})
    EXPECT_TRUE(std::filesystem::exists(folder_.at(file))) << file;
  const std::string page = slurp(folder_.at("both.html"));
  for (const char* words : {"Reliability diagram", "Paired differences", "other-logits.npy"})
    EXPECT_THAT(page, HasSubstr(words));
  EXPECT_THAT(page, Not(HasSubstr("nan")));
}

TEST_F(FromPyTorch, TheAdjustmentsDoWhatThePageSays) {
  const auto recipe_of = [&](const std::vector<std::string>& more) {
    std::vector<std::string> words = {"adjust"};
    words.insert(words.end(), more.begin(), more.end());
    words.insert(words.end(), {"--logits", "dev-logits.npy", "--labels", "dev-labels.npy",
                               "--train-counts", "counts.npy", "--json"});
    const Ran ran = run_program(words, folder_.path().string());
    EXPECT_EQ(ran.status, 0) << ran.err;
    return ran.json();
  };
  const auto la = recipe_of({"la:tau=tuned"});
  EXPECT_LT(la["dev"]["after"]["balanced_error"], la["dev"]["before"]["balanced_error"]);
  const auto prior = recipe_of({"prior:target=target.npy"});
  EXPECT_NEAR(prior["offset"][0], std::log(0.99 / 0.9), 1e-14);
  EXPECT_NEAR(prior["offset"][1], std::log(0.01 / 0.1), 1e-14);
  const auto calm = recipe_of({"temperature"});
  EXPECT_LT(calm["scale"][0], 1);
  EXPECT_LT(calm["dev"]["after"]["loss"], calm["dev"]["before"]["loss"]);
  EXPECT_EQ(calm["dev"]["after"]["accuracy"], calm["dev"]["before"]["accuracy"]);
  const auto threshold = recipe_of({"threshold", "--metric", "macro_f1"});
  EXPECT_GT(threshold["dev"]["after"]["macro_f1"], threshold["dev"]["before"]["macro_f1"]);
  const auto twice = recipe_of({"la:tau=1", "--training-loss", "wce:weights=inverse"});
  EXPECT_EQ(twice["warnings"].size(), 1u);
}

TEST_F(FromPyTorch, EvaluateHasTheReliabilityDiagramAsNumbersToo) {
  const Ran ran = run_program({"evaluate", "--logits", "test-logits.npy", "--labels",
                               "test-labels.npy", "--bootstrap", "0", "--json"},
                              folder_.path().string());
  ASSERT_EQ(ran.status, 0) << ran.err;
  const auto bins = ran.json()["reliability"];
  ASSERT_EQ(bins.size(), 15u);
  std::int64_t items = 0;
  double ece = 0;
  for (const auto& bin : bins) {
    const std::int64_t count = bin["count"];
    items += count;
    if (count > 0)
      ece += static_cast<double>(count) / 300 *
             std::abs(bin["confidence"].get<double>() - bin["accuracy"].get<double>());
  }
  EXPECT_EQ(items, 300);
  EXPECT_NEAR(ran.json()["ece"].get<double>(), ece, 1e-12);
}

TEST_F(FromPyTorch, APageIsNotReplacedUnasked) {
  spill(folder_.at("page.html"), "mine");
  std::vector<std::string> words = {"tailgrad", "evaluate",        "--logits",    "test-logits.npy",
                                    "--labels", "test-labels.npy", "--bootstrap", "20",
                                    "--report", "page.html"};
  const Ran refused = run(words);
  EXPECT_TRUE(refused.is_callers_fault());
  EXPECT_THAT(refused.err, HasSubstr("page.html: is there already; --force replaces it"));
  EXPECT_EQ(slurp(folder_.at("page.html")), "mine");
  words.emplace_back("--force");
  EXPECT_EQ(run(words).status, 0);
  EXPECT_THAT(slurp(folder_.at("page.html")), HasSubstr("<svg"));
  EXPECT_TRUE(run({"tailgrad", "adjust", "temperature", "--logits", "dev-logits.npy", "--labels",
                   "dev-labels.npy", "--report", "page.html"})
                  .is_callers_fault());
}

}  // namespace
}  // namespace tailgrad::test
