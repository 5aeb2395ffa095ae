#include <tailgrad/metrics/bootstrap_totals.h>

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include <tailgrad/core/error.h>

namespace tailgrad {
namespace {

// The calibration bin of each confidence; makes room for one gap a bin.
std::vector<std::uint16_t> bins_of(std::span<const double> confidence,
                                   const MetricsContext& context, std::vector<double>& gaps) {
  if (context.calibration_bins < 1 || context.calibration_bins > 65535) {
    fail("bootstrap",
         fmt::format("calibration bins must be in [1, 65535]; got {}", context.calibration_bins));
  }
  gaps.resize(static_cast<std::size_t>(context.calibration_bins));
  std::vector<std::uint16_t> bins;
  for (const double value : confidence) {
    bins.push_back(static_cast<std::uint16_t>(calibration_bin(value, context.calibration_bins)));
  }
  return bins;
}

void clear(OutcomeCounts& counts, std::vector<double>& gaps) {
  std::ranges::fill(counts.support, 0);
  std::ranges::fill(counts.predicted, 0);
  std::ranges::fill(counts.correct, 0);
  std::ranges::fill(gaps, 0.0);
  counts.items = 0;
}

void add_groups(const OutcomeCounts& counts, const MetricsContext& context, Scalars& out) {
  if (context.train_counts.empty()) return;
  const GroupScores groups = score_groups(counts, context.train_counts, context.groups);
  for (std::size_t g = 0; g < groups.size(); ++g) out[7 + g] = groups[g].recall;
}

}  // namespace

WeightedTotals::WeightedTotals(const Predictions& items, const MetricsContext& context)
    : items_(items),
      context_(context),
      counts_(items.classes),
      bins_(bins_of(items.confidence, context, bin_gap_)) {}

Scalars WeightedTotals::scalars(std::span<const std::uint32_t> weights) {
  clear(counts_, bin_gap_);
  double nll = 0;
  double brier = 0;
  const bool probabilities = !items_.confidence.empty();
  for (std::size_t i = 0; i < weights.size(); ++i) {
    const std::int64_t weight = weights[i];
    if (weight == 0) continue;
    const std::size_t label = static_cast<std::size_t>(items_.labels[i]);
    const std::size_t predicted = static_cast<std::size_t>(items_.predicted[i]);
    const bool right = label == predicted;
    counts_.items += weight;
    counts_.support[label] += weight;
    counts_.predicted[predicted] += weight;
    counts_.correct[label] += right ? weight : 0;
    if (!probabilities) continue;
    const double w = static_cast<double>(weight);
    nll += w * items_.nll[i];
    brier += w * items_.brier[i];
    bin_gap_[bins_[i]] += w * ((right ? 1 : 0) - items_.confidence[i]);
  }

  Scalars out;
  out[0] = accuracy(counts_);
  out[1] = balanced_error(counts_);
  out[2] = macro_f1(counts_);
  out[3] = micro_f1(counts_);
  if (probabilities && counts_.items > 0) {
    const double n = static_cast<double>(counts_.items);
    double gaps = 0;  // n_b |accuracy_b - confidence_b| needs no division by n_b
    for (const double gap : bin_gap_) gaps += std::abs(gap);
    out[4] = nll / n;
    out[5] = gaps / n;
    out[6] = brier / n;
  }
  add_groups(counts_, context_, out);
  return out;
}

WeightedMarks::WeightedMarks(const MultilabelPredictions& items, const MetricsContext& context)
    : items_(items),
      context_(context),
      counts_(items.classes),
      bins_(bins_of(items.probability, context, bin_gap_)),
      right_(items.items, 1),
      nll_(items.items),
      brier_(items.items) {
  const auto classes = static_cast<std::size_t>(items.classes);
  for (std::size_t e = 0; e < items.targets.size(); ++e) {
    const std::size_t item = e / classes;
    const double miss = items.probability[e] - items.targets[e];
    if (items.targets[e] != items.predicted[e]) right_[item] = 0;
    nll_[item] += items.nll[e];
    brier_[item] += miss * miss;
  }
}

Scalars WeightedMarks::scalars(std::span<const std::uint32_t> weights) {
  clear(counts_, bin_gap_);
  const std::size_t classes = counts_.support.size();
  double right = 0;
  double nll = 0;
  double brier = 0;
  for (std::size_t i = 0; i < weights.size(); ++i) {
    const std::int64_t weight = weights[i];
    if (weight == 0) continue;
    const double w = static_cast<double>(weight);
    counts_.items += weight;
    right += w * right_[i];
    nll += w * nll_[i];
    brier += w * brier_[i];
    for (std::size_t k = 0; k < classes; ++k) {
      const std::size_t e = i * classes + k;
      const bool target = items_.targets[e] != 0;
      const bool predicted = items_.predicted[e] != 0;
      counts_.support[k] += target ? weight : 0;
      counts_.predicted[k] += predicted ? weight : 0;
      counts_.correct[k] += target && predicted ? weight : 0;
      bin_gap_[bins_[e]] += w * ((target ? 1 : 0) - items_.probability[e]);
    }
  }

  Scalars out;
  double error_sum = 0;
  int errors = 0;
  for (Index k = 0; k < items_.classes; ++k) {
    if (const auto error = class_balanced_error(counts_, k)) {
      error_sum += *error;
      ++errors;
    }
  }
  if (errors > 0) out[1] = error_sum / errors;
  out[2] = macro_f1(counts_);
  out[3] = micro_f1(counts_);
  if (counts_.items > 0) {
    const double items = static_cast<double>(counts_.items);
    const double elements = items * static_cast<double>(classes);
    double gaps = 0;
    for (const double gap : bin_gap_) gaps += std::abs(gap);
    out[0] = right / items;
    out[4] = nll / elements;
    out[5] = gaps / elements;
    out[6] = brier / elements;
  }
  add_groups(counts_, context_, out);
  return out;
}

}  // namespace tailgrad
