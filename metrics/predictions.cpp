#include <tailgrad/metrics/predictions.h>

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include <tailgrad/core/error.h>

namespace tailgrad {
namespace {

constexpr double kRowSumTolerance = 1e-3;

void check_length(std::size_t length, std::size_t items, Index classes, const char* what) {
  if (classes < 1) fail(what, fmt::format("needs at least one class; got {}", classes));
  const std::size_t wanted = items * static_cast<std::size_t>(classes);
  if (length != wanted) {
    fail(what, fmt::format("{} items and {} classes need {} numbers; got {}", items, classes,
                           wanted, length));
  }
}

template <class Number>
void check_finite_row(std::span<const Number> row, std::size_t item, const char* what) {
  for (std::size_t k = 0; k < row.size(); ++k) {
    if (!std::isfinite(row[k])) {
      fail(what, fmt::format("item {}, class {} must be a finite number; got {}", item, k,
                             static_cast<double>(row[k])));
    }
  }
}

void push_item(Predictions& out, Index label, std::span<const double> p, double nll) {
  const std::size_t best =
      static_cast<std::size_t>(std::max_element(p.begin(), p.end()) - p.begin());
  double brier = 0;
  for (std::size_t k = 0; k < p.size(); ++k) {
    const double miss = p[k] - (k == static_cast<std::size_t>(label) ? 1 : 0);
    brier += miss * miss;
  }
  out.labels.push_back(label);
  out.predicted.push_back(static_cast<Index>(best));
  out.confidence.push_back(std::min(p[best], 1.0));
  out.nll.push_back(nll);
  out.brier.push_back(brier);
}

template <class Number>
Predictions from_logits(std::span<const Number> logits, std::span<const Index> labels,
                        Index classes, std::optional<Index> ignored) {
  check_length(logits.size(), labels.size(), classes, "logits");
  check_labels(labels, classes, ignored);
  const std::size_t width = static_cast<std::size_t>(classes);
  Predictions out{.classes = classes};
  std::vector<double> p(width);
  for (std::size_t i = 0; i < labels.size(); ++i) {
    const std::span<const Number> row = logits.subspan(i * width, width);
    check_finite_row(row, i, "logits");
    if (ignored && labels[i] == *ignored) continue;
    const std::size_t best =
        static_cast<std::size_t>(std::max_element(row.begin(), row.end()) - row.begin());
    const double top = static_cast<double>(row[best]);
    double sum = 0;
    for (std::size_t k = 0; k < width; ++k) {
      p[k] = std::exp(static_cast<double>(row[k]) - top);
      sum += p[k];
    }
    for (double& value : p) value /= sum;
    const double true_logit = static_cast<double>(row[static_cast<std::size_t>(labels[i])]);
    push_item(out, labels[i], p, std::log(sum) + (top - true_logit));
    // Logits that differ by less than a probability shows still have an order.
    out.predicted.back() = static_cast<Index>(best);
  }
  return out;
}

}  // namespace

void check_matrix(std::span<const double> values, std::size_t items, Index classes,
                  const char* what) {
  check_length(values.size(), items, classes, what);
  const std::size_t width = static_cast<std::size_t>(classes);
  for (std::size_t i = 0; i < items; ++i) {
    check_finite_row(values.subspan(i * width, width), i, what);
  }
}

void check_labels(std::span<const Index> labels, Index classes, std::optional<Index> ignored) {
  for (std::size_t i = 0; i < labels.size(); ++i) {
    const Index label = labels[i];
    if ((label < 0 || label >= classes) && !(ignored && label == *ignored)) {
      const std::string also = ignored ? fmt::format(" (or {}: ignored)", *ignored) : "";
      fail("labels",
           fmt::format("item {} must be a class in 0 … {}{}; got {}", i, classes - 1, also, label));
    }
  }
}

Predictions predictions_from_logits(std::span<const double> logits, std::span<const Index> labels,
                                    Index classes, std::optional<Index> ignored) {
  return from_logits(logits, labels, classes, ignored);
}

Predictions predictions_from_logits(std::span<const float> logits, std::span<const Index> labels,
                                    Index classes, std::optional<Index> ignored) {
  return from_logits(logits, labels, classes, ignored);
}

Predictions predictions_from_probabilities(std::span<const double> probabilities,
                                           std::span<const Index> labels, Index classes,
                                           std::optional<Index> ignored) {
  check_length(probabilities.size(), labels.size(), classes, "probabilities");
  check_labels(labels, classes, ignored);
  const std::size_t width = static_cast<std::size_t>(classes);
  Predictions out{.classes = classes};
  for (std::size_t i = 0; i < labels.size(); ++i) {
    const std::span<const double> row = probabilities.subspan(i * width, width);
    double sum = 0;
    for (std::size_t k = 0; k < width; ++k) {
      if (!(row[k] >= 0 && row[k] <= 1)) {
        fail("probabilities",
             fmt::format("item {}, class {} must be in [0, 1]; got {}", i, k, row[k]));
      }
      sum += row[k];
    }
    if (std::abs(sum - 1) > kRowSumTolerance) {
      fail("probabilities", fmt::format("item {} must sum to 1; got {}", i, sum));
    }
    if (ignored && labels[i] == *ignored) continue;
    push_item(out, labels[i], row, -std::log(row[static_cast<std::size_t>(labels[i])]));
  }
  return out;
}

Predictions predictions_from_classes(std::span<const Index> predicted,
                                     std::span<const Index> labels, Index classes,
                                     std::optional<Index> ignored) {
  if (predicted.size() != labels.size()) {
    fail("predictions", fmt::format("needs one for every label; got {} for {} labels",
                                    predicted.size(), labels.size()));
  }
  check_labels(labels, classes, ignored);
  Predictions out{.classes = classes};
  for (std::size_t i = 0; i < labels.size(); ++i) {
    if (predicted[i] < 0 || predicted[i] >= classes) {
      fail("predictions",
           fmt::format("item {} must be a class in 0 … {}; got {}", i, classes - 1, predicted[i]));
    }
    if (ignored && labels[i] == *ignored) continue;
    out.labels.push_back(labels[i]);
    out.predicted.push_back(predicted[i]);
  }
  return out;
}

}  // namespace tailgrad
