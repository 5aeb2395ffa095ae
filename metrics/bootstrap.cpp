#include <tailgrad/metrics/bootstrap.h>

#include <algorithm>
#include <cmath>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <tailgrad/core/error.h>
#include <tailgrad/core/random.h>
#include <tailgrad/metrics/bootstrap_totals.h>
#include <tailgrad/metrics/sequence_totals.h>

namespace tailgrad {
namespace {

void check(const BootstrapOptions& options, std::size_t items) {
  if (options.resamples < 1) {
    fail("bootstrap", fmt::format("resamples must be >= 1; got {}", options.resamples));
  }
  if (!(options.level > 0 && options.level < 1)) {
    fail("bootstrap", fmt::format("level must be in (0, 1); got {}", options.level));
  }
  if (options.unit_offsets.empty()) return;
  const std::span<const Index> offsets = options.unit_offsets;
  if (offsets.front() != 0 || static_cast<std::size_t>(offsets.back()) != items ||
      !std::is_sorted(offsets.begin(), offsets.end())) {
    fail("bootstrap",
         fmt::format("unit offsets must rise from 0 to the number of items, {}", items));
  }
}

// How often each item is drawn in each resample, one resample after the other.
class Draws {
 public:
  Draws(const BootstrapOptions& options, std::size_t items)
      : options_(options),
        units_(options.unit_offsets.empty() ? items : options.unit_offsets.size() - 1),
        weights_(items) {}

  std::span<const std::uint32_t> next() {
    drawn_.assign(units_, 0);
    // A 64-bit word times `units_`, upper half: biased by less than units_ / 2^64.
    words_.resize(2 * std::min(units_, kBlock));
    for (std::size_t first = 0; first < units_; first += kBlock) {
      const std::size_t count = std::min(kBlock, units_ - first);
      philox_words(options_.seed, random_stream("bootstrap"), step_, 2 * first,
                   std::span(words_).first(2 * count));
      for (std::size_t i = 0; i < count; ++i) {
        const std::uint64_t word =
            (static_cast<std::uint64_t>(words_[2 * i]) << 32) | words_[2 * i + 1];
        ++drawn_[static_cast<std::size_t>((static_cast<Wide>(word) * units_) >> 64)];
      }
    }
    ++step_;
    if (options_.unit_offsets.empty()) return drawn_;
    for (std::size_t u = 0; u < units_; ++u) {
      std::fill(weights_.begin() + options_.unit_offsets[u],
                weights_.begin() + options_.unit_offsets[u + 1], drawn_[u]);
    }
    return weights_;
  }

