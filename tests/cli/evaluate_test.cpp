// `tailgrad evaluate`: the metrics object of logits by hand, intervals, two systems, faults.
#include <cmath>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <tailgrad/core/npz.h>

#include "cli/npy_folder.h"

namespace tailgrad::test {
namespace {

using ::testing::HasSubstr;

class EvaluateVerb : public ::testing::Test {
 protected:
  // Four items of class 0, of which one is taken for class 1; two of class 1, one taken for 2; the
  // last item is ignored. Class 2 has no item.
  EvaluateVerb() {
    std::vector<float> values;
    for (const std::size_t answer : {0, 0, 0, 1, 1, 2, 2})
      for (std::size_t k = 0; k < 3; ++k) values.push_back(k == answer ? 2.0F : 0.0F);
    logits_ = folder_.floats("z.npy", {7, 3}, values);
    labels_ = folder_.integers("y.npy", {7}, {0, 0, 0, 0, 1, 1, -100});
    counts_ = folder_.integers("n.npy", {3}, {500, 50, 0});
  }
  Ran evaluate(std::vector<std::string> more = {}) const {
    std::vector<std::string> arguments = {"evaluate", "--logits", logits_, "--labels", labels_};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return run_program(arguments);
  }

  NpyFolder folder_;
  std::string logits_, labels_, counts_;
};

TEST_F(EvaluateVerb, ReadsArraysOfAnNpzFile) {
  const std::vector<float> logits = read_npy(logits_).as_floats();
  const std::vector<std::int64_t> labels = read_npy(labels_).as_integers();
  const StoredTensor arrays[] = {stored("z", {7, 3}, logits), stored("y", {7}, labels)};
  write_npz(folder_.at("both.npz"), arrays);
  const Ran ran = run_program({"evaluate", "--logits", folder_.at("both.npz:z"), "--labels",
                               folder_.at("both.npz:y"), "--json"});
  ASSERT_EQ(ran.status, 0) << ran.err;
  EXPECT_NEAR(ran.json()["accuracy"], 4.0 / 6, 1e-15);
  const Ran none = run_program(
      {"evaluate", "--logits", folder_.at("both.npz:x"), "--labels", folder_.at("both.npz:y")});
  EXPECT_TRUE(none.is_callers_fault());
  EXPECT_THAT(none.err, HasSubstr("has no array \"x\"; it has: z, y"));
}

TEST_F(EvaluateVerb, PrintsTheMetricsObject) {
  const Ran ran = evaluate({"--json", "--train-counts", counts_});
  ASSERT_EQ(ran.status, 0) << ran.err;
  const auto out = ran.json();
  EXPECT_EQ(out["n"], 6);
  EXPECT_NEAR(out["accuracy"], 4.0 / 6, 1e-15);
  EXPECT_NEAR(out["balanced_error"], (0.25 + 0.5) / 2, 1e-15);
  // F1 of class 0: 6/7; of class 1: 2/(2 + 1 + 1); of class 2, predicted only: 0.
  EXPECT_NEAR(out["macro_f1"], (6.0 / 7 + 0.5 + 0) / 3, 1e-15);
  EXPECT_NEAR(out["micro_f1"], 4.0 / 6, 1e-15);
  const double right = -std::log(std::exp(2) / (std::exp(2) + 2));
  EXPECT_NEAR(out["loss"], (4 * right + 2 * (right + 2)) / 6, 1e-12);
  EXPECT_NEAR(out["ece"], std::abs(std::exp(-right) - 4.0 / 6), 1e-12);
  EXPECT_EQ(out["per_class"][1]["train_count"], 50);
  EXPECT_EQ(out["per_class"][1]["support"], 2);
  EXPECT_TRUE(out["per_class"][2]["recall"].is_null());
  EXPECT_TRUE(out["per_class"][2]["reason"].is_string());
  EXPECT_EQ(out["groups"]["many"]["recall"], 0.75);
  EXPECT_EQ(out["groups"]["medium"]["recall"], 0.5);
  EXPECT_TRUE(out["groups"]["few"]["recall"].is_null());
  EXPECT_LE(out["intervals"]["accuracy"]["low"], out["accuracy"]);
  EXPECT_GE(out["intervals"]["accuracy"]["high"], out["accuracy"]);
  EXPECT_EQ(out["bootstrap"]["resamples"], 1000);
  EXPECT_EQ(out["config"]["labels"], labels_);
}

TEST_F(EvaluateVerb, WithoutCountsThereAreNoGroups) {
  const auto out = evaluate({"--json", "--bootstrap", "0"}).json();
  EXPECT_TRUE(out["groups"].is_null());
  EXPECT_THAT(out["reason"].get<std::string>(), HasSubstr("groups: no training counts given"));
  EXPECT_FALSE(out.contains("intervals"));
}

TEST_F(EvaluateVerb, TextForAPerson) {
  const Ran ran = evaluate({"--train-counts", counts_, "--bootstrap", "50"});
  ASSERT_EQ(ran.status, 0) << ran.err;
  EXPECT_THAT(ran.out, HasSubstr("6 items\n"));
  EXPECT_THAT(ran.out, HasSubstr("balanced error      0.3750   "));
  EXPECT_THAT(ran.out, HasSubstr("recall of few          n/a   (1 classes)"));
  EXPECT_THAT(ran.out, HasSubstr("95 % interval"));
}

TEST_F(EvaluateVerb, TwoSystemsAreComparedOnTheSameItems) {
  std::vector<float> perfect;
  for (const std::size_t answer : {0, 0, 0, 0, 1, 1, 0})
    for (std::size_t k = 0; k < 3; ++k) perfect.push_back(k == answer ? 2.0F : 0.0F);
  const std::string second = folder_.floats("second.npy", {7, 3}, perfect);
  const Ran ran = evaluate({"--logits", second, "--json", "--bootstrap", "200"});
  ASSERT_EQ(ran.status, 0) << ran.err;
  const auto out = ran.json();
  EXPECT_EQ(out["second"]["accuracy"], 1);
  EXPECT_NEAR(out["paired"]["accuracy"]["difference"], 2.0 / 6, 1e-15);
  EXPECT_GE(out["paired"]["accuracy"]["low"], 0);
  EXPECT_EQ(out["config"]["logits"].size(), 2U);
  EXPECT_THAT(evaluate({"--logits", second}).out, HasSubstr("second minus first"));
  EXPECT_TRUE(evaluate({"--logits", second, "--logits", second}).is_callers_fault());
}

TEST_F(EvaluateVerb, MultiLabel) {
  logits_ = folder_.doubles("z2.npy", {3, 2}, {1, -1, 2, 1, -1, -1});
  labels_ = folder_.integers("y2.npy", {3, 2}, {1, 0, 1, 0, 0, 1});
  const Ran ran = evaluate({"--json", "--bootstrap", "100"});
  ASSERT_EQ(ran.status, 0) << ran.err;
  const auto out = ran.json();
  EXPECT_NEAR(out["accuracy"], 1.0 / 3, 1e-15);
  EXPECT_NEAR(out["micro_f1"], 4.0 / 6, 1e-15);
  EXPECT_NEAR(out["intervals"]["accuracy"]["estimate"], 1.0 / 3, 1e-15);
  EXPECT_EQ(out["per_class"][0]["f1"], 1);
}

TEST_F(EvaluateVerb, OneLogitIsABinaryProblem) {
  logits_ = folder_.doubles("one.npy", {4, 1}, {-1, 1, 1, -1});
  labels_ = folder_.integers("binary.npy", {4}, {0, 1, 0, 0});
  const auto out = evaluate({"--json", "--bootstrap", "0"}).json();
  EXPECT_EQ(out["accuracy"], 0.75);
  EXPECT_EQ(out["per_class"].size(), 2U);
  EXPECT_NEAR(out["loss"], (3 * std::log1p(std::exp(-1)) + std::log1p(std::exp(1))) / 4, 1e-14);
}

TEST_F(EvaluateVerb, AModelAndItsPredictionsAreJudgedAlike) {
  std::string rows = "x,y,label\n";
  for (int i = 0; i < 60; ++i)
    rows += std::to_string(i % 3) + "," + std::to_string(i % 7) + "," + (i % 3 ? "a" : "b") + "\n";
  spill(folder_.at("data.csv"), rows);
  const std::string run = folder_.at("run");
  const Ran trained = run_program({"train", folder_.at("data.csv"), "--task", "table", "--model",
                                   "mlp:hidden=8", "--epochs", "2", "--quiet", "--out", run});
  ASSERT_EQ(trained.status, 0) << trained.err;
  const Ran ran = run_program({"evaluate", "--model", run, folder_.at("data.csv"), "--json"});
  ASSERT_EQ(ran.status, 0) << ran.err;
  EXPECT_EQ(ran.json()["n"], 60);
  EXPECT_EQ(ran.json()["per_class"][0]["label"], "a");
  EXPECT_EQ(ran.json()["per_class"][0]["support"], 40);
  EXPECT_TRUE(ran.json()["groups"].is_object());

  const std::string logits = folder_.at("said.npy");
  ASSERT_EQ(run_program({"predict", run, folder_.at("data.csv"), "--logits", logits}).status, 0);
  std::vector<std::int64_t> labels;
  for (int i = 0; i < 60; ++i) labels.push_back(i % 3 ? 0 : 1);
  const std::string said = folder_.integers("said-labels.npy", {60}, labels);
  const Ran again = run_program({"evaluate", "--logits", logits, "--labels", said, "--json"});
  ASSERT_EQ(again.status, 0) << again.err;
  EXPECT_EQ(again.json()["accuracy"], ran.json()["accuracy"]);
  EXPECT_EQ(again.json()["loss"], ran.json()["loss"]);
}

TEST_F(EvaluateVerb, NoItems) {
  logits_ = folder_.doubles("none.npy", {0, 2}, {});
  labels_ = folder_.integers("nobody.npy", {0}, {});
  const Ran ran = evaluate({"--json"});
  ASSERT_EQ(ran.status, 0) << ran.err;
  EXPECT_EQ(ran.json()["n"], 0);
  EXPECT_TRUE(ran.json()["accuracy"].is_null());
}

TEST_F(EvaluateVerb, BadInput) {
  const auto message = [&](const std::vector<std::string>& more) {
    const Ran ran = evaluate(more);
    EXPECT_TRUE(ran.is_callers_fault()) << ran.err << ran.out;
    return ran.err;
  };
  EXPECT_THAT(message({"--bootstrap", "-1"}), HasSubstr("must be >= 0 resamples; got -1"));
  EXPECT_THAT(message({"--bootstrap", "many"}), HasSubstr("--bootstrap"));
  EXPECT_THAT(message({"--train-counts", folder_.integers("short.npy", {2}, {1, 2})}),
              HasSubstr("short.npy: counts [classes] must hold 3 numbers, not 2"));
  EXPECT_THAT(message({"--logits", folder_.floats("other.npy", {1, 3}, {1, 2, 3})}),
              HasSubstr("other.npy: logits are [1, 3], in "));
  EXPECT_THAT(message({"--labels", folder_.integers("high.npy", {7}, {0, 0, 0, 0, 0, 0, 3})}),
              HasSubstr("high.npy: the label of item 6 is 3; allowed are 0 .. 2 and -100"));
  EXPECT_THAT(run_program({"evaluate"}).err,
              HasSubstr("needs either --logits F.npy --labels F.npy, or --model DIR DATA"));
  EXPECT_THAT(message({"data.csv"}), HasSubstr("data.csv: data to read belongs to --model DIR"));
  EXPECT_THAT(message({"--model", "run"}), HasSubstr("needs either"));
  EXPECT_THAT(run_program({"evaluate", "--model", "run"}).err, HasSubstr("needs DATA"));
  EXPECT_THAT(run_program({"evaluate", "--model", folder_.at("none"), "data.csv"}).err,
              HasSubstr("none/model.json"));
}

}  // namespace
}  // namespace tailgrad::test
