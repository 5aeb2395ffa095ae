#include <tailgrad/study/statistics.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include <fmt/format.h>
#include <boost/math/distributions/students_t.hpp>

#include <tailgrad/core/error.h>

namespace tailgrad {
namespace {

constexpr double kLeastShare = 0.5;
constexpr double kPower = 0.8;  // of the smallest detectable difference

void check_level(double level) {
  if (!(level > 0 && level < 1))
    fail("statistics", fmt::format("level must be in (0, 1); got {}", level));
}

double mean_of(std::span<const double> values) {
  return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

// Divided by n - 1.
double variance_of(std::span<const double> values) {
  const double mean = mean_of(values);
  double sum = 0;
  for (const double value : values) sum += (value - mean) * (value - mean);
  return sum / static_cast<double>(values.size() - 1);
}

// Satterthwaite: the variance between seeds has seeds - 1 degrees of freedom. By chance few numbers
// can be much too close together, and look as if seeds did not matter: they are never trusted to be
// less than half of the variance. Two are not trusted at all.
double freedom_of(double of_seeds, double of_items, double variance, double seeds, double items) {
  if (seeds == 2) return 1;
  const double share_seeds = variance > 0 ? std::max(of_seeds / variance, kLeastShare) : 1;
  const double share_items = variance > 0 ? of_items / variance : 0;
  return 1 / (share_seeds * share_seeds / (seeds - 1) + share_items * share_items / (items - 1));
}

// A true difference that a test with this error finds in kPower of all repetitions.
double found_mostly(double error, double freedom, double level, std::size_t comparisons) {
  const double family = static_cast<double>(std::max<std::size_t>(comparisons, 1));
  return (t_quantile(1 - (1 - level) / (2 * family), freedom) + t_quantile(kPower, freedom)) *
         error;
}

// Interval, p, effect and detectable difference from difference, error and freedom.
void conclude(Comparison& out, double level, std::size_t comparisons) {
  const double difference = *out.difference;
  const double error = *out.error;
  const double freedom = *out.freedom;
  const double reach = t_quantile(1 - (1 - level) / 2, freedom) * error;
  out.low = difference - reach;
  out.high = difference + reach;
  // Without any variation a difference is certain, and so is its absence.
  out.p = error > 0 ? t_two_sided(difference / error, freedom) : (difference == 0 ? 1.0 : 0.0);
  if (out.sd_seeds && *out.sd_seeds > 0) out.effect = difference / *out.sd_seeds;
  out.detectable = found_mostly(error, freedom, level, comparisons);
}

}  // namespace

double t_quantile(double share, double freedom) {
  if (!(share > 0 && share < 1))
    fail("t_quantile", fmt::format("share must be in (0, 1); got {}", share));
  if (!(freedom > 0)) fail("t_quantile", fmt::format("freedom must be > 0; got {}", freedom));
  return boost::math::quantile(boost::math::students_t(freedom), share);
}

double t_two_sided(double t, double freedom) {
  if (!(freedom > 0)) fail("t_two_sided", fmt::format("freedom must be > 0; got {}", freedom));
  return 2 *
         boost::math::cdf(boost::math::complement(boost::math::students_t(freedom), std::abs(t)));
}

Summary summarise(std::vector<std::optional<double>> values, double level) {
  check_level(level);
  Summary out{.values = std::move(values)};
  std::vector<double> known;
  for (const std::optional<double>& value : out.values)
    if (value) known.push_back(*value);
  if (known.empty()) {
    out.reason = "not available for any seed";
    return out;
  }
  out.mean = mean_of(known);
  if (known.size() < out.values.size())
    out.reason = fmt::format("of {} of {} seeds", known.size(), out.values.size());
  if (known.size() == 1) {
    out.reason += out.reason.empty() ? "" : "; ";
    out.reason += "sd and interval need two seeds";
    return out;
  }
  const double count = static_cast<double>(known.size());
  out.sd = std::sqrt(variance_of(known));
  const double reach = t_quantile(1 - (1 - level) / 2, count - 1) * *out.sd / std::sqrt(count);
  out.low = *out.mean - reach;
  out.high = *out.mean + reach;
  return out;
}

Comparison compare_paired(std::span<const double> per_seed, std::span<const double> resampled,
                          std::size_t items, double level, std::size_t comparisons) {
  check_level(level);
  const std::size_t seeds = per_seed.size();
  Comparison out;
  out.per_seed.assign(per_seed.begin(), per_seed.end());
  if (seeds == 0) {
    out.reason = "no seed finished for both";
    return out;
  }
  if (resampled.size() % seeds != 0 || resampled.size() / seeds < 2 || items < 2)
    fail("compare_paired",
         fmt::format("needs at least 2 items and 2 resamples of {} seeds; got {} items, {} numbers",
                     seeds, items, resampled.size()));
  const std::size_t resamples = resampled.size() / seeds;
  const double s = static_cast<double>(seeds);
  out.difference = mean_of(per_seed);
  out.method = "paired bootstrap over test items and variance over seeds (two-way random effects)";

  std::vector<double> of_mean(resamples);
  std::vector<double> of_one(resamples);
  double each = 0;
  for (std::size_t seed = 0; seed < seeds; ++seed) {
    for (std::size_t r = 0; r < resamples; ++r) {
      of_one[r] = resampled[r * seeds + seed];
      of_mean[r] += of_one[r] / s;
    }
    each += variance_of(of_one) / s;
  }
  const double of_items = variance_of(of_mean);
  out.sd_items = std::sqrt(of_items);
  if (seeds == 1) {
    out.reason =
        "one seed: how much the difference varies between seeds is unknown; use --seeds 3 "
        "or more";
    return out;
  }
  const double between = variance_of(per_seed);
  out.sd_seeds = std::sqrt(between);
  const double of_seeds = between / s;
  const double variance =
      std::max({of_seeds + of_items - (each - of_items) / (s - 1), of_seeds, of_items});
  out.error = std::sqrt(variance);
  out.freedom = freedom_of(of_seeds, of_items, variance, s, static_cast<double>(items));
  conclude(out, level, comparisons);
  return out;
}

std::optional<int> seeds_to_find(const Comparison& measured, double difference, double level,
                                 std::size_t comparisons, int most) {
  check_level(level);
  if (!measured.error || !measured.sd_seeds) return std::nullopt;
  const double between = *measured.sd_seeds * *measured.sd_seeds;
  const double now = static_cast<double>(measured.per_seed.size());
  const double of_items = std::max(0.0, *measured.error * *measured.error - between / now);
  for (int seeds = std::max(3, static_cast<int>(now) + 1); seeds <= most; ++seeds) {
    const double of_seeds = between / seeds;
    const double variance = of_seeds + of_items;
    // Items are many: their share adds next to nothing to 1 / freedom.
    const double freedom = freedom_of(of_seeds, 0, variance, seeds, 2);
    if (found_mostly(std::sqrt(variance), freedom, level, comparisons) <= std::abs(difference))
      return seeds;
  }
  return std::nullopt;
}

Comparison compare_resplit(std::span<const double> differences, double test_to_train, double level,
                           std::size_t comparisons) {
  check_level(level);
  if (!(test_to_train > 0))
    fail("compare_resplit",
         fmt::format("needs a ratio of test to training items > 0; got {}", test_to_train));
  Comparison out;
  out.per_seed.assign(differences.begin(), differences.end());
  out.method = "corrected resampled t-test (each seed has its own split)";
  if (differences.empty()) {
    out.reason = "no seed finished for both";
    return out;
  }
  const double s = static_cast<double>(differences.size());
  out.difference = mean_of(differences);
  if (differences.size() == 1) {
    out.reason = "one split: how much the difference varies is unknown; use --seeds 3 or more";
    return out;
  }
  const double variance = variance_of(differences);
  out.sd_seeds = std::sqrt(variance);
  out.error = std::sqrt(variance * (1 / s + test_to_train));
  out.freedom = s - 1;
  conclude(out, level, comparisons);
  return out;
}

std::vector<std::optional<double>> holm(std::span<const std::optional<double>> p) {
  std::vector<std::size_t> order;
  for (std::size_t i = 0; i < p.size(); ++i)
    if (p[i]) order.push_back(i);
  std::ranges::stable_sort(order, [&](std::size_t a, std::size_t b) { return *p[a] < *p[b]; });
  std::vector<std::optional<double>> out(p.size());
  double floor = 0;
  for (std::size_t rank = 0; rank < order.size(); ++rank) {
    const double factor = static_cast<double>(order.size() - rank);
    floor = std::max(floor, std::min(1.0, factor * *p[order[rank]]));
    out[order[rank]] = floor;
  }
  return out;
}

}  // namespace tailgrad
