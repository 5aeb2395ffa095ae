// `tailgrad loss`: values and gradients by hand, empty batches, every fault of the caller.
#include <cmath>
#include <limits>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cli/npy_folder.h"

namespace tailgrad::test {
namespace {

using ::testing::HasSubstr;

class LossVerb : public ::testing::Test {
 protected:
  Ran loss(const std::string& form, std::vector<std::string> more = {}) const {
    std::vector<std::string> arguments = {"loss", form, "--logits", logits_, "--targets", targets_};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return run_program(arguments);
  }

  NpyFolder folder_;
  std::string logits_ = folder_.doubles("z.npy", {3, 2}, {0, std::log(3.0), 1, 1, 5, 5});
  std::string targets_ = folder_.integers("y.npy", {3}, {1, 0, -100});
};

// Softmax rows (1/4, 3/4), (1/2, 1/2) and an ignored one.
TEST_F(LossVerb, ValueAndGradientInDouble) {
  const Ran ran = loss("ce", {"--json", "--gradient", folder_.at("g.npy")});
  ASSERT_EQ(ran.status, 0) << ran.err;
  const auto out = ran.json();
  const double sum = std::log(4.0 / 3) + std::log(2.0);
  EXPECT_NEAR(out["sum"], sum, 1e-15);
  EXPECT_EQ(out["normaliser"], 2);
  EXPECT_NEAR(out["value"], sum / 2, 1e-15);
  EXPECT_EQ(out["loss"], "ce:label_smoothing=0");
  EXPECT_EQ(out["ignored"], 1);
  EXPECT_EQ(out["seed"], 1);
  EXPECT_TRUE(out["version"].is_string());
  EXPECT_FALSE(out.contains("reason"));
  const NpyArray gradient = read_npy(folder_.at("g.npy"));
  EXPECT_EQ(gradient.dtype, "<f8");
  EXPECT_EQ(gradient.shape, (std::vector<std::size_t>{3, 2}));
  const std::vector<double> wanted = {0.125, -0.125, -0.25, 0.25, 0, 0};
  const std::vector<double> got = gradient.as_doubles();
  for (std::size_t e = 0; e < wanted.size(); ++e) EXPECT_NEAR(got[e], wanted[e], 1e-15) << e;
}

// The first two items are one sequence: paths (0,0) .. (1,1) have the scores z_1 + z_2 plus 2 for
// staying in 1.
TEST_F(LossVerb, CrfOfSequences) {
  std::vector<double> scores(16, 0.0);
  scores[5] = 2;
  const std::string transitions = folder_.doubles("t.npy", {4, 4}, scores);
  const std::string offsets = folder_.integers("o.npy", {3}, {0, 2, 3});
  const Ran ran = loss("crf", {"--transitions", transitions, "--offsets", offsets, "--json",
                               "--gradient", folder_.at("g.npy")});
  ASSERT_EQ(ran.status, 0) << ran.err;
  const double total = 1 + 1 + 3 + 3 * std::exp(2.0);  // each times e
  EXPECT_NEAR(ran.json()["value"], std::log(total / 3), 1e-14);
  EXPECT_EQ(ran.json()["normaliser"], 1);  // the other sequence is ignored
  EXPECT_EQ(ran.json()["loss"], "crf:weights=none,strategy=sequence,tau=0,normalise=sequences");
  const std::vector<double> gradient = read_npy(folder_.at("g.npy")).as_doubles();
  EXPECT_NEAR(gradient[0], 2 / total, 1e-14);
  EXPECT_NEAR(gradient[2], 4 / total - 1, 1e-14);
  EXPECT_EQ(gradient[4], 0);

  EXPECT_THAT(loss("crf").err, HasSubstr("needs --transitions T.npy [classes + 2, classes + 2]"));
  EXPECT_THAT(loss("crf", {"--transitions", logits_}).err, HasSubstr("needs the shape [4, 4]"));
  EXPECT_THAT(loss("ce", {"--transitions", transitions}).err,
              HasSubstr("belongs to losses of sequences"));
}

TEST_F(LossVerb, CountsReachTheLoss) {
  const std::string counts = folder_.integers("n.npy", {2}, {30, 10});
  const Ran ran = loss("la", {"--json", "--counts", counts});
  ASSERT_EQ(ran.status, 0) << ran.err;
  EXPECT_EQ(ran.json()["loss"], "la:tau=1");
  // Adjusted odds of class 1 against class 0: 3 * 1/3 = 1 and 1 * 1/3.
  EXPECT_NEAR(ran.json()["sum"], std::log(2.0) + std::log(4.0 / 3), 1e-14);
}

TEST_F(LossVerb, EmptyClassIsWarnedAbout) {
  const std::string counts = folder_.integers("n.npy", {2}, {30, 0});
  const Ran ran = loss("la", {"--json", "--counts", counts});
  ASSERT_EQ(ran.status, 0) << ran.err;
  EXPECT_THAT(ran.err, HasSubstr("warning: 1 of 2 classes have no training item"));
  EXPECT_EQ(ran.json()["warnings"].size(), 1U);
  EXPECT_EQ(loss("la", {"--json", "--counts", counts, "--quiet"}).err, "");
}

TEST_F(LossVerb, TextForAPerson) {
  const Ran ran = loss("ce");
  ASSERT_EQ(ran.status, 0) << ran.err;
  EXPECT_THAT(ran.out, HasSubstr("ce:label_smoothing=0\nitems       3 of 2 classes, 1 ignored\n"));
  EXPECT_THAT(ran.out, HasSubstr("normaliser  2\n"));
}

TEST_F(LossVerb, IgnoreIndexIsAChoice) {
  const std::string targets = folder_.integers("other.npy", {3}, {1, 0, 7});
  const Ran ran = run_program(
      {"loss", "ce", "--logits", logits_, "--targets", targets, "--ignore-index", "7", "--json"});
  ASSERT_EQ(ran.status, 0) << ran.err;
  EXPECT_EQ(ran.json()["normaliser"], 2);
  // A class may be the ignored one, as the padding of other programs often is.
  const Ran padding = run_program({"loss", "ce", "--logits", logits_, "--targets",
                                   folder_.integers("padded.npy", {3}, {1, 0, 0}), "--ignore-index",
                                   "0", "--json"});
  ASSERT_EQ(padding.status, 0) << padding.err;
  EXPECT_EQ(padding.json()["normaliser"], 1);
  EXPECT_NEAR(padding.json()["sum"], std::log(4.0 / 3), 1e-15);
}

TEST_F(LossVerb, AllIgnoredHasNoValueAndNoGradient) {
  targets_ = folder_.integers("none.npy", {3}, {-100, -100, -100});
  const Ran ran = loss("ce", {"--json", "--gradient", folder_.at("g.npy")});
  ASSERT_EQ(ran.status, 0) << ran.err;
  EXPECT_TRUE(ran.json()["value"].is_null());
  EXPECT_THAT(ran.json()["reason"].get<std::string>(), HasSubstr("all ignored"));
  EXPECT_EQ(ran.json()["sum"], 0);
  EXPECT_EQ(ran.json()["normaliser"], 0);
  EXPECT_EQ(read_npy(folder_.at("g.npy")).as_doubles(), std::vector<double>(6, 0.0));
  EXPECT_THAT(loss("ce").out, HasSubstr("value       n/a: nothing was counted"));
}

TEST_F(LossVerb, EmptyBatch) {
  logits_ = folder_.floats("empty.npy", {0, 4}, {});
  targets_ = folder_.integers("none.npy", {0}, {});
  const Ran ran = loss("ce", {"--json", "--gradient", folder_.at("g.npy")});
  ASSERT_EQ(ran.status, 0) << ran.err;
  EXPECT_TRUE(ran.json()["value"].is_null());
  EXPECT_EQ(read_npy(folder_.at("g.npy")).shape, (std::vector<std::size_t>{0, 4}));
}

TEST_F(LossVerb, BadFormsAreFoundBeforeTheFiles) {
  logits_ = folder_.at("missing.npy");
  const auto message = [&](const std::string& form) {
    const Ran ran = loss(form, {"--gradient", folder_.at("g.npy"), "--json"});
    EXPECT_TRUE(ran.is_callers_fault()) << form << ": " << ran.err;
    EXPECT_EQ(std::count(ran.err.begin(), ran.err.end(), '\n'), 1) << ran.err;
    return ran.err;
  };
  EXPECT_THAT(message("cee"), HasSubstr("unknown name 'cee'; did you mean 'ce'?"));
  EXPECT_THAT(message("ce:smoothing=1"), HasSubstr("ce has no option smoothing; it takes label_"));
  EXPECT_THAT(message("ce:label_smoothing=2"),
              HasSubstr("option label_smoothing must be a number in [0, 1)"));
  EXPECT_THAT(message("ce:label_smoothing"), HasSubstr("column"));
  EXPECT_THAT(message("la:tau=nan"), HasSubstr("option tau must be a number; got 'nan'"));
  EXPECT_THAT(message("ce:"), HasSubstr("'ce:'"));
  EXPECT_FALSE(std::filesystem::exists(folder_.at("g.npy")));
}

TEST_F(LossVerb, BadNumbersNameFilePlaceAndWhatIsAllowed) {
  const std::string good_logits = logits_;
  const std::string good_targets = targets_;
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const auto message = [&](const std::string& logits, const std::string& targets,
                           std::vector<std::string> more = {}) {
    logits_ = logits;
    targets_ = targets;
    more.insert(more.end(), {"--gradient", folder_.at("g.npy"), "--json"});
    const Ran ran = loss("la", more);
    EXPECT_TRUE(ran.is_callers_fault()) << ran.err << ran.out;
    EXPECT_EQ(std::count(ran.err.begin(), ran.err.end(), '\n'), 1) << ran.err;
    EXPECT_THAT(ran.err, ::testing::Not(HasSubstr("called from")));
    return ran.err;
  };
  const auto counts = [&](const char* name, const std::vector<std::int64_t>& values) {
    return std::vector<std::string>{"--counts", folder_.integers(name, {values.size()}, values)};
  };
  const auto good = counts("good.npy", {2, 1});

  EXPECT_THAT(message(good_logits, folder_.integers("t.npy", {3}, {0, 2, 0}), good),
              HasSubstr("t.npy: the label of item 1 is 2; allowed are 0 .. 1 and -100 (ignored)"));
  EXPECT_THAT(message(good_logits, folder_.integers("t.npy", {2}, {0, 1}), good),
              HasSubstr("t.npy: holds 2 labels, but "));
  EXPECT_THAT(message(good_logits, folder_.doubles("t.npy", {3}, {0, 1, 0}), good),
              HasSubstr("labels [items] must be integers; the file holds <f8"));
  EXPECT_THAT(message(good_logits, folder_.integers("t.npy", {3, 2}, {0, 1, 0, 1, 0, 1}), good),
              HasSubstr("la takes one class an item, [items]"));
  EXPECT_THAT(message(good_logits, folder_.integers("t.npy", {3, 1, 1}, {0, 1, 0}), good),
              HasSubstr("the shape is [3, 1, 1]"));
  EXPECT_THAT(message(folder_.doubles("bad.npy", {3, 2}, {0, 1, 2, nan, 4, 5}), good_targets, good),
              HasSubstr("bad.npy: the logit of item 1, class 1 is nan; logits must be finite"));
  EXPECT_THAT(message(folder_.doubles("bad.npy", {6}, {0, 1, 2, 3, 4, 5}), good_targets, good),
              HasSubstr("bad.npy"));
  EXPECT_THAT(message(folder_.integers("bad.npy", {3, 2}, {0, 1, 2, 3, 4, 5}), good_targets, good),
              HasSubstr("logits must be float32 or float64; the file holds <i8"));
  EXPECT_THAT(message(folder_.at("missing.npy"), good_targets, good), HasSubstr("missing.npy"));
  EXPECT_THAT(message(folder_.path().string(), good_targets, good), HasSubstr("is a folder"));
  spill(folder_.at("text.npy"), "1 2 3\n");
  EXPECT_THAT(message(folder_.at("text.npy"), good_targets, good), HasSubstr("text.npy"));
  EXPECT_THAT(message(good_logits, good_targets),
              HasSubstr("la: needs the class counts of the training data: --counts"));
  EXPECT_THAT(message(good_logits, good_targets, counts("long.npy", {2, 1, 4})),
              HasSubstr("long.npy: counts [classes] must hold 2 numbers, not 3"));
  EXPECT_THAT(message(good_logits, good_targets, counts("minus.npy", {2, -1})),
              HasSubstr("minus.npy: the count of class 1 is -1; allowed are whole numbers >= 0"));
  auto negative = good;
  negative.insert(negative.end(), {"--weights", folder_.doubles("w.npy", {2}, {1, -0.5})});
  EXPECT_THAT(message(good_logits, good_targets, negative),
              HasSubstr("w.npy: the number of class 1 is -0.5; allowed are finite weights >= 0"));
  auto offsets = good;
  offsets.insert(offsets.end(), {"--offsets", folder_.integers("o.npy", {2}, {0, 4})});
  EXPECT_THAT(message(good_logits, good_targets, offsets),
              HasSubstr("o.npy: offsets must rise from 0 to the number of items, 3"));
  EXPECT_FALSE(std::filesystem::exists(folder_.at("g.npy")));
}

TEST_F(LossVerb, UnknownArgument) {
  const Ran ran = loss("ce", {"--gamma", "2"});
  EXPECT_TRUE(ran.is_callers_fault());
  EXPECT_THAT(ran.err, HasSubstr("--gamma"));
}

TEST_F(LossVerb, OptionsComeFromATomlFileToo) {
  const std::string file = folder_.at("run.toml");
  spill(file, "loss = \"ce:label_smoothing=0.1\"\nlogits = \"" + logits_ + "\"\ntargets = \"" +
                  targets_ + "\"\njson = true\n");
  const Ran ran = run_program({"loss", "--config", file});
  ASSERT_EQ(ran.status, 0) << ran.err;
  EXPECT_EQ(ran.json()["loss"], "ce:label_smoothing=0.1");
  EXPECT_EQ(ran.json()["config"]["logits"], logits_);
}

}  // namespace
}  // namespace tailgrad::test
