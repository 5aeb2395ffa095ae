#include <tailgrad/metrics/tune_thresholds.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include <fmt/format.h>

#include <tailgrad/core/error.h>
#include <tailgrad/metrics/confusion.h>
#include <tailgrad/metrics/predictions.h>

namespace tailgrad {
namespace {

constexpr int kMaxRounds = 20;
constexpr double kSmallestGain = 1e-10;  // above the rounding of the running sums
constexpr double kMargin = 0.1;          // beyond the outermost item, in logits
constexpr double kInfinity = std::numeric_limits<double>::infinity();

enum class Target { macro_f1, accuracy, balanced_error };

Target target_of(std::string_view metric) {
  if (metric == "macro_f1") return Target::macro_f1;
  if (metric == "micro_f1" || metric == "accuracy") return Target::accuracy;
  if (metric == "balanced_error") return Target::balanced_error;
  fail("threshold", fmt::format("can be tuned for macro_f1, micro_f1, accuracy or balanced_error; "
                                "got {}",
                                metric));
}

// A score of class counts that follows one item moving from one class to another in O(1).
// Larger is better.
class RunningScore {
 public:
  RunningScore(Target target, OutcomeCounts counts) : target_(target), counts_(std::move(counts)) {
    for (std::size_t k = 0; k < counts_.support.size(); ++k) add(k, 1);
  }

  void move(std::size_t label, std::size_t from, std::size_t to) {
    if (from == to) return;
    add(from, -1);
    add(to, -1);
    --counts_.predicted[from];
    ++counts_.predicted[to];
    counts_.correct[from] -= label == from ? 1 : 0;
    counts_.correct[to] += label == to ? 1 : 0;
    add(from, 1);
    add(to, 1);
  }

  double value() const { return denominator_ > 0 ? sum_ / denominator_ : 0; }

 private:
  void add(std::size_t k, double sign) {
    const double correct = static_cast<double>(counts_.correct[k]);
    const double support = static_cast<double>(counts_.support[k]);
    double part = 0;
    double whole = 0;
    switch (target_) {
      case Target::macro_f1:
        part = 2 * correct;
        whole = support + static_cast<double>(counts_.predicted[k]);
        break;
      case Target::balanced_error:
        part = correct;
        whole = support;
        break;
      case Target::accuracy:
        sum_ += sign * correct;
        denominator_ = static_cast<double>(counts_.items);
        return;
    }
    if (whole == 0) return;
    sum_ += sign * part / whole;
    denominator_ += sign;
  }

  Target target_;
  OutcomeCounts counts_;
  double sum_ = 0;
  double denominator_ = 0;
};

// The two best classes of every item under the present offsets; equal values: the smaller class.
class TopTwo {
 public:
  TopTwo(std::span<const double> logits, std::size_t classes, const std::vector<double>& offsets)
      : logits_(logits), classes_(classes), offsets_(offsets), rows_(logits.size() / classes) {
    for (std::size_t i = 0; i < rows_.size(); ++i) rebuild(i);
  }

  std::size_t predicted(std::size_t i) const { return rows_[i].first; }
  /// The best class but k.
  std::size_t rival(std::size_t i, std::size_t k) const {
    return rows_[i].first == k ? rows_[i].second : rows_[i].first;
  }
  double value(std::size_t i, std::size_t k) const {
    return logits_[i * classes_ + k] - offsets_[k];
  }
  /// The offset of class k has changed.
  void update(std::size_t k) {
    for (std::size_t i = 0; i < rows_.size(); ++i) {
      const Row row = rows_[i];
      if (row.first == k || row.second == k || beats(i, k, row.second)) rebuild(i);
    }
  }

 private:
  struct Row {
    std::size_t first = 0;
    std::size_t second = 0;
  };
  bool beats(std::size_t i, std::size_t a, std::size_t b) const {
    const double va = value(i, a);
    const double vb = value(i, b);
    return va > vb || (va == vb && a < b);
  }
  void rebuild(std::size_t i) {
    Row row{0, 1};
    if (beats(i, 1, 0)) std::swap(row.first, row.second);
    for (std::size_t k = 2; k < classes_; ++k) {
      if (beats(i, k, row.first)) {
        row = {k, row.first};
      } else if (beats(i, k, row.second)) {
        row.second = k;
      }
    }
    rows_[i] = row;
  }

  std::span<const double> logits_;
  std::size_t classes_;
  const std::vector<double>& offsets_;
  std::vector<Row> rows_;
};

OutcomeCounts count(const TopTwo& top, std::span<const Index> labels, Index classes) {
  std::vector<Index> predicted(labels.size());
  for (std::size_t i = 0; i < labels.size(); ++i) {
    predicted[i] = static_cast<Index>(top.predicted(i));
  }
  return count_classes(labels, predicted, classes);
}

// A threshold inside (low, high) where all thresholds give the same answers.
double pick_inside(double low, double high, double present) {
  if (present > low && present < high) return present;
  if (low == -kInfinity) return high - kMargin;
  if (high == kInfinity) return low + kMargin;
  return low + (high - low) / 2;
}

// The best t_k with all other offsets held.
double best_offset(const TopTwo& top, std::span<const Index> labels, Index classes, Target target,
                   std::size_t k, double present) {
  std::vector<double> margin(labels.size());  // item i is called k when t_k < margin_i
  for (std::size_t i = 0; i < labels.size(); ++i) {
    const std::size_t rival = top.rival(i, k);
    margin[i] = top.value(i, k) + present - top.value(i, rival);
  }
  std::vector<std::size_t> order(labels.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    return margin[a] > margin[b] || (margin[a] == margin[b] && a < b);
  });

