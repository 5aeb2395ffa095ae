#include <tailgrad/metrics/multilabel.h>

#include <cmath>

#include <fmt/format.h>

#include <tailgrad/core/error.h>

namespace tailgrad {
namespace {

double sigmoid(double z) {
  const double e = std::exp(-std::abs(z));
  return z >= 0 ? 1 / (1 + e) : e / (1 + e);
}

double mean(std::span<const double> values) {
  double sum = 0;
  for (const double value : values) sum += value;
  return sum / static_cast<double>(values.size());
}

}  // namespace

MultilabelPredictions multilabel_from_logits(std::span<const double> logits,
                                             std::span<const std::uint8_t> targets, Index classes,
                                             std::span<const double> thresholds) {
  if (classes < 1) fail("targets", fmt::format("needs at least one class; got {}", classes));
  const std::size_t width = static_cast<std::size_t>(classes);
  if (targets.size() % width != 0) {
    fail("targets",
         fmt::format("needs rows of {} classes; got {} numbers", classes, targets.size()));
  }
  if (!thresholds.empty() && thresholds.size() != width) {
    fail("thresholds",
         fmt::format("needs one for each of the {} classes; got {}", classes, thresholds.size()));
  }
  for (std::size_t k = 0; k < thresholds.size(); ++k) {
    if (!(thresholds[k] >= 0 && thresholds[k] <= 1)) {
      fail("thresholds", fmt::format("class {} must be in [0, 1]; got {}", k, thresholds[k]));
    }
  }
  MultilabelPredictions out{.classes = classes, .items = targets.size() / width};
  check_matrix(logits, out.items, classes, "logits");
  out.targets.assign(targets.begin(), targets.end());
  for (std::size_t e = 0; e < targets.size(); ++e) {
    if (targets[e] > 1) {
      fail("targets", fmt::format("item {}, class {} must be 0 or 1; got {}", e / width, e % width,
                                  targets[e]));
    }
    const double z = logits[e];
    const double p = sigmoid(z);
    const double threshold = thresholds.empty() ? 0.5 : thresholds[e % width];
    out.probability.push_back(p);
    out.predicted.push_back(p >= threshold ? 1 : 0);
    out.nll.push_back(std::max(z, 0.0) - z * targets[e] + std::log1p(std::exp(-std::abs(z))));
  }
  return out;
}

OutcomeCounts count_marks(const MultilabelPredictions& predictions) {
  OutcomeCounts counts(predictions.classes);
  counts.items = static_cast<std::int64_t>(predictions.items);
  const std::size_t width = counts.support.size();
  for (std::size_t e = 0; e < predictions.targets.size(); ++e) {
    counts.support[e % width] += predictions.targets[e];
    counts.predicted[e % width] += predictions.predicted[e];
    counts.correct[e % width] += predictions.targets[e] & predictions.predicted[e];
  }
  return counts;
}

std::optional<double> class_balanced_error(const OutcomeCounts& counts, Index k) {
  const std::size_t c = static_cast<std::size_t>(k);
  const std::int64_t negatives = counts.items - counts.support[c];
  if (counts.support[c] == 0 || negatives == 0) return std::nullopt;
  const double false_positives = static_cast<double>(counts.predicted[c] - counts.correct[c]);
  const double misses = static_cast<double>(counts.support[c] - counts.correct[c]);
  return (misses / static_cast<double>(counts.support[c]) +
          false_positives / static_cast<double>(negatives)) /
         2;
}

Metrics compute_metrics(const MultilabelPredictions& predictions, const MetricsContext& context) {
  const OutcomeCounts counts = count_marks(predictions);
  const std::vector<std::string> names = class_names(context.names, predictions.classes);
  const std::size_t width = counts.support.size();
  Metrics out;
  out.multilabel = true;
  out.has_probabilities = true;
  out.n = counts.items;
  out.macro_f1 = macro_f1(counts);
  out.micro_f1 = micro_f1(counts);
  if (!context.train_counts.empty()) {
    out.groups = score_groups(counts, context.train_counts, context.groups);
  }

  double error_sum = 0;
  int errors = 0;
  for (Index k = 0; k < predictions.classes; ++k) {
    const std::size_t c = static_cast<std::size_t>(k);
    ClassMetrics row{.label = names[c],
                     .support = counts.support[c],
                     .predicted = counts.predicted[c],
                     .precision = precision(counts, k),
                     .recall = recall(counts, k),
                     .f1 = f1(counts, k),
                     .balanced_error = class_balanced_error(counts, k)};
    if (!context.train_counts.empty()) row.train_count = context.train_counts[c];
    if (row.balanced_error) {
      error_sum += *row.balanced_error;
      ++errors;
    }
    out.per_class.push_back(std::move(row));
  }
  if (errors > 0) out.balanced_error = error_sum / errors;
  if (predictions.items == 0) return out;

  std::int64_t exact = 0;
  for (std::size_t i = 0; i < predictions.items; ++i) {
    bool right = true;
    for (std::size_t e = i * width; e < (i + 1) * width; ++e) {
      right = right && predictions.targets[e] == predictions.predicted[e];
    }
    exact += right ? 1 : 0;
  }
  out.accuracy = static_cast<double>(exact) / static_cast<double>(out.n);
  out.loss = mean(predictions.nll);
  double squares = 0;
  for (std::size_t e = 0; e < predictions.targets.size(); ++e) {
    const double miss = predictions.probability[e] - predictions.targets[e];
    squares += miss * miss;
  }
  out.brier = squares / static_cast<double>(predictions.targets.size());
  out.reliability =
      reliability_bins(predictions.probability, predictions.targets, context.calibration_bins);
  out.ece = expected_calibration_error(out.reliability);
  return out;
}

}  // namespace tailgrad
