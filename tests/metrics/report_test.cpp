#include <tailgrad/metrics/report.h>

#include <cmath>
#include <limits>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <support/messages.h>
#include "metrics/golden.h"

namespace tailgrad {
namespace {

using nlohmann::json;
using test::message_of;
using ::testing::HasSubstr;

struct Given {
  json gold = golden("single_label");
  std::vector<double> logits = gold["logits"];
  std::vector<Index> labels = gold["labels"];
  Index classes = gold["classes"];
};

TEST(Metrics, AgreesWithScikitLearn) {
  const Given given;
  const Metrics metrics =
      compute_metrics(predictions_from_logits(given.logits, given.labels, given.classes));
  for (const char* name :
       {"accuracy", "balanced_error", "macro_f1", "micro_f1", "loss", "ece", "brier"}) {
    SCOPED_TRACE(name);
    expect_matches(scalar_metric(metrics, name), given.gold[name]);
  }
  for (std::size_t k = 0; k < metrics.per_class.size(); ++k) {
    SCOPED_TRACE(k);
    expect_matches(metrics.per_class[k].precision, given.gold["precision"][k]);
    expect_matches(metrics.per_class[k].recall, given.gold["recall"][k]);
    expect_matches(metrics.per_class[k].f1, given.gold["f1"][k]);
    EXPECT_EQ(metrics.per_class[k].support, given.gold["support"][k]);
  }
}

TEST(Metrics, ConfusionAgreesWithScikitLearn) {
  const Given given;
  const Predictions items = predictions_from_logits(given.logits, given.labels, given.classes);
  EXPECT_EQ(confusion_matrix(items.labels, items.predicted, given.classes),
            given.gold["confusion"].get<std::vector<std::int64_t>>());
}

TEST(Metrics, ProbabilitiesAndFloatsGiveTheSame) {
  const Given given;
  std::vector<double> p = given.logits;
  for (std::size_t i = 0; i < given.labels.size(); ++i) {
    const std::span<double> row = std::span(p).subspan(i * static_cast<std::size_t>(given.classes),
                                                       static_cast<std::size_t>(given.classes));
    double sum = 0;
    for (double& value : row) sum += value = std::exp(value);
    for (double& value : row) value /= sum;
  }
  const Metrics a = compute_metrics(predictions_from_probabilities(p, given.labels, given.classes));
  const std::vector<float> narrow(given.logits.begin(), given.logits.end());
  const Metrics b =
      compute_metrics(predictions_from_logits(std::span(narrow), given.labels, given.classes));
  EXPECT_NEAR(*a.loss, given.gold["loss"], 1e-12);
  EXPECT_NEAR(*a.ece, given.gold["ece"], 1e-12);
  EXPECT_NEAR(*b.loss, given.gold["loss"], 1e-6);
  EXPECT_EQ(*b.accuracy, given.gold["accuracy"]);
}

TEST(Metrics, LossHoldsForExtremeLogits) {
  const std::vector<double> logits = {1e4, 0, -1e4, 0, 1e4, -1e4};
  const Predictions items = predictions_from_logits(logits, std::vector<Index>{0, 2}, 3);
  EXPECT_EQ(items.nll[0], 0);
  EXPECT_EQ(items.nll[1], 2e4);
  EXPECT_EQ(*compute_metrics(items).loss, 1e4);
}

TEST(Metrics, IgnoredItemsEqualRemovedItems) {
  const std::vector<double> all = {1, 2, 5, 0, 0, 3};
  const std::vector<double> kept = {1, 2, 0, 3};
  const json a = metrics_json(
      compute_metrics(predictions_from_logits(all, std::vector<Index>{0, -100, 1}, 2, -100)));
  const json b =
      metrics_json(compute_metrics(predictions_from_logits(kept, std::vector<Index>{0, 1}, 2)));
  EXPECT_EQ(a, b);
}

TEST(MetricsJson, HasTheKeysOfTheContract) {
  const std::vector<double> logits = {2, 1, 0, 0, 2, 1, 0, 1, 3, 3, 1, 0};
  const std::vector<std::int64_t> train = {1000, 50, 3};
  const std::vector<std::string> names = {"noun", "verb", "adverb"};
  const json out = metrics_json(
      compute_metrics(predictions_from_logits(logits, std::vector<Index>{0, 1, 1, 0}, 3),
                      {.train_counts = train, .names = names}));
  for (const char* key : {"n", "accuracy", "balanced_error", "macro_f1", "micro_f1", "loss", "ece",
                          "per_class", "groups"}) {
    EXPECT_TRUE(out.contains(key)) << key;
  }
  EXPECT_FALSE(out.contains("reason"));
  EXPECT_EQ(out["n"], 4);
  EXPECT_EQ(out["per_class"][0]["label"], "noun");
  EXPECT_EQ(out["per_class"][0]["train_count"], 1000);
  EXPECT_EQ(out["per_class"][0]["support"], 2);
  EXPECT_EQ(out["per_class"][0]["precision"], 1.0);
  EXPECT_FALSE(out["per_class"][0].contains("reason"));
  EXPECT_TRUE(out["per_class"][2]["recall"].is_null());
  EXPECT_EQ(out["per_class"][2]["reason"], "recall: no evaluated item has the class");
  EXPECT_EQ(out["groups"]["many"], json({{"recall", 1.0}, {"classes", 1}, {"scored", 1}}));
  EXPECT_TRUE(out["groups"]["few"]["recall"].is_null());
  EXPECT_EQ(out["groups"]["few"]["reason"], "recall: no evaluated item has a class of the group");
}

TEST(MetricsJson, WhatIsNotAvailableIsNullWithAReason) {
  const json classes_only = metrics_json(compute_metrics(
      predictions_from_classes(std::vector<Index>{0, 1}, std::vector<Index>{0, 0}, 2)));
  EXPECT_TRUE(classes_only["loss"].is_null());
  EXPECT_TRUE(classes_only["groups"].is_null());
  EXPECT_THAT(classes_only["reason"].get<std::string>(),
              testing::AllOf(HasSubstr("loss: only predicted classes are known"),
                             HasSubstr("groups: no training counts given")));

  const json nothing =
      metrics_json(compute_metrics(predictions_from_logits(std::span<const double>(), {}, 2)));
  EXPECT_EQ(nothing["n"], 0);
  EXPECT_TRUE(nothing["accuracy"].is_null());
  EXPECT_THAT(nothing["reason"].get<std::string>(), HasSubstr("accuracy: no evaluated item"));

  const json certain = metrics_json(compute_metrics(
      predictions_from_probabilities(std::vector<double>{1, 0}, std::vector<Index>{1}, 2)));
  EXPECT_TRUE(certain["loss"].is_null());
  EXPECT_THAT(certain["reason"].get<std::string>(), HasSubstr("probability 0"));
}

TEST(Metrics, ScalarNames) {
  const Given given;
  const Metrics metrics =
      compute_metrics(predictions_from_logits(given.logits, given.labels, given.classes));
  for (const std::string& name : scalar_metrics()) EXPECT_NO_THROW(scalar_metric(metrics, name));
  EXPECT_EQ(scalar_metric(metrics, "recall_few"), std::nullopt);
  EXPECT_TRUE(higher_is_better("macro_f1"));
  EXPECT_FALSE(higher_is_better("balanced_error"));
  EXPECT_THAT(message_of([&] { scalar_metric(metrics, "macro-f1"); }),
              HasSubstr("unknown name 'macro-f1'; did you mean 'macro_f1'?"));
  EXPECT_THAT(message_of([&] { higher_is_better("x"); }), HasSubstr("unknown name 'x'"));
}

TEST(Metrics, BadInputSaysWhatAndWhere) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const std::vector<Index> labels = {0, 1};
  const std::vector<double> good = {1, 2, 3, 4};
  EXPECT_THAT(message_of([&] {
                predictions_from_logits(std::vector<double>{1, 2, 3, nan}, labels, 2);
              }),
              HasSubstr("logits: item 1, class 1 must be a finite number; got nan"));
  EXPECT_THAT(message_of([&] { predictions_from_logits(good, labels, 3); }),
              HasSubstr("2 items and 3 classes need 6 numbers; got 4"));
  EXPECT_THAT(message_of([&] {
                predictions_from_logits(good, std::vector<Index>{0, 2}, 2, -100);
              }),
              HasSubstr("labels: item 1 must be a class in 0 … 1 (or -100: ignored); got 2"));
  EXPECT_THAT(message_of([&] { predictions_from_logits(good, labels, 0); }),
              HasSubstr("at least one class"));
  EXPECT_THAT(message_of([&] { predictions_from_probabilities(good, labels, 2); }),
              HasSubstr("item 0, class 1 must be in [0, 1]; got 2"));
  EXPECT_THAT(message_of([&] {
                predictions_from_probabilities(std::vector<double>{.5, .4, .5, .5}, labels, 2);
              }),
              HasSubstr("item 0 must sum to 1; got 0.9"));
  EXPECT_THAT(message_of([&] {
                compute_metrics(predictions_from_logits(good, labels, 2),
                                {.names = std::vector<std::string>{"a"}});
              }),
              HasSubstr("class names: needs one for each of the 2 classes; got 1"));
}

}  // namespace
}  // namespace tailgrad
