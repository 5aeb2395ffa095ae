#include <tailgrad/metrics/multilabel.h>

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

void expect_golden(const json& gold, const char* section, std::span<const double> thresholds) {
  const std::vector<double> logits = gold["logits"];
  const std::vector<std::uint8_t> targets = gold["targets"];
  const json& wanted = gold[section];
  const Metrics metrics =
      compute_metrics(multilabel_from_logits(logits, targets, gold["classes"], thresholds));
  for (const char* name : {"accuracy", "macro_f1", "micro_f1", "balanced_error"}) {
    SCOPED_TRACE(name);
    expect_matches(scalar_metric(metrics, name), wanted[name]);
  }
  expect_matches(metrics.loss, gold["loss"]);
  for (std::size_t k = 0; k < metrics.per_class.size(); ++k) {
    SCOPED_TRACE(k);
    expect_matches(metrics.per_class[k].f1, wanted["f1"][k]);
  }
}

TEST(Multilabel, AgreesWithScikitLearn) {
  const json gold = golden("multi_label");
  expect_golden(gold, "half", {});
  expect_golden(gold, "tuned", gold["thresholds"].get<std::vector<double>>());
}

TEST(Multilabel, ByHand) {
  // Two items, two classes: item 0 has class 0 and is called both; item 1 has class 0, called none.
  const std::vector<double> logits = {1, 2, -1, -2};
  const std::vector<std::uint8_t> targets = {1, 0, 1, 0};
  const MultilabelPredictions items = multilabel_from_logits(logits, targets, 2);
  const Metrics metrics = compute_metrics(items);
  EXPECT_EQ(metrics.n, 2);
  EXPECT_EQ(metrics.accuracy, 0.0);
  EXPECT_DOUBLE_EQ(*metrics.per_class[0].f1, 2.0 / 3);
  EXPECT_EQ(metrics.per_class[0].balanced_error, std::nullopt);  // no item without class 0
  EXPECT_EQ(metrics.per_class[1].recall, std::nullopt);
  EXPECT_DOUBLE_EQ(*metrics.micro_f1, 2.0 / 4);
  EXPECT_EQ(metrics.balanced_error, std::nullopt);
  const json out = metrics_json(metrics);
  EXPECT_THAT(out["reason"].get<std::string>(),
              HasSubstr("balanced_error: no class has items with and items without it"));
  EXPECT_TRUE(out["per_class"][0].contains("balanced_error"));
}

TEST(Multilabel, LossHoldsForExtremeLogits) {
  const std::vector<double> logits = {1e4, -1e4};
  const Metrics right =
      compute_metrics(multilabel_from_logits(logits, std::vector<std::uint8_t>{1, 0}, 2));
  EXPECT_EQ(*right.loss, 0);
  const Metrics wrong =
      compute_metrics(multilabel_from_logits(logits, std::vector<std::uint8_t>{0, 1}, 2));
  EXPECT_EQ(*wrong.loss, 1e4);
}

TEST(Multilabel, NoItems) {
  const Metrics metrics = compute_metrics(multilabel_from_logits({}, {}, 3));
  EXPECT_EQ(metrics.n, 0);
  EXPECT_EQ(metrics.accuracy, std::nullopt);
  EXPECT_EQ(metrics.loss, std::nullopt);
}

TEST(Multilabel, BadInput) {
  const std::vector<double> logits = {1, 2};
  const std::vector<std::uint8_t> targets = {1, 2};
  EXPECT_THAT(message_of([&] { multilabel_from_logits(logits, targets, 2); }),
              HasSubstr("targets: item 0, class 1 must be 0 or 1; got 2"));
  EXPECT_THAT(message_of([&] { multilabel_from_logits(logits, targets, 3); }),
              HasSubstr("needs rows of 3 classes; got 2 numbers"));
  EXPECT_THAT(message_of([&] {
                multilabel_from_logits(logits, std::vector<std::uint8_t>{1, 0}, 2,
                                       std::vector<double>{0.5, 1.5});
              }),
              HasSubstr("thresholds: class 1 must be in [0, 1]; got 1.5"));
  const double nan = std::numeric_limits<double>::quiet_NaN();
  EXPECT_THAT(
      message_of([&] {
        multilabel_from_logits(std::vector<double>{nan, 0}, std::vector<std::uint8_t>{1, 0}, 2);
      }),
      HasSubstr("logits: item 0, class 0 must be a finite number; got nan"));
}

}  // namespace
}  // namespace tailgrad
