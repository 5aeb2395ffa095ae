#include <tailgrad/metrics/bootstrap.h>

#include <algorithm>
#include <array>
#include <cmath>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <tailgrad/core/error.h>
#include <tailgrad/core/random.h>

namespace tailgrad {
namespace {

constexpr std::size_t kScalars = 10;  // of scalar_metrics(), in their order
using Scalars = std::array<std::optional<double>, kScalars>;

// The sums that all scalar metrics follow from, over items that count several times.
class WeightedTotals {
 public:
  WeightedTotals(const Predictions& items, const MetricsContext& context)
      : items_(items), context_(context), counts_(items.classes) {
    if (context.calibration_bins < 1 || context.calibration_bins > 65535) {
      fail("bootstrap",
           fmt::format("calibration bins must be in [1, 65535]; got {}", context.calibration_bins));
    }
    bin_gap_.resize(static_cast<std::size_t>(context.calibration_bins));
    for (const double confidence : items.confidence) {
      bins_.push_back(
          static_cast<std::uint16_t>(calibration_bin(confidence, context.calibration_bins)));
    }
  }

  Scalars scalars(std::span<const std::uint32_t> weights) {
    std::ranges::fill(counts_.support, 0);
    std::ranges::fill(counts_.predicted, 0);
    std::ranges::fill(counts_.correct, 0);
    std::ranges::fill(bin_gap_, 0.0);
    counts_.items = 0;
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
    if (!context_.train_counts.empty()) {
      const GroupScores groups = score_groups(counts_, context_.train_counts, context_.groups);
      for (std::size_t g = 0; g < groups.size(); ++g) out[7 + g] = groups[g].recall;
    }
    return out;
  }

 private:
  const Predictions& items_;
  const MetricsContext& context_;
  OutcomeCounts counts_;
  std::vector<std::uint16_t> bins_;
  std::vector<double> bin_gap_;
};

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
  WeightedTotals totals(predictions, context);
  const std::vector<std::uint32_t> once(predictions.size(), 1);
  const Scalars estimate = totals.scalars(once);
  std::array<std::vector<double>, kScalars> values;
  Draws draws(options, predictions.size());
  for (int r = 0; r < options.resamples; ++r) {
    const Scalars scalars = totals.scalars(draws.next());
    for (std::size_t m = 0; m < kScalars; ++m) {
      if (finite(scalars[m])) values[m].push_back(*scalars[m]);
    }
  }
  std::vector<MetricInterval> out;
  for (std::size_t m = 0; m < kScalars; ++m) {
    const int defined = static_cast<int>(values[m].size());
    const Spread middle = spread(values[m], options);
    out.push_back({scalar_metrics()[m], finite(estimate[m]), middle.low, middle.high, defined});
  }
  return out;
}

std::vector<PairedDifference> paired_bootstrap(const Predictions& a, const Predictions& b,
                                               const MetricsContext& context,
                                               const BootstrapOptions& options) {
  if (a.classes != b.classes || a.size() != b.size()) {
    fail("paired bootstrap",
         fmt::format("both systems need the same items and classes; got {} items of {} classes "
                     "and {} of {}",
                     a.size(), a.classes, b.size(), b.classes));
  }
  const auto [at, other] = std::ranges::mismatch(a.labels, b.labels);
  if (at != a.labels.end()) {
    fail("paired bootstrap", fmt::format("item {} has label {} in one system and {} in the other",
                                         at - a.labels.begin(), *at, *other));
  }
  check(options, a.size());
  WeightedTotals totals_a(a, context);
  WeightedTotals totals_b(b, context);
  const std::vector<std::uint32_t> once(a.size(), 1);
  const Scalars estimate_a = totals_a.scalars(once);
  const Scalars estimate_b = totals_b.scalars(once);
  std::array<std::vector<double>, kScalars> values;
  Draws draws(options, a.size());
  for (int r = 0; r < options.resamples; ++r) {
    const std::span<const std::uint32_t> weights = draws.next();
    const Scalars of_a = totals_a.scalars(weights);
    const Scalars of_b = totals_b.scalars(weights);
    for (std::size_t m = 0; m < kScalars; ++m) {
      if (finite(of_a[m]) && finite(of_b[m])) values[m].push_back(*of_b[m] - *of_a[m]);
    }
  }
  std::vector<PairedDifference> out;
  for (std::size_t m = 0; m < kScalars; ++m) {
    PairedDifference row{.metric = scalar_metrics()[m],
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
