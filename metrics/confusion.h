// Right and wrong answers counted by class, and the scores that follow from the counts.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include <tailgrad/core/shape.h>

namespace tailgrad {

/// All that precision, recall and F1 need. Of a multi-label problem: true, predicted and rightly
/// predicted marks of each class.
struct OutcomeCounts {
  std::vector<std::int64_t> support;    ///< [classes] items whose true class it is
  std::vector<std::int64_t> predicted;  ///< [classes] items predicted as it
  std::vector<std::int64_t> correct;    ///< [classes] both
  std::int64_t items = 0;               ///< items counted (ignored ones are not)

  /// All counts 0.
  explicit OutcomeCounts(Index classes = 0);
  /// Number of classes.
  Index classes() const { return static_cast<Index>(support.size()); }
};

/// One cell of the confusion matrix.
struct ConfusionCell {
  Index truth = 0;         ///< class of the item
  Index predicted = 0;     ///< class it was given
  std::int64_t count = 0;  ///< items
  bool operator==(const ConfusionCell&) const = default;
};

/// Counts `predicted` against `truth`, item by item; items whose truth is `ignored` are left out.
/// Throws Error for different lengths and for a class outside 0 … classes - 1 (names the item).
OutcomeCounts count_classes(std::span<const Index> truth, std::span<const Index> predicted,
                            Index classes, std::optional<Index> ignored = std::nullopt);

/// [classes, classes] counts, row = true class, column = predicted class. Same arguments.
std::vector<std::int64_t> confusion_matrix(std::span<const Index> truth,
                                           std::span<const Index> predicted, Index classes,
                                           std::optional<Index> ignored = std::nullopt);

/// The non-zero cells off the diagonal, most frequent first (ties: by truth, then predicted), at
/// most `limit`. Takes memory for the cells that occur only, so it also serves 10,000 classes.
std::vector<ConfusionCell> largest_mistakes(std::span<const Index> truth,
                                            std::span<const Index> predicted, Index classes,
                                            std::size_t limit,
                                            std::optional<Index> ignored = std::nullopt);

// A score without a denominator is std::nullopt, never 0 and never NaN. (scikit-learn's
// zero_division=nan agrees; its default calls them 0.)

/// correct / predicted; none: never predicted.
std::optional<double> precision(const OutcomeCounts& counts, Index k);
/// correct / support; none: no item has the class.
std::optional<double> recall(const OutcomeCounts& counts, Index k);
/// 2 TP / (2 TP + FP + FN), which is the dice coefficient of the predicted and the true items;
/// none: neither true nor predicted anywhere.
std::optional<double> f1(const OutcomeCounts& counts, Index k);

/// Share of items answered rightly, of single-label counts.
std::optional<double> accuracy(const OutcomeCounts& counts);
/// Mean of 1 - recall over the classes that occur in the evaluated items, in [0, 1]: one minus
/// scikit-learn's balanced_accuracy_score. Classes without an item have no say.
std::optional<double> balanced_error(const OutcomeCounts& counts);
/// Mean of F1 over the classes where it is defined: those that occur or are predicted, which is
/// what scikit-learn's f1_score(average="macro") counts when it is given no labels.
std::optional<double> macro_f1(const OutcomeCounts& counts);
/// 2 sum TP / (2 sum TP + sum FP + sum FN); with one label an item this is the accuracy.
std::optional<double> micro_f1(const OutcomeCounts& counts);

}  // namespace tailgrad
