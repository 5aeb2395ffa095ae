// What a model said about each item, reduced to what metrics need.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include <tailgrad/core/shape.h>

namespace tailgrad {

/// One entry an item that counts (ignored ones are gone). The last three are empty when only the
/// predicted classes are known.
struct Predictions {
  Index classes = 0;                    ///< number of classes
  std::vector<Index> labels = {};       ///< true class
  std::vector<Index> predicted = {};    ///< most probable class; the first of equals
  std::vector<double> confidence = {};  ///< probability of the predicted class
  std::vector<double> nll = {};         ///< -log of the true class's probability
  std::vector<double> brier = {};       ///< sum_k (p_k - [k is true])^2, in [0, 2]

  std::size_t size() const { return labels.size(); }  ///< number of items
  /// False when only the predicted classes are known.
  bool has_probabilities() const { return !confidence.empty() || labels.empty(); }
};

/// From `logits` [n, classes] row-major and `labels` [n]; items whose label is `ignored` are left
/// out. Computed in double. Throws Error for a wrong length, a label outside 0 … classes - 1 and a
/// logit that is not finite (names item and class).
Predictions predictions_from_logits(std::span<const double> logits, std::span<const Index> labels,
                                    Index classes, std::optional<Index> ignored = std::nullopt);
/// The same from floats.
Predictions predictions_from_logits(std::span<const float> logits, std::span<const Index> labels,
                                    Index classes, std::optional<Index> ignored = std::nullopt);

/// From `probabilities` [n, classes]; each must be in [0, 1] and each row must sum to 1 within 1e-3
/// (they may come from a float file), else Error. A true class of probability 0 has infinite nll.
Predictions predictions_from_probabilities(std::span<const double> probabilities,
                                           std::span<const Index> labels, Index classes,
                                           std::optional<Index> ignored = std::nullopt);

/// From predicted classes alone: no calibration, no loss.
Predictions predictions_from_classes(std::span<const Index> predicted,
                                     std::span<const Index> labels, Index classes,
                                     std::optional<Index> ignored = std::nullopt);

/// Throws Error unless `values` holds [items, classes] finite numbers; `what` says which.
void check_matrix(std::span<const double> values, std::size_t items, Index classes,
                  const char* what);

/// Throws Error for a label that is neither in 0 … classes - 1 nor `ignored`.
void check_labels(std::span<const Index> labels, Index classes, std::optional<Index> ignored);

}  // namespace tailgrad
