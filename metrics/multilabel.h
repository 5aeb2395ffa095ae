// Metrics when an item may have any number of classes.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include <tailgrad/metrics/report.h>

namespace tailgrad {

/// All arrays [items, classes] row-major.
struct MultilabelPredictions {
  Index classes = 0;                         ///< number of classes
  std::size_t items = 0;                     ///< number of items
  std::vector<std::uint8_t> targets = {};    ///< 0 or 1
  std::vector<std::uint8_t> predicted = {};  ///< probability >= threshold
  std::vector<double> probability = {};      ///< sigmoid(logit)
  std::vector<double> nll = {};              ///< binary cross-entropy of each element, in nats
};

/// From `logits` and 0/1 `targets`, both [n, classes]. `thresholds` [classes] are probabilities;
/// empty: 0.5. Throws Error for wrong lengths, a logit that is not finite, a target that is neither
/// 0 nor 1, and a threshold outside [0, 1].
MultilabelPredictions multilabel_from_logits(std::span<const double> logits,
                                             std::span<const std::uint8_t> targets, Index classes,
                                             std::span<const double> thresholds = {});

/// True, predicted and right marks of each class; `items` counts items.
OutcomeCounts count_marks(const MultilabelPredictions& predictions);

/// 1 - (TPR + TNR) / 2 of one class; none unless items with it and without it exist.
std::optional<double> class_balanced_error(const OutcomeCounts& counts, Index k);

/// The metrics object with these readings:
/// accuracy = share of items right in every class; balanced_error = mean of class_balanced_error
/// where it is defined; macro and micro F1 over marks (macro: classes that occur or are predicted,
/// as scikit-learn with zero_division=nan); loss and brier = means over all n * classes elements;
/// ece over all elements, confidence being the probability of the mark.
Metrics compute_metrics(const MultilabelPredictions& predictions,
                        const MetricsContext& context = {});

}  // namespace tailgrad
