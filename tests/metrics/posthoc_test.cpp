#include <tailgrad/metrics/posthoc.h>

#include <cmath>
#include <limits>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <tailgrad/core/random.h>
#include <tailgrad/metrics/multilabel.h>
#include <tailgrad/metrics/report.h>

#include <support/messages.h>
#include "metrics/golden.h"

namespace tailgrad {
namespace {

using test::message_of;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

const std::vector<std::int64_t> kTrain = {700, 200, 100};

TEST(Posthoc, LogitAdjustmentSubtractsTauLogPrior) {
  const Adjustment la = fit_adjustment("la:tau=0.5", {.classes = 3, .train_counts = kTrain});
  EXPECT_EQ(la.recipe, "la:tau=0.5");
  const std::vector<double> out = apply_adjustment(la, std::vector<double>{2, 0.5, -1});
  EXPECT_DOUBLE_EQ(out[0], 2 - 0.5 * std::log(0.7));
  EXPECT_DOUBLE_EQ(out[1], 0.5 - 0.5 * std::log(0.2));
  EXPECT_DOUBLE_EQ(out[2], -1 - 0.5 * std::log(0.1));
  EXPECT_THAT(la.warnings, IsEmpty());
}

TEST(Posthoc, TauZeroAndEqualCountsChangeNoAnswer) {
  const std::vector<double> logits = {2, 0.5, -1};
  EXPECT_EQ(
      apply_adjustment(fit_adjustment("la:tau=0", {.classes = 3, .train_counts = kTrain}), logits),
      logits);
  const Adjustment equal =
      fit_adjustment("la", {.classes = 3, .train_counts = std::vector<std::int64_t>{5, 5, 5}});
  EXPECT_EQ(equal.offset[0], equal.offset[1]);
  EXPECT_EQ(equal.offset[0], equal.offset[2]);
}

TEST(Posthoc, EmptyClassesSmoothThePriorAndWarn) {
  const Adjustment la =
      fit_adjustment("la", {.classes = 3, .train_counts = std::vector<std::int64_t>{6, 0, 1}});
  EXPECT_DOUBLE_EQ(la.offset[1], -std::log(0.1));
  EXPECT_THAT(la.warnings, ElementsAre(HasSubstr("1 of 3 classes have no training items")));
}

// Data drawn exactly from softmax scores with prior pi: the Bayes scores are known, so adjusting
// them by tau = 1 must be (near) best for the balanced error.
struct GaussianDev {
  std::vector<double> logits;
  std::vector<Index> labels;
  GaussianDev() {
    Random random(12, "posthoc_test");
    const double means[] = {-1.2, 0, 1.2};
    for (int i = 0; i < 20000; ++i) {
      const double u = random.uniform();
      const Index label = u < 0.7 ? 0 : u < 0.9 ? 1 : 2;
      const double x = means[label] + random.normal();
      labels.push_back(label);
      for (Index k = 0; k < 3; ++k) {
        logits.push_back(std::log(static_cast<double>(kTrain[static_cast<std::size_t>(k)]) / 1000) -
                         (x - means[k]) * (x - means[k]) / 2);
      }
    }
  }
  double value(const Adjustment& adjustment, const char* metric) const {
    return *scalar_metric(
        compute_metrics(predictions_from_logits(apply_adjustment(adjustment, logits), labels, 3)),
        metric);
  }
  AdjustmentData data(const char* metric = "balanced_error") const {
    return {
        .classes = 3, .logits = logits, .labels = labels, .train_counts = kTrain, .metric = metric};
  }
};

TEST(Posthoc, TunedTauIsOneForBayesScoresAndBalancedError) {
  const GaussianDev dev;
  const Adjustment tuned = fit_adjustment("la:tau=tuned", dev.data());
  const double tau = std::stod(tuned.recipe.substr(std::string("la:tau=").size()));
  EXPECT_NEAR(tau, 1, 0.15);
  for (const char* form : {"la:tau=0", "la:tau=0.5", "la:tau=1", "la:tau=2"}) {
    EXPECT_LE(dev.value(tuned, "balanced_error"),
              dev.value(fit_adjustment(form, dev.data()), "balanced_error"));
  }
  EXPECT_EQ(fit_adjustment("la:tau=tuned", dev.data()).recipe, tuned.recipe);
}

TEST(Posthoc, TunedTauIsZeroForBayesScoresAndNll) {
  const GaussianDev dev;
  const Adjustment tuned = fit_adjustment("la:tau=tuned", dev.data("loss"));
  const double tau = std::stod(tuned.recipe.substr(std::string("la:tau=").size()));
  EXPECT_NEAR(tau, 0, 0.05);
}

TEST(Posthoc, EqualTausGoToTheOneClosestToOne) {
  // Both items are right for every tau: the true class wins by 100.
  const std::vector<double> logits = {100, 0, 0, 100};
  const std::vector<Index> labels = {0, 1};
  const std::vector<std::int64_t> train = {90, 10};
  EXPECT_EQ(
      fit_adjustment("la:tau=tuned",
                     {.classes = 2, .logits = logits, .labels = labels, .train_counts = train})
          .recipe,
      "la:tau=1");
}

TEST(Posthoc, UniformPriorShiftIsLogitAdjustmentUpToAConstant) {
  const AdjustmentData data{.classes = 3, .train_counts = kTrain};
  const Adjustment la = fit_adjustment("la:tau=1", data);
  const Adjustment prior = fit_adjustment("prior:target=uniform", data);
  for (std::size_t k = 0; k < 3; ++k) {
    EXPECT_NEAR(prior.offset[k] - la.offset[k], std::log(1.0 / 3), 1e-15);
  }
}

TEST(Posthoc, PriorShiftToTheTrainingPriorChangesNothing) {
  const std::vector<double> target = {7, 2, 1};  // scaled to sum 1
  const Adjustment prior = fit_adjustment(
      "prior:target=p.npy", {.classes = 3, .train_counts = kTrain, .target_prior = target});
  for (const double offset : prior.offset) EXPECT_NEAR(offset, 0, 1e-15);
  EXPECT_EQ(prior.recipe, "prior:target=p.npy");
}

TEST(Posthoc, TemperatureAgreesWithSciPy) {
  const nlohmann::json gold = golden("temperature");
  const std::vector<double> logits = gold["logits"];
  const std::vector<Index> labels = gold["labels"];
  const Adjustment fitted =
      fit_adjustment("temperature", {.classes = 4, .logits = logits, .labels = labels});
  // The NLL is flat at its minimum: SciPy, which sees values only, knows T to about 1e-7.
  EXPECT_NEAR(1 / fitted.scale[0], gold["temperature"].get<double>(), 1e-5);
  const Metrics after =
      compute_metrics(predictions_from_logits(apply_adjustment(fitted, logits), labels, 4));
  EXPECT_LE(*after.loss, gold["loss"].get<double>() + 1e-14);
}

TEST(Posthoc, TemperatureWithoutAMinimumStopsAtTheEndAndSaysSo) {
  const std::vector<double> logits = {1, 0, 0, 1};
  const std::vector<Index> right = {0, 1};
  const std::vector<Index> wrong = {1, 0};
  const Adjustment cold =
      fit_adjustment("temperature", {.classes = 2, .logits = logits, .labels = right});
  EXPECT_EQ(cold.recipe, "temperature:value=0.01");
  EXPECT_THAT(cold.warnings, ElementsAre(HasSubstr("every dev item is right")));
  const Adjustment hot =
      fit_adjustment("temperature", {.classes = 2, .logits = logits, .labels = wrong});
  EXPECT_EQ(hot.recipe, "temperature:value=100");
  EXPECT_THAT(hot.warnings, ElementsAre(HasSubstr("tell nothing")));
}

TEST(Posthoc, TauNormDividesByThePowerOfTheNorm) {
  const std::vector<double> weights = {3, 4, 0, 2};
  const std::vector<double> norms = row_norms(weights, 2);
  EXPECT_EQ(norms, (std::vector<double>{5, 2}));
  const Adjustment half =
      fit_adjustment("tau-norm:weights=W.npy,tau=0.5", {.classes = 2, .weight_norms = norms});
  EXPECT_DOUBLE_EQ(half.scale[0], 1 / std::sqrt(5.0));
  EXPECT_EQ(half.offset, (std::vector<double>{0, 0}));
  EXPECT_EQ(half.recipe, "tau-norm:weights=W.npy,tau=0.5");
}

TEST(Posthoc, ThresholdsRaiseTheMetric) {
  const GaussianDev dev;
  const Adjustment none = fit_adjustment("threshold:values=0/0/0", dev.data());
  const Adjustment tuned = fit_adjustment("threshold", dev.data("macro_f1"));
  EXPECT_GT(dev.value(tuned, "macro_f1"), dev.value(none, "macro_f1"));
  // The recipe says it all: reading it again gives the same adjustment.
  EXPECT_EQ(fit_adjustment(tuned.recipe, {.classes = 3}).offset, tuned.offset);
}

TEST(Posthoc, MultilabelThresholdsBecomeOneHalf) {
  const nlohmann::json gold = golden("multi_label");
  const std::vector<double> logits = gold["logits"];
  const std::vector<std::uint8_t> targets = gold["targets"];
  const std::vector<double> thresholds = gold["thresholds"];
  const Adjustment adjustment =
      fit_adjustment("threshold:values=0.5/0.4/0.3/0.6/0.9", {.classes = 5, .targets = targets});
  EXPECT_EQ(multilabel_from_logits(apply_adjustment(adjustment, logits), targets, 5).predicted,
            multilabel_from_logits(logits, targets, 5, thresholds).predicted);
  const Adjustment tuned = fit_adjustment(
      "threshold", {.classes = 5, .logits = logits, .targets = targets, .metric = "macro_f1"});
  const auto macro = [&](const std::vector<double>& z) {
    return *compute_metrics(multilabel_from_logits(z, targets, 5)).macro_f1;
  };
  EXPECT_GT(macro(apply_adjustment(tuned, logits)), macro(logits));
}

TEST(Posthoc, IgnoredDevItemsEqualRemovedOnes) {
  const std::vector<double> all = {2, 0, 9, 0, 0, 1, 1, 0.5};
  const std::vector<Index> labels = {0, -100, 1, 1};
  const std::vector<double> kept = {2, 0, 0, 1, 1, 0.5};
  const std::vector<Index> kept_labels = {0, 1, 1};
  EXPECT_EQ(
      fit_adjustment("temperature",
                     {.classes = 2, .logits = all, .labels = labels, .ignored = -100})
          .recipe,
      fit_adjustment("temperature", {.classes = 2, .logits = kept, .labels = kept_labels}).recipe);
}

TEST(Posthoc, RecipeSurvivesJson) {
  const Adjustment la = fit_adjustment("la:tau=0.3", {.classes = 3, .train_counts = kTrain});
  const Adjustment back = adjustment_from_json(nlohmann::json::parse(adjustment_json(la).dump()));
  EXPECT_EQ(back.recipe, la.recipe);
  EXPECT_EQ(back.scale, la.scale);
  EXPECT_EQ(back.offset, la.offset);
  EXPECT_THAT(message_of([] {
                adjustment_from_json({{"recipe", "la"}, {"scale", {1, 2}}});
              }),
              HasSubstr("needs a list of numbers \"offset\""));
}

TEST(Posthoc, BadInputSaysWhatIsMissing) {
  const std::vector<double> two = {1, 2};
  const std::vector<Index> label = {0};
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const auto message = [](const char* form, const AdjustmentData& data) {
    return message_of([&] { fit_adjustment(form, data); });
  };
  EXPECT_THAT(message("lb", {.classes = 2}),
              HasSubstr("adjustment: unknown name 'lb'; did you mean 'la'? Known: la, prior"));
  EXPECT_THAT(message("la", {.classes = 2}), HasSubstr("needs the training counts"));
  EXPECT_THAT(message("la", {.classes = 2, .train_counts = kTrain}),
              HasSubstr("one count for each of the 2 classes; got 3"));
  EXPECT_THAT(message("la:tau=high", {.classes = 2}),
              HasSubstr("tau must be a number or tuned; got 'high'"));
  EXPECT_THAT(message("la:tau=tuned", {.classes = 3, .train_counts = kTrain}),
              HasSubstr("at least one dev item"));
  EXPECT_THAT(message("prior:target=f.npy", {.classes = 3, .train_counts = kTrain}),
              HasSubstr("prior: target: needs one number for each of the 3 classes; got 0"));
  EXPECT_THAT(message("tau-norm", {.classes = 2}), HasSubstr("option weights must be given"));
  EXPECT_THAT(
      message("tau-norm:weights=w.npy", {.classes = 2, .weight_norms = std::vector<double>{1, 0}}),
      HasSubstr("weight norms: class 1 must be a number > 0; got 0"));
  EXPECT_THAT(message("temperature:value=0", {.classes = 2}), HasSubstr("must be a number > 0"));
  EXPECT_THAT(message("temperature",
                      {.classes = 2, .logits = std::vector<double>{1, nan}, .labels = label}),
              HasSubstr("item 0, class 1 must be a finite number; got nan"));
  EXPECT_THAT(message("threshold:values=0/1/2", {.classes = 2}),
              HasSubstr("needs one for each of the 2 classes; got 3"));
  EXPECT_THAT(
      message("threshold:values=0.5/1", {.classes = 2, .targets = std::vector<std::uint8_t>{0, 1}}),
      HasSubstr("class 1 must be a probability in (0, 1); got 1"));
  EXPECT_THAT(message("threshold", {.classes = 2, .logits = two, .labels = label, .metric = "ece"}),
              HasSubstr("got ece"));
  EXPECT_THAT(message("temperature",
                      {.classes = 2, .logits = two, .targets = std::vector<std::uint8_t>{0, 1}}),
              HasSubstr("for multi-label targets use threshold"));
}

}  // namespace
}  // namespace tailgrad
