#include <tailgrad/losses/class_counts.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

#include <fmt/format.h>

#include <tailgrad/core/class_prior.h>
#include <tailgrad/core/error.h>

namespace tailgrad {

ClassCounts::ClassCounts(std::span<const double> given, double items)
    : raw_(given.begin(), given.end()), items_(items) {
  for (std::size_t k = 0; k < raw_.size(); ++k) {
    if (!std::isfinite(raw_[k]) || raw_[k] < 0)
      fail("class counts",
           fmt::format("the count of class {} is {}; allowed are finite numbers >= 0", k, raw_[k]));
  }
  if (raw_.empty()) fail("class counts", "there must be at least one class");
  const double sum = std::accumulate(raw_.begin(), raw_.end(), 0.0);
  if (items_ == 0) items_ = std::max(sum, 1.0);
  const double largest = *std::ranges::max_element(raw_);
  if (!std::isfinite(items_) || items_ < largest)
    fail("class counts",
         fmt::format("{} training items cannot hold {} items of one class", items_, largest));
  SmoothedCounts raised = smoothed_counts(raw_);
  counts_ = std::move(raised.counts);
  if (raised.smoothed) warnings_.push_back(std::move(raised.warning));
  total_ = std::accumulate(counts_.begin(), counts_.end(), 0.0);
}

ClassCounts::ClassCounts(std::span<const std::int64_t> given, double items)
    : ClassCounts(std::vector<double>(given.begin(), given.end()), items) {}

ClassCounts ClassCounts::of_labels(std::span<const std::int32_t> labels, std::int32_t classes,
                                   std::int32_t ignored) {
  std::vector<double> counts(static_cast<std::size_t>(std::max(classes, 0)));
  for (std::size_t i = 0; i < labels.size(); ++i) {
    if (labels[i] == ignored) continue;
    if (labels[i] < 0 || labels[i] >= classes)
      fail("class counts", fmt::format("the label of item {} is {}; allowed are 0 .. {} and {} "
                                       "(ignored)",
                                       i, labels[i], classes - 1, ignored));
    counts[static_cast<std::size_t>(labels[i])] += 1;
  }
  return ClassCounts(counts);
}

std::vector<double> ClassCounts::log_prior() const {
  std::vector<double> logs(counts_.size());
  for (std::size_t k = 0; k < logs.size(); ++k) logs[k] = std::log(counts_[k]) - std::log(total_);
  return logs;
}

ClassWeights class_weights(const ClassCounts& counts, const WeightOptions& options) {
  const std::vector<double>& n = counts.counts();
  const double total = counts.total();
  const double classes = counts.classes();
  ClassWeights weights{.values = std::vector<double>(n.size(), 1.0), .warnings = {}};
  std::vector<double>& w = weights.values;
  const auto set = [&](auto formula) { std::ranges::transform(n, w.begin(), formula); };
  if (options.kind == "inverse") {
    set([&](double n_k) { return total / (classes * n_k); });
  } else if (options.kind == "sqrt-inverse") {
    double roots = 0;
    for (const double n_k : n) roots += std::sqrt(n_k);
    set([&](double n_k) { return total / (std::sqrt(n_k) * roots); });
  } else if (options.kind == "lg") {
    set([&](double n_k) {
      return std::log10(options.inside ? (total - n_k) / (n_k + options.k)
                                       : (total - n_k) / n_k + options.k);
    });
    std::size_t negative = 0;
    for (double& value : w) {
      if (value >= 0) continue;
      value = 0;
      ++negative;
    }
    if (negative > 0)
      weights.warnings.push_back(fmt::format(
          "weights=lg: the logarithm is negative for {} of {} classes, whose weight becomes 0: "
          "their items teach nothing; a larger k avoids it",
          negative, w.size()));
  } else if (options.kind == "cb") {
    // 1 - beta^n without cancellation; beta = 0 counts every class as one item.
    set([&](double n_k) {
      return options.beta == 0 ? 1.0
                               : (1 - options.beta) / -std::expm1(n_k * std::log(options.beta));
    });
    const double sum = std::accumulate(w.begin(), w.end(), 0.0);
    for (double& value : w) value *= classes / sum;
  } else if (options.kind != "none") {
    fail("class weights", fmt::format("'{}' is not known; known are none, inverse, sqrt-inverse, "
                                      "lg, cb",
                                      options.kind));
  }
  return weights;
}

}  // namespace tailgrad