  RunningScore score(target, count(top, labels, classes));
  const double before = score.value();
  for (std::size_t i = 0; i < labels.size(); ++i) {
    if (top.predicted(i) == k) score.move(static_cast<std::size_t>(labels[i]), k, top.rival(i, k));
  }

  double best = before;
  double chosen = present;
  bool changed = false;
  double high = kInfinity;
  for (std::size_t next = 0;;) {
    const double low = next < order.size() ? margin[order[next]] : -kInfinity;
    if (low < high) {
      const double t = pick_inside(low, high, present);
      const double value = score.value();
      const bool better = value > best + kSmallestGain;
      const bool nearer = changed && value > best - kSmallestGain &&
                          std::abs(t - present) < std::abs(chosen - present);
      if ((better || nearer) && t > low && t < high) {
        best = std::max(best, value);
        chosen = t;
        changed = true;
      }
    }
    if (next == order.size()) return chosen;
    high = low;
    for (; next < order.size() && margin[order[next]] == low; ++next) {
      const std::size_t i = order[next];
      score.move(static_cast<std::size_t>(labels[i]), top.rival(i, k), k);
    }
  }
}

double logistic(double z) {
  return z >= 0 ? 1 / (1 + std::exp(-z)) : std::exp(z) / (1 + std::exp(z));
}

}  // namespace

std::vector<double> tune_offsets(std::span<const double> logits, std::span<const Index> labels,
                                 Index classes, std::string_view metric) {
  const Target target = target_of(metric);
  check_matrix(logits, labels.size(), classes, "logits");
  check_labels(labels, classes, std::nullopt);
  const std::size_t width = static_cast<std::size_t>(classes);
  std::vector<double> offsets(width, 0);
  if (classes < 2) return offsets;
  TopTwo top(logits, width, offsets);
  const OutcomeCounts start = count(top, labels, classes);
  for (int round = 0; round < kMaxRounds; ++round) {
    bool changed = false;
    for (std::size_t k = 0; k < width; ++k) {
      if (start.support[k] == 0) continue;
      const double t = best_offset(top, labels, classes, target, k, offsets[k]);
      if (t == offsets[k]) continue;
      offsets[k] = t;
      top.update(k);
      changed = true;
    }
    if (!changed) break;
  }
  return offsets;
}

std::vector<double> tune_probability_thresholds(std::span<const double> logits,
                                                std::span<const std::uint8_t> targets,
                                                Index classes, std::string_view metric) {
  if (metric != "macro_f1" && metric != "balanced_error") {
    fail("threshold",
         fmt::format("of a multi-label problem can be tuned for macro_f1 or balanced_error, which "
                     "are means over classes; got {}",
                     metric));
  }
  const bool for_f1 = metric == "macro_f1";
  const std::size_t width = static_cast<std::size_t>(classes);
  const std::size_t items = width == 0 ? 0 : targets.size() / width;
  check_matrix(logits, items, classes, "logits");
  std::vector<double> thresholds(width, 0.5);
  std::vector<std::pair<double, int>> column(items);  // (probability, target)
  for (std::size_t k = 0; k < width; ++k) {
    double positives = 0;
    for (std::size_t i = 0; i < items; ++i) {
      column[i] = {logistic(logits[i * width + k]), targets[i * width + k]};
      positives += targets[i * width + k];
    }
    const double negatives = static_cast<double>(items) - positives;
    if (positives == 0 || negatives == 0) continue;
    std::sort(column.begin(), column.end(), std::greater<>());

    const auto score = [&](double true_positives, double predicted) {
      if (for_f1) return 2 * true_positives / (positives + predicted);
      return (true_positives / positives + 1 - (predicted - true_positives) / negatives) / 2;
    };
    double best = -1;
    double true_positives = 0;
    for (std::size_t called = 0; called <= items; ++called) {
      if (called > 0) true_positives += column[called - 1].second;
      // p >= t for the first `called` items and for no other: t in (low, high].
      const double high = called > 0 ? column[called - 1].first : 1;
      const double low = called < items ? column[called].first : 0;
      if (!(low < high)) continue;
      const double t = low < 0.5 && 0.5 <= high ? 0.5 : low + (high - low) / 2;
      const double value = score(true_positives, static_cast<double>(called));
      const bool nearer = std::abs(t - 0.5) < std::abs(thresholds[k] - 0.5);
      if (t > low && t < 1 && (value > best || (value == best && nearer))) {
        best = value;
        thresholds[k] = t;
      }
    }
  }
  return thresholds;
}

}  // namespace tailgrad