 private:
  __extension__ using Wide = unsigned __int128;
  static constexpr std::size_t kBlock = 1024;
  const BootstrapOptions& options_;
  std::size_t units_;
  std::uint64_t step_ = 0;
  std::vector<std::uint32_t> words_;
  std::vector<std::uint32_t> drawn_;    // [units]
  std::vector<std::uint32_t> weights_;  // [items]
};

struct Spread {
  std::optional<double> low;
  std::optional<double> high;
};

Spread spread(std::vector<double>& values, const BootstrapOptions& options) {
  if (2 * values.size() < static_cast<std::size_t>(options.resamples)) return {};
  std::sort(values.begin(), values.end());
  const double tail = (1 - options.level) / 2;
  return {quantile(values, tail), quantile(values, 1 - tail)};
}

std::optional<double> finite(std::optional<double> value) {
  return value && std::isfinite(*value) ? value : std::nullopt;
}

void put(nlohmann::json& object, const char* key, const std::optional<double>& value,
         std::string_view reason) {
  object[key] = value ? nlohmann::json(*value) : nlohmann::json(nullptr);
  if (!value) object["reason"] = reason;
}

constexpr const char* kNoEstimate = "the metric is not available on these items";
constexpr const char* kNoInterval = "the metric is not available in most resamples";

void check_sizes(std::size_t a_items, Index a_classes, std::size_t b_items, Index b_classes) {
  if (a_classes == b_classes && a_items == b_items) return;
  fail("paired bootstrap",
       fmt::format("both systems need the same items and classes; got {} items of {} classes "
                   "and {} of {}",
                   a_items, a_classes, b_items, b_classes));
}

template <class Totals>
std::vector<MetricInterval> intervals(Totals totals, const BootstrapOptions& options,
                                      std::size_t items) {
  const std::vector<std::string>& names = Totals::names();
  const auto estimate = totals.scalars(std::vector<std::uint32_t>(items, 1));
  std::vector<std::vector<double>> values(names.size());
  Draws draws(options, items);
  for (int r = 0; r < options.resamples; ++r) {
    const auto scalars = totals.scalars(draws.next());
    for (std::size_t m = 0; m < names.size(); ++m) {
      if (finite(scalars[m])) values[m].push_back(*scalars[m]);
    }
  }
  std::vector<MetricInterval> out;
  for (std::size_t m = 0; m < names.size(); ++m) {
    const int defined = static_cast<int>(values[m].size());
    const Spread middle = spread(values[m], options);
    out.push_back({names[m], finite(estimate[m]), middle.low, middle.high, defined});
  }
  return out;
}

template <class Totals>
std::vector<PairedDifference> differences(Totals totals_a, Totals totals_b,
                                          const BootstrapOptions& options, std::size_t items) {
  const std::vector<std::uint32_t> once(items, 1);
  const std::vector<std::string>& names = Totals::names();
  const auto estimate_a = totals_a.scalars(once);
  const auto estimate_b = totals_b.scalars(once);
  std::vector<std::vector<double>> values(names.size());
  Draws draws(options, items);
  for (int r = 0; r < options.resamples; ++r) {
    const std::span<const std::uint32_t> weights = draws.next();
    const auto of_a = totals_a.scalars(weights);
    const auto of_b = totals_b.scalars(weights);
    for (std::size_t m = 0; m < names.size(); ++m) {
      if (finite(of_a[m]) && finite(of_b[m])) values[m].push_back(*of_b[m] - *of_a[m]);
    }
  }
  std::vector<PairedDifference> out;
  for (std::size_t m = 0; m < names.size(); ++m) {
    PairedDifference row{.metric = names[m],
                         .a = finite(estimate_a[m]),
                         .b = finite(estimate_b[m]),
                         .defined = static_cast<int>(values[m].size())};
    if (row.a && row.b) row.difference = *row.b - *row.a;
    const Spread middle = spread(values[m], options);
    row.low = middle.low;
    row.high = middle.high;
    if (row.difference && row.low) {
      const auto down = std::ranges::count_if(values[m], [](double d) { return d <= 0; });
      const auto up = std::ranges::count_if(values[m], [](double d) { return d >= 0; });
      const double p = 2.0 * static_cast<double>(std::min(down, up) + 1) / (row.defined + 1);
      row.p = std::min(1.0, p);
    }
    out.push_back(std::move(row));
  }
  return out;
}

// Sentences are drawn where the caller names no units.
BootstrapOptions by_sentence(BootstrapOptions options, const SequencePredictions& predictions) {
  if (options.unit_offsets.empty()) options.unit_offsets = predictions.offsets;
  check(options, predictions.tokens.size());
  for (const Index offset : options.unit_offsets) {
    if (!std::ranges::binary_search(predictions.offsets, offset)) {
      fail("bootstrap", fmt::format("a unit begins at token {}, inside a sentence", offset));
    }
  }
  return options;
}

void check_same_labels(const Predictions& a, const Predictions& b) {
  check_sizes(a.size(), a.classes, b.size(), b.classes);
  const auto [at, other] = std::ranges::mismatch(a.labels, b.labels);
  if (at != a.labels.end()) {
    fail("paired bootstrap", fmt::format("item {} has label {} in one system and {} in the other",
                                         at - a.labels.begin(), *at, *other));
  }
}

}  // namespace

double quantile(std::span<const double> sorted, double q) {
  if (sorted.empty()) fail("quantile", "needs at least one value");
  if (!(q >= 0 && q <= 1)) fail("quantile", fmt::format("q must be in [0, 1]; got {}", q));
  const double place = q * static_cast<double>(sorted.size() - 1);
  const std::size_t below = static_cast<std::size_t>(place);
  const std::size_t above = std::min(below + 1, sorted.size() - 1);
  return sorted[below] + (place - static_cast<double>(below)) * (sorted[above] - sorted[below]);
}

std::vector<MetricInterval> bootstrap_intervals(const Predictions& predictions,
                                                const MetricsContext& context,
                                                const BootstrapOptions& options) {
  check(options, predictions.size());
  return intervals(WeightedTotals(predictions, context), options, predictions.size());
}

std::vector<MetricInterval> bootstrap_intervals(const MultilabelPredictions& predictions,
                                                const MetricsContext& context,
                                                const BootstrapOptions& options) {
  check(options, predictions.items);
  return intervals(WeightedMarks(predictions, context), options, predictions.items);
}

std::vector<PairedDifference> paired_bootstrap(const Predictions& a, const Predictions& b,
                                               const MetricsContext& context,
                                               const BootstrapOptions& options) {
  check_same_labels(a, b);
  check(options, a.size());
  return differences(WeightedTotals(a, context), WeightedTotals(b, context), options, a.size());
}

std::vector<PairedDifference> paired_bootstrap(const MultilabelPredictions& a,
                                               const MultilabelPredictions& b,
                                               const MetricsContext& context,
                                               const BootstrapOptions& options) {
  check_sizes(a.items, a.classes, b.items, b.classes);
  const auto [at, other] = std::ranges::mismatch(a.targets, b.targets);
  if (at != a.targets.end()) {
    fail("paired bootstrap",
         fmt::format("item {} has other targets in one system than in the other",
                     (at - a.targets.begin()) / a.classes));
  }
  check(options, a.items);
  return differences(WeightedMarks(a, context), WeightedMarks(b, context), options, a.items);
}

std::vector<MetricInterval> bootstrap_intervals(const SequencePredictions& predictions,
                                                const MetricsContext& context,
                                                const BootstrapOptions& options) {
  const BootstrapOptions drawn = by_sentence(options, predictions);
  return intervals(SequenceTotals(predictions, context), drawn, predictions.tokens.size());
}

std::vector<PairedDifference> paired_bootstrap(const SequencePredictions& a,
                                               const SequencePredictions& b,
                                               const MetricsContext& context,
                                               const BootstrapOptions& options) {
  check_same_labels(a.tokens, b.tokens);
  if (a.offsets != b.offsets) fail("paired bootstrap", "both systems need the same sentences");
  const BootstrapOptions drawn = by_sentence(options, a);
  return differences(SequenceTotals(a, context), SequenceTotals(b, context), drawn,
                     a.tokens.size());
}

nlohmann::json intervals_json(std::span<const MetricInterval> intervals) {
  nlohmann::json out = nlohmann::json::object();
  for (const MetricInterval& interval : intervals) {
    nlohmann::json row = nlohmann::json::object();
    put(row, "low", interval.low, kNoInterval);
    put(row, "high", interval.high, kNoInterval);
    put(row, "estimate", interval.estimate, kNoEstimate);
    out[interval.metric] = std::move(row);
  }
  return out;
}

nlohmann::json paired_json(std::span<const PairedDifference> differences) {
  nlohmann::json out = nlohmann::json::object();
  for (const PairedDifference& difference : differences) {
    nlohmann::json row = nlohmann::json::object();
    put(row, "low", difference.low, kNoInterval);
    put(row, "high", difference.high, kNoInterval);
    put(row, "p", difference.p, kNoInterval);
    put(row, "a", difference.a, kNoEstimate);
    put(row, "b", difference.b, kNoEstimate);
    put(row, "difference", difference.difference, kNoEstimate);
    out[difference.metric] = std::move(row);
  }
  return out;
}

}  // namespace tailgrad
