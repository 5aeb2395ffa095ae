#include <tailgrad/metrics/tune_thresholds.h>

#include <algorithm>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <tailgrad/core/random.h>
#include <tailgrad/metrics/multilabel.h>
#include <tailgrad/metrics/report.h>

#include <support/messages.h>

namespace tailgrad {
namespace {

using test::message_of;
using ::testing::HasSubstr;

struct Problem {
  Index classes;
  std::vector<double> logits;
  std::vector<Index> labels;
};

// Noisy logits that favour class 0, class k being 2^k times rarer than class 0.
Problem skewed(std::uint64_t seed, std::size_t n, Index classes) {
  Random random(seed, "tune_thresholds_test");
  Problem problem{classes, {}, {}};
  for (std::size_t i = 0; i < n; ++i) {
    Index label = 0;
    while (label + 1 < classes && random.uniform() < 0.4) ++label;
    problem.labels.push_back(label);
    for (Index k = 0; k < classes; ++k) {
      problem.logits.push_back(random.normal() + (k == label ? 1.5 : 0) - 0.7 * k);
    }
  }
  return problem;
}

double score(const Problem& problem, const std::vector<double>& offsets, const char* metric) {
  std::vector<double> moved = problem.logits;
  for (std::size_t e = 0; e < moved.size(); ++e) moved[e] -= offsets[e % offsets.size()];
  return *scalar_metric(
      compute_metrics(predictions_from_logits(moved, problem.labels, problem.classes)), metric);
}

TEST(TuneOffsets, TwoClassesReachTheGlobalBest) {
  // With two classes only t_1 - t_0 matters, so trying every difference finds the optimum.
  const Problem problem = skewed(3, 200, 2);
  double best = 0;
  for (std::size_t i = 0; i < problem.labels.size(); ++i) {
    const double margin = problem.logits[2 * i + 1] - problem.logits[2 * i];
    for (const double t : {margin - 1e-9, margin + 1e-9}) {
      best = std::max(best, score(problem, {0, t}, "macro_f1"));
    }
  }
  EXPECT_GT(best, score(problem, {0, 0}, "macro_f1") + 0.01);
  EXPECT_NEAR(
      score(problem, tune_offsets(problem.logits, problem.labels, 2, "macro_f1"), "macro_f1"), best,
      1e-12);
}

TEST(TuneOffsets, NoSingleOffsetCanDoBetter) {
  const Problem problem = skewed(4, 400, 5);
  const std::vector<double> tuned = tune_offsets(problem.logits, problem.labels, 5, "macro_f1");
  const double reached = score(problem, tuned, "macro_f1");
  EXPECT_GT(reached, score(problem, std::vector<double>(5, 0), "macro_f1") + 0.01);
  for (std::size_t k = 0; k < 5; ++k) {
    for (double t = -6; t <= 6; t += 0.01) {
      std::vector<double> other = tuned;
      other[k] = t;
      ASSERT_LE(score(problem, other, "macro_f1"), reached + 1e-9) << k << " " << t;
    }
  }
}

TEST(TuneOffsets, EveryMetricGains) {
  const Problem problem = skewed(5, 400, 4);
  const std::vector<double> zero(4, 0);
  const auto tuned = [&](const char* metric) {
    return score(problem, tune_offsets(problem.logits, problem.labels, 4, metric), metric);
  };
  EXPECT_LT(tuned("balanced_error"), score(problem, zero, "balanced_error"));
  EXPECT_GE(tuned("accuracy"), score(problem, zero, "accuracy"));
  EXPECT_EQ(tuned("micro_f1"), tuned("accuracy"));
}

TEST(TuneOffsets, NothingToGainNothingChanged) {
  const std::vector<double> logits = {1, 0, 0, 1};
  const std::vector<Index> labels = {0, 1};
  EXPECT_EQ(tune_offsets(logits, labels, 2, "macro_f1"), (std::vector<double>{0, 0}));
  EXPECT_EQ(tune_offsets({}, {}, 2, "macro_f1"), (std::vector<double>{0, 0}));
}

TEST(TuneOffsets, ClassesWithoutItemsKeepZero) {
  // Class 2 never occurs but is predicted; it must not be pushed away by its own threshold.
  const std::vector<double> logits = {2, 0, 1, 0, 1, 2, 1, 2, 0};
  const std::vector<Index> labels = {0, 1, 0};
  EXPECT_EQ(tune_offsets(logits, labels, 3, "macro_f1")[2], 0);
}

TEST(TuneOffsets, BadInput) {
  const std::vector<double> logits = {1, 0, 0, 1};
  const std::vector<Index> labels = {0, 1};
  EXPECT_THAT(
      message_of([&] { tune_offsets(logits, labels, 2, "ece"); }),
      HasSubstr("can be tuned for macro_f1, micro_f1, accuracy or balanced_error; got ece"));
  EXPECT_THAT(message_of([&] { tune_offsets(logits, labels, 3, "accuracy"); }),
              HasSubstr("need 6 numbers; got 4"));
}

TEST(TuneProbabilityThresholds, BestOfAllForEachClass) {
  Random random(9, "tune_thresholds_test");
  const std::size_t n = 150;
  std::vector<double> logits;
  std::vector<std::uint8_t> targets;
  for (std::size_t e = 0; e < 2 * n; ++e) {
    targets.push_back(random.uniform() < (e % 2 == 0 ? 0.4 : 0.1) ? 1 : 0);
    logits.push_back(random.normal() + 1.5 * targets.back() - 1);
  }
  for (const char* metric : {"macro_f1", "balanced_error"}) {
    SCOPED_TRACE(metric);
    const std::vector<double> tuned = tune_probability_thresholds(logits, targets, 2, metric);
    const auto value = [&](const std::vector<double>& thresholds, std::size_t k) {
      const Metrics metrics =
          compute_metrics(multilabel_from_logits(logits, targets, 2, thresholds));
      const ClassMetrics& row = metrics.per_class[k];
      return std::string_view(metric) == "macro_f1" ? *row.f1 : 1 - *row.balanced_error;
    };
    for (std::size_t k = 0; k < 2; ++k) {
      const double reached = value(tuned, k);
      EXPECT_GT(reached, value({0.5, 0.5}, k));
      for (double t = 0; t <= 1; t += 0.001) {
        ASSERT_LE(value({t, t}, k), reached + 1e-12) << k << " " << t;
      }
    }
  }
}

TEST(TuneProbabilityThresholds, HalfWhereThereIsNothingToLearn) {
  const std::vector<double> logits = {1, 2, -3, 4, 1, -5};
  const std::vector<std::uint8_t> targets = {1, 0, 0, 1, 0, 0};  // class 1: never, class 2: never
  const std::vector<double> tuned = tune_probability_thresholds(logits, targets, 3, "macro_f1");
  EXPECT_EQ(tuned[1], 0.5);
  EXPECT_EQ(tuned[2], 0.5);
  EXPECT_THAT(message_of([&] { tune_probability_thresholds(logits, targets, 3, "accuracy"); }),
              HasSubstr("macro_f1 or balanced_error"));
}

}  // namespace
}  // namespace tailgrad
