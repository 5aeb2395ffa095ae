// How far a number may be off because the test set is one sample of many.
//
// The percentile bootstrap over items (Efron 1979): draw as many items as there are, with
// replacement, compute every metric, repeat; the middle 95 % of the values is the interval. It
// knows nothing of the variation between training seeds, and its intervals are too narrow for
// classes with a handful of items. Items of one sentence are not independent: give `unit_offsets`
// and whole sentences are drawn.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include <tailgrad/metrics/multilabel.h>
#include <tailgrad/metrics/report.h>

namespace tailgrad {

/// How the items are drawn again.
struct BootstrapOptions {
  int resamples = 1000;    ///< number of drawings
  double level = 0.95;     ///< share of the resampled values inside the interval, in (0, 1)
  std::uint64_t seed = 1;  ///< the same seed gives the same intervals, bit by bit
  /// [units + 1] rising, from 0 to the number of items: units are drawn instead of items.
  std::span<const Index> unit_offsets = {};
};

/// One metric and its interval. A resample in which the metric has no denominator does not count;
/// when it is missing in more than half of them there is no interval.
struct MetricInterval {
  std::string metric = {};              ///< name as in scalar_metrics()
  std::optional<double> estimate = {};  ///< on the items themselves
  std::optional<double> low = {};       ///< lower end
  std::optional<double> high = {};      ///< upper end
  int defined = 0;                      ///< resamples in which the metric is defined
};

/// Every scalar_metrics() of `predictions`. Throws Error for resamples < 1, a level outside (0, 1)
/// and offsets that do not rise from 0 to the number of items.
std::vector<MetricInterval> bootstrap_intervals(const Predictions& predictions,
                                                const MetricsContext& context = {},
                                                const BootstrapOptions& options = {});
/// The same for several labels an item.
std::vector<MetricInterval> bootstrap_intervals(const MultilabelPredictions& predictions,
                                                const MetricsContext& context = {},
                                                const BootstrapOptions& options = {});
/// Also every sequence_scalar_metrics(). Whole sentences are drawn unless unit_offsets says
/// otherwise (documents: offsets of tokens, each at the beginning of a sentence).
std::vector<MetricInterval> bootstrap_intervals(const SequencePredictions& predictions,
                                                const MetricsContext& context = {},
                                                const BootstrapOptions& options = {});

/// System b minus system a on the same items, by drawing the same items for both.
struct PairedDifference {
  std::string metric = {};                ///< name as in scalar_metrics()
  std::optional<double> a = {};           ///< metric of system a
  std::optional<double> b = {};           ///< metric of system b
  std::optional<double> difference = {};  ///< b - a
  std::optional<double> low = {};         ///< lower end
  std::optional<double> high = {};        ///< upper end
  /// Two-sided: 2 min(#(d <= 0) + 1, #(d >= 0) + 1) / (resamples + 1), at most 1.
  std::optional<double> p = {};
  int defined = 0;  ///< resamples in which both are defined
};

/// Throws Error, besides the above, unless both systems have the same labels in the same order.
std::vector<PairedDifference> paired_bootstrap(const Predictions& a, const Predictions& b,
                                               const MetricsContext& context = {},
                                               const BootstrapOptions& options = {});
/// The same for several labels an item.
std::vector<PairedDifference> paired_bootstrap(const MultilabelPredictions& a,
                                               const MultilabelPredictions& b,
                                               const MetricsContext& context = {},
                                               const BootstrapOptions& options = {});
/// The same for tagged sentences.
std::vector<PairedDifference> paired_bootstrap(const SequencePredictions& a,
                                               const SequencePredictions& b,
                                               const MetricsContext& context = {},
                                               const BootstrapOptions& options = {});

/// {metric: {estimate, low, high}}; null with a `reason` where there is none.
nlohmann::json intervals_json(std::span<const MetricInterval> intervals);
/// {metric: {a, b, difference, low, high, p}}; null with a `reason` where there is none.
nlohmann::json paired_json(std::span<const PairedDifference> differences);

/// Value at share `q` of the sorted `values`, linear between neighbours (NumPy's default).
double quantile(std::span<const double> sorted, double q);

}  // namespace tailgrad
