#include <tailgrad/metrics/confusion.h>

#include <algorithm>

#include <fmt/format.h>

#include <tailgrad/core/error.h>
#include <tailgrad/metrics/ratio.h>

namespace tailgrad {
namespace {

// Calls visit(truth, predicted) for every item that counts.
template <class Visit>
void visit_items(std::span<const Index> truth, std::span<const Index> predicted, Index classes,
                 std::optional<Index> ignored, Visit visit) {
  if (truth.size() != predicted.size()) {
    fail("metrics",
         fmt::format("needs one prediction for every label; got {} labels, {} predictions",
                     truth.size(), predicted.size()));
  }
  for (std::size_t i = 0; i < truth.size(); ++i) {
    if (ignored && truth[i] == *ignored) continue;
    for (const Index k : {truth[i], predicted[i]}) {
      if (k < 0 || k >= classes) {
        fail("metrics", fmt::format("the {} of item {} must be a class in 0 … {}; got {}",
                                    k == truth[i] ? "label" : "prediction", i, classes - 1, k));
      }
    }
    visit(static_cast<std::size_t>(truth[i]), static_cast<std::size_t>(predicted[i]));
  }
}

// Mean of a score over the classes that have it.
template <class Score>
std::optional<double> mean_defined(const OutcomeCounts& counts, Score score) {
  double sum = 0;
  int defined = 0;
  for (Index k = 0; k < counts.classes(); ++k) {
    if (const std::optional<double> value = score(counts, k)) {
      sum += *value;
      ++defined;
    }
  }
  if (defined == 0) return std::nullopt;
  return sum / defined;
}

}  // namespace

OutcomeCounts::OutcomeCounts(Index classes)
    : support(static_cast<std::size_t>(classes)),
      predicted(static_cast<std::size_t>(classes)),
      correct(static_cast<std::size_t>(classes)) {}

OutcomeCounts count_classes(std::span<const Index> truth, std::span<const Index> predicted,
                            Index classes, std::optional<Index> ignored) {
  OutcomeCounts counts(classes);
  visit_items(truth, predicted, classes, ignored, [&](std::size_t t, std::size_t p) {
    ++counts.items;
    ++counts.support[t];
    ++counts.predicted[p];
    counts.correct[t] += t == p ? 1 : 0;
  });
  return counts;
}

std::vector<std::int64_t> confusion_matrix(std::span<const Index> truth,
                                           std::span<const Index> predicted, Index classes,
                                           std::optional<Index> ignored) {
  const std::size_t side = static_cast<std::size_t>(classes);
  std::vector<std::int64_t> matrix(side * side);
  visit_items(truth, predicted, classes, ignored,
              [&](std::size_t t, std::size_t p) { ++matrix[t * side + p]; });
  return matrix;
}

std::vector<ConfusionCell> largest_mistakes(std::span<const Index> truth,
                                            std::span<const Index> predicted, Index classes,
                                            std::size_t limit, std::optional<Index> ignored) {
  std::vector<ConfusionCell> cells;
  visit_items(truth, predicted, classes, ignored, [&](std::size_t t, std::size_t p) {
    if (t != p) cells.push_back({static_cast<Index>(t), static_cast<Index>(p), 1});
  });
  const auto place = [](const ConfusionCell& a, const ConfusionCell& b) {
    return std::pair(a.truth, a.predicted) < std::pair(b.truth, b.predicted);
  };
  std::sort(cells.begin(), cells.end(), place);
  std::size_t kept = 0;
  for (std::size_t i = 0; i < cells.size(); ++i) {
    if (kept > 0 && cells[kept - 1].truth == cells[i].truth &&
        cells[kept - 1].predicted == cells[i].predicted) {
      ++cells[kept - 1].count;
    } else {
      cells[kept++] = cells[i];
    }
  }
  cells.resize(kept);
  std::stable_sort(cells.begin(), cells.end(),
                   [](const auto& a, const auto& b) { return a.count > b.count; });
  cells.resize(std::min(limit, cells.size()));
  return cells;
}

std::optional<double> precision(const OutcomeCounts& counts, Index k) {
  const std::size_t c = static_cast<std::size_t>(k);
  return ratio(counts.correct[c], counts.predicted[c]);
}

std::optional<double> recall(const OutcomeCounts& counts, Index k) {
  const std::size_t c = static_cast<std::size_t>(k);
  return ratio(counts.correct[c], counts.support[c]);
}

std::optional<double> f1(const OutcomeCounts& counts, Index k) {
  const std::size_t c = static_cast<std::size_t>(k);
  return ratio(2 * counts.correct[c], counts.support[c] + counts.predicted[c]);
}

std::optional<double> accuracy(const OutcomeCounts& counts) {
  std::int64_t correct = 0;
  for (const std::int64_t count : counts.correct) correct += count;
  return ratio(correct, counts.items);
}

std::optional<double> balanced_error(const OutcomeCounts& counts) {
  const std::optional<double> mean_recall = mean_defined(counts, recall);
  if (!mean_recall) return std::nullopt;
  return 1 - *mean_recall;
}

std::optional<double> macro_f1(const OutcomeCounts& counts) {
  return mean_defined(counts, f1);
}

std::optional<double> micro_f1(const OutcomeCounts& counts) {
  std::int64_t correct = 0;
  std::int64_t marks = 0;
  for (std::size_t k = 0; k < counts.support.size(); ++k) {
    correct += counts.correct[k];
    marks += counts.support[k] + counts.predicted[k];
  }
  return ratio(2 * correct, marks);
}

}  // namespace tailgrad
