// `tailgrad adjust`: recipes and adjusted logits by hand, warnings, faults.
#include <cmath>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cli/npy_folder.h"

namespace tailgrad::test {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class AdjustVerb : public ::testing::Test {
 protected:
  // Class 0 wins every item; items 2 and 3 are of class 1, lost by a margin of 1.
  std::vector<std::string> arguments(std::vector<std::string> more) const {
    std::vector<std::string> all = {"adjust", "--logits", logits_, "--labels", labels_};
    all.insert(all.end(), more.begin(), more.end());
    return all;
  }
  Ran adjust(const std::vector<std::string>& more) const { return run_program(arguments(more)); }

  NpyFolder folder_;
  std::string logits_ = folder_.floats("z.npy", {4, 2}, {5, 0, 5, 0, 1, 0, 1, 0});
  std::string labels_ = folder_.integers("y.npy", {4}, {0, 0, 1, 1});
  std::string counts_ = folder_.integers("n.npy", {2}, {90, 10});
};

TEST_F(AdjustVerb, LogitAdjustmentWritesLogitsAndRecipe) {
  const std::string test = folder_.floats("test.npy", {1, 2}, {2, 1});
  const Ran ran = adjust({"la:tau=1", "--train-counts", counts_, "--apply", test, "--out",
                          folder_.at("adj.npy"), "--json"});
  ASSERT_EQ(ran.status, 0) << ran.err;
  const NpyArray out = read_npy(folder_.at("adj.npy"));
  EXPECT_EQ(out.dtype, "<f4");
  EXPECT_EQ(out.shape, (std::vector<std::size_t>{1, 2}));
  EXPECT_NEAR(out.as_doubles()[0], 2 - std::log(0.9), 1e-6);
  EXPECT_NEAR(out.as_doubles()[1], 1 - std::log(0.1), 1e-6);
  const auto recipe = nlohmann::json::parse(slurp(folder_.at("adj.json")));
  EXPECT_EQ(recipe["recipe"], "la:tau=1");
  EXPECT_NEAR(recipe["offset"][1], -std::log(0.1), 1e-14);
  EXPECT_EQ(recipe["scale"], nlohmann::json({1.0, 1.0}));
  EXPECT_EQ(recipe["dev"]["before"]["balanced_error"], 0.5);
  EXPECT_EQ(recipe["dev"]["after"]["balanced_error"], 0);
  EXPECT_EQ(ran.json(), recipe);
}

TEST_F(AdjustVerb, TunedByDefault) {
  const Ran ran = adjust({"--train-counts", counts_, "--json"});
  ASSERT_EQ(ran.status, 0) << ran.err;
  // Any tau in (1, 5) / log 9 answers all dev items rightly; 1 is the closest to 1.
  EXPECT_EQ(ran.json()["recipe"], "la:tau=1");
  EXPECT_EQ(ran.json()["method"], "la:tau=tuned");
  const Ran named = adjust({"--method", "la:tau=tuned", "--train-counts", counts_, "--json"});
  EXPECT_EQ(named.json()["recipe"], "la:tau=1");
}

TEST_F(AdjustVerb, PriorShiftToAFile) {
  const std::string target = folder_.doubles("target.npy", {2}, {1, 3});
  const Ran ran = adjust({"prior:target=" + target, "--train-counts", counts_, "--json"});
  ASSERT_EQ(ran.status, 0) << ran.err;
  EXPECT_NEAR(ran.json()["offset"][0], std::log(0.25 / 0.9), 1e-14);
  EXPECT_NEAR(ran.json()["offset"][1], std::log(0.75 / 0.1), 1e-14);
}

TEST_F(AdjustVerb, TauNormFromAWeightsFile) {
  const std::string weights = folder_.floats("w.npy", {2, 2}, {3, 4, 0, 2});
  const Ran ran = adjust({"tau-norm:weights=" + weights, "--json"});
  ASSERT_EQ(ran.status, 0) << ran.err;
  EXPECT_NEAR(ran.json()["scale"][0], 1.0 / 5, 1e-15);
  EXPECT_NEAR(ran.json()["scale"][1], 1.0 / 2, 1e-15);
}

TEST_F(AdjustVerb, TemperatureLowersTheLossAndChangesNoAnswer) {
  const Ran ran = adjust({"temperature", "--json"});
  ASSERT_EQ(ran.status, 0) << ran.err;
  const auto dev = ran.json()["dev"];
  EXPECT_LT(dev["after"]["loss"], dev["before"]["loss"]);
  EXPECT_EQ(dev["after"]["accuracy"], dev["before"]["accuracy"]);
}

TEST_F(AdjustVerb, ThresholdsForMultiLabelTargets) {
  labels_ = folder_.integers("marks.npy", {4, 2}, {1, 1, 1, 0, 0, 1, 0, 0});
  const Ran ran = adjust({"threshold", "--metric", "macro_f1", "--json"});
  ASSERT_EQ(ran.status, 0) << ran.err;
  EXPECT_EQ(ran.json()["dev"]["after"]["per_class"][0]["f1"], 1);
  const Ran la = adjust({"la:tau=1", "--train-counts", counts_});
  EXPECT_TRUE(la.is_callers_fault());
  EXPECT_THAT(la.err, HasSubstr("la: is for one label an item"));
}

TEST_F(AdjustVerb, TextShowsBeforeAndAfter) {
  const Ran ran = adjust({"la:tau=1", "--train-counts", counts_});
  ASSERT_EQ(ran.status, 0) << ran.err;
  for (const char* metric : {"accuracy", "balanced error", "macro F1", "NLL", "ECE"})
    EXPECT_THAT(ran.out, HasSubstr(metric));
  EXPECT_THAT(ran.out, HasSubstr("balanced error        0.5000    0.0000\n"));
}

TEST_F(AdjustVerb, DoubleCorrectionIsWarnedAbout) {
  const Ran twice =
      adjust({"la:tau=1", "--train-counts", counts_, "--training-loss", "la:tau=1", "--json"});
  ASSERT_EQ(twice.status, 0) << twice.err;
  EXPECT_THAT(twice.err, HasSubstr("warning: double correction: the loss la:tau=1 and the "));
  EXPECT_EQ(twice.json()["warnings"].size(), 1U);
  EXPECT_EQ(adjust({"la:tau=1", "--train-counts", counts_, "--training-loss", "ce"}).err, "");
}

TEST_F(AdjustVerb, NothingIsReplacedUnasked) {
  spill(folder_.at("adj.json"), "mine");
  const std::vector<std::string> more = {"temperature", "--out", folder_.at("adj.npy")};
  const Ran refused = adjust(more);
  EXPECT_TRUE(refused.is_callers_fault());
  EXPECT_THAT(refused.err, HasSubstr("adj.json: is there already; --force replaces it"));
  EXPECT_FALSE(std::filesystem::exists(folder_.at("adj.npy")));
  EXPECT_EQ(slurp(folder_.at("adj.json")), "mine");
  auto forced = more;
  forced.push_back("--force");
  EXPECT_EQ(adjust(forced).status, 0);
  EXPECT_EQ(read_npy(folder_.at("adj.npy")).shape, (std::vector<std::size_t>{4, 2}));
}

TEST_F(AdjustVerb, BadInput) {
  const auto message = [&](const std::vector<std::string>& more) {
    const Ran ran = adjust(more);
    EXPECT_TRUE(ran.is_callers_fault()) << ran.err << ran.out;
    return ran.err;
  };
  EXPECT_THAT(message({"lb"}), HasSubstr("unknown name 'lb'; did you mean 'la'?"));
  EXPECT_THAT(message({"la:tau=big"}),
              HasSubstr("option tau must be a number or tuned; got 'big'"));
  EXPECT_THAT(message({"la"}), HasSubstr("la: needs the training items of each class"));
  EXPECT_THAT(message({"temperature", "--metric", "f1"}), HasSubstr("metric: unknown name 'f1'"));
  EXPECT_THAT(message({"temperature", "--apply", logits_}), HasSubstr("--apply: needs --out"));
  EXPECT_THAT(message({"temperature", "--out", folder_.at("adj.txt")}),
              HasSubstr("--out: must end in .npy"));
  const std::string wide = folder_.floats("wide.npy", {1, 3}, {1, 2, 3});
  EXPECT_THAT(message({"temperature", "--apply", wide, "--out", folder_.at("adj.npy")}),
              HasSubstr("wide.npy: holds 3 classes, "));
  EXPECT_THAT(
      message(
          {"prior:target=" + folder_.doubles("zero.npy", {2}, {1, 0}), "--train-counts", counts_}),
      HasSubstr("zero.npy: the number of class 1 is 0; allowed are finite target prior > 0"));
  EXPECT_THAT(message({"tau-norm:weights=" + wide}),
              HasSubstr("wide.npy: weights must be [2, features]; the shape is [1, 3]"));
  EXPECT_THAT(message({"tau-norm"}), HasSubstr("option weights must be given"));
  EXPECT_FALSE(std::filesystem::exists(folder_.at("adj.npy")));
}

}  // namespace
}  // namespace tailgrad::test
