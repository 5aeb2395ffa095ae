#include <tailgrad/metrics/bootstrap.h>

#include <cmath>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <tailgrad/core/random.h>

#include <support/messages.h>
#include "metrics/golden.h"

namespace tailgrad {
namespace {

using test::message_of;
using ::testing::HasSubstr;

Predictions golden_items() {
  const nlohmann::json gold = golden("single_label");
  return predictions_from_logits(gold["logits"].get<std::vector<double>>(),
                                 gold["labels"].get<std::vector<Index>>(), gold["classes"]);
}

// n items of class 0; the i-th is right when right(i).
template <class Right>
Predictions items_of_one_class(std::size_t n, Right right) {
  std::vector<Index> labels(n, 0);
  std::vector<Index> predicted(n);
  for (std::size_t i = 0; i < n; ++i) predicted[i] = right(i) ? 0 : 1;
  return predictions_from_classes(predicted, labels, 2);
}

TEST(Bootstrap, EstimatesAreThoseOfTheMetricsObject) {
  const Predictions items = golden_items();
  const std::vector<std::int64_t> train = {500, 90, 15, 10, 10, 5, 1};
  const MetricsContext context{.train_counts = train};
  const Metrics metrics = compute_metrics(items, context);
  const auto intervals = bootstrap_intervals(items, context, {.resamples = 50});
  ASSERT_EQ(intervals.size(), scalar_metrics().size());
  for (const MetricInterval& interval : intervals) {
    SCOPED_TRACE(interval.metric);
    const auto wanted = scalar_metric(metrics, interval.metric);
    ASSERT_TRUE(wanted.has_value());
    EXPECT_NEAR(*interval.estimate, *wanted, 1e-12);
    EXPECT_LT(*interval.low, *interval.high);
  }
}

TEST(Bootstrap, SameSeedSameBitsOtherSeedOthers) {
  const Predictions items = golden_items();
  const auto a = intervals_json(bootstrap_intervals(items, {}, {.resamples = 200, .seed = 7}));
  const auto b = intervals_json(bootstrap_intervals(items, {}, {.resamples = 200, .seed = 7}));
  const auto c = intervals_json(bootstrap_intervals(items, {}, {.resamples = 200, .seed = 8}));
  EXPECT_EQ(a, b);
  EXPECT_NE(a, c);
}

TEST(Bootstrap, AccuracyHasItsBinomialWidth) {
  const std::size_t n = 2000;
  const Predictions items = items_of_one_class(n, [](std::size_t i) { return i % 5 != 0; });
  const MetricInterval accuracy = bootstrap_intervals(items, {}, {.resamples = 4000})[0];
  const double half = 1.959964 * std::sqrt(0.8 * 0.2 / static_cast<double>(n));
  EXPECT_DOUBLE_EQ(*accuracy.estimate, 0.8);
  EXPECT_NEAR(*accuracy.low, 0.8 - half, 0.08 * half);
  EXPECT_NEAR(*accuracy.high, 0.8 + half, 0.08 * half);
}

TEST(Bootstrap, CoversTheTruthAboutAsOftenAsItSays) {
  int covered = 0;
  for (std::uint64_t sample = 0; sample < 300; ++sample) {
    Random random(sample, "bootstrap_test");
    const Predictions items =
        items_of_one_class(300, [&](std::size_t) { return random.uniform() < 0.7; });
    const auto accuracy = bootstrap_intervals(items, {}, {.resamples = 300, .seed = sample})[0];
    covered += *accuracy.low <= 0.7 && 0.7 <= *accuracy.high;
  }
  EXPECT_GE(covered, 273);  // 95 % of 300 is 285, less three standard deviations
  EXPECT_LE(covered, 297);
}

TEST(Bootstrap, WholeUnitsAreDrawn) {
  // Every unit is 20 copies of one item: drawing units must equal drawing the 100 single items.
  const auto right = [](std::size_t i) { return i % 3 != 0; };
  const Predictions single = items_of_one_class(100, right);
  const Predictions copies = items_of_one_class(2000, [&](std::size_t i) { return right(i / 20); });
  std::vector<Index> offsets;
  for (Index u = 0; u <= 100; ++u) offsets.push_back(20 * u);
  const auto a = bootstrap_intervals(single, {}, {.resamples = 200})[0];
  const auto b = bootstrap_intervals(copies, {}, {.resamples = 200, .unit_offsets = offsets})[0];
  EXPECT_DOUBLE_EQ(*a.low, *b.low);
  EXPECT_DOUBLE_EQ(*a.high, *b.high);
}

TEST(Bootstrap, WhatIsNotDefinedHasNoInterval) {
  const auto intervals = bootstrap_intervals(
      items_of_one_class(20, [](std::size_t) { return true; }), {}, {.resamples = 20});
  const nlohmann::json out = intervals_json(intervals);
  EXPECT_TRUE(out["loss"]["low"].is_null());
  EXPECT_THAT(out["loss"]["reason"].get<std::string>(), HasSubstr("not available"));
  EXPECT_TRUE(out["recall_few"]["estimate"].is_null());
  EXPECT_EQ(out["accuracy"]["low"], 1.0);
  EXPECT_FALSE(out["accuracy"].contains("reason"));
}

TEST(PairedBootstrap, ASystemDoesNotDifferFromItself) {
  const Predictions items = golden_items();
  for (const PairedDifference& row : paired_bootstrap(items, items, {}, {.resamples = 100})) {
    if (!row.difference) continue;
    EXPECT_EQ(*row.difference, 0) << row.metric;
    EXPECT_EQ(*row.low, 0) << row.metric;
    EXPECT_EQ(*row.p, 1) << row.metric;
  }
}

TEST(PairedBootstrap, PairingSeesWhatSeparateIntervalsHide) {
  // b is right where a is, and on 20 more of 1000 items: the separate intervals overlap widely.
  const Predictions a = items_of_one_class(1000, [](std::size_t i) { return i < 700; });
  const Predictions b = items_of_one_class(1000, [](std::size_t i) { return i < 720; });
  const BootstrapOptions options{.resamples = 999};
  const PairedDifference row = paired_bootstrap(a, b, {}, options)[0];
  EXPECT_NEAR(*row.difference, 0.02, 1e-12);
  EXPECT_GT(*row.low, 0.01);
  EXPECT_DOUBLE_EQ(*row.p, 2.0 / 1000);  // no resample on the other side
  EXPECT_GT(*bootstrap_intervals(a, {}, options)[0].high,
            *bootstrap_intervals(b, {}, options)[0].low);
  const PairedDifference back = paired_bootstrap(b, a, {}, options)[0];
  EXPECT_DOUBLE_EQ(*back.low, -*row.high);
  EXPECT_EQ(paired_json(std::vector{row})["accuracy"]["difference"], *row.difference);
}

MultilabelPredictions golden_marks() {
  const nlohmann::json gold = golden("multi_label");
  return multilabel_from_logits(gold["logits"].get<std::vector<double>>(),
                                gold["targets"].get<std::vector<std::uint8_t>>(), gold["classes"]);
}

TEST(Bootstrap, MultiLabelEstimatesAreThoseOfTheMetricsObject) {
  const MultilabelPredictions items = golden_marks();
  const Metrics metrics = compute_metrics(items);
  for (const MetricInterval& interval : bootstrap_intervals(items, {}, {.resamples = 50})) {
    SCOPED_TRACE(interval.metric);
    const auto wanted = scalar_metric(metrics, interval.metric);
    ASSERT_EQ(interval.estimate.has_value(), wanted.has_value());
    if (!wanted) continue;
    EXPECT_NEAR(*interval.estimate, *wanted, 1e-12);
    EXPECT_LT(*interval.low, *interval.high);
  }
}

TEST(PairedBootstrap, MultiLabel) {
  const MultilabelPredictions a = golden_marks();
  MultilabelPredictions b = a;
  for (std::size_t e = 0; e < b.targets.size(); ++e) b.predicted[e] = b.targets[e];
  const BootstrapOptions options{.resamples = 99};
  EXPECT_EQ(*paired_bootstrap(a, a, {}, options)[0].difference, 0);
  const PairedDifference accuracy = paired_bootstrap(a, b, {}, options)[0];
  EXPECT_NEAR(*accuracy.difference, 1 - *compute_metrics(a).accuracy, 1e-12);
  b.targets[0] ^= 1;
  EXPECT_THAT(message_of([&] { paired_bootstrap(a, b); }),
              HasSubstr("item 0 has other targets in one system than in the other"));
}

TEST(Bootstrap, BadInput) {
  const Predictions two = items_of_one_class(2, [](std::size_t) { return true; });
  const Predictions three = items_of_one_class(3, [](std::size_t) { return true; });
  const Predictions other =
      predictions_from_classes(std::vector<Index>{0, 0}, std::vector<Index>{0, 1}, 2);
  const std::vector<Index> offsets = {0, 1};
  EXPECT_THAT(message_of([&] { bootstrap_intervals(two, {}, {.resamples = 0}); }),
              HasSubstr("resamples must be >= 1; got 0"));
  EXPECT_THAT(message_of([&] { bootstrap_intervals(two, {.calibration_bins = 0}); }),
              HasSubstr("calibration bins must be in [1, 65535]; got 0"));
  EXPECT_THAT(message_of([&] { bootstrap_intervals(two, {}, {.level = 1}); }),
              HasSubstr("level must be in (0, 1); got 1"));
  EXPECT_THAT(message_of([&] { bootstrap_intervals(two, {}, {.unit_offsets = offsets}); }),
              HasSubstr("must rise from 0 to the number of items, 2"));
  EXPECT_THAT(message_of([&] { paired_bootstrap(two, three); }), HasSubstr("2 items of 2 classes"));
  EXPECT_THAT(message_of([&] { paired_bootstrap(two, other); }),
              HasSubstr("item 1 has label 0 in one system and 1 in the other"));
}

TEST(Bootstrap, QuantileIsNumPys) {
  const std::vector<double> values = {1, 2, 4, 8};
  EXPECT_DOUBLE_EQ(quantile(values, 0), 1);
  EXPECT_DOUBLE_EQ(quantile(values, 0.5), 3);
  EXPECT_DOUBLE_EQ(quantile(values, 0.9), 6.8);
  EXPECT_DOUBLE_EQ(quantile(values, 1), 8);
  EXPECT_THAT(message_of([] { quantile({}, 0.5); }), HasSubstr("at least one value"));
}

}  // namespace
}  // namespace tailgrad
