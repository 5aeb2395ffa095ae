// From runs to statements: means over seeds, differences with both sources of variation, and what
// may be said about many differences at once.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace tailgrad {

/// One metric over the seeds of one competitor.
struct Summary {
  std::optional<double> mean = {};
  std::optional<double> sd = {};   ///< divided by S - 1; none for one seed
  std::optional<double> low = {};  ///< mean -+ t_{S-1} sd / sqrt(S)
  std::optional<double> high = {};
  std::vector<std::optional<double>> values = {};  ///< one a seed, in the order of the seeds
  std::string reason = {};                         ///< why something above is missing
};

/// Over the values that are there. `level`: share of the interval, in (0, 1), else Error.
Summary summarise(std::vector<std::optional<double>> values, double level = 0.95);

/// Value q such that a t-distributed number of `freedom` degrees of freedom is below it with
/// probability `share`. Throws Error unless 0 < share < 1 and freedom > 0.
double t_quantile(double share, double freedom);
/// Probability of a |t| at least as large.
double t_two_sided(double t, double freedom);

/// System b minus system a.
struct Comparison {
  std::optional<double> difference = {};
  std::optional<double> error = {};  ///< standard error of the difference
  std::optional<double> freedom = {};
  std::optional<double> low = {};
  std::optional<double> high = {};
  std::optional<double> p = {};       ///< two-sided
  std::optional<double> effect = {};  ///< difference / its sd between seeds (Cohen's d_z)
  /// Smallest true difference that a test like this one finds in four of five repetitions.
  std::optional<double> detectable = {};
  std::vector<double> per_seed = {};    ///< b - a for each seed
  std::optional<double> sd_seeds = {};  ///< standard deviation of per_seed
  std::optional<double> sd_items = {};  ///< standard error from the choice of test items
  std::string method = {};
  std::string reason = {};  ///< why something above is missing
};

/// Differences of each seed on one test set, and the same differences on resampled test sets:
/// `resampled` [resamples, seeds], the same items drawn for all seeds and both systems.
///
/// Seeds and items both vary. With d_s the difference of seed s, S seeds, V_mean the variance over
/// resamples of the mean over seeds, V_each the mean over seeds of the variances over resamples:
///
///   E[V_each] = (I + SI)/n,   E[V_mean] = (I + SI/S)/n,   E[var(d_s)] = seeds + SI/n
///   error^2 = var(d_s)/S + V_mean - (V_each - V_mean)/(S - 1)
///
/// where I, SI and `seeds` are the variances of the two-way random-effects model; the last term
/// takes out the interaction, which the first two both contain. Never below the larger of the first
/// two. Degrees of freedom: Satterthwaite, with S - 1 for var(d_s), whose share is taken as at
/// least a half (few seeds may agree by chance), and items - 1 for the rest; 1 for two seeds.
/// `level` of the interval; `comparisons` the size of the family that the test will be corrected
/// for (only `detectable` depends on it).
/// With one seed there is no p: the variation between seeds is unknown.
Comparison compare_paired(std::span<const double> per_seed, std::span<const double> resampled,
                          std::size_t items, double level = 0.95, std::size_t comparisons = 1);

/// How many seeds would find a true `difference` in four of five repetitions, when seeds and items
/// vary as they did in `measured`; none when `most` are too few: the items are the limit.
std::optional<int> seeds_to_find(const Comparison& measured, double difference, double level = 0.95,
                                 std::size_t comparisons = 1, int most = 30);

/// Differences of runs that each drew their own training and test items from the same data
/// (Nadeau and Bengio 2003): error^2 = var(d) (1/S + test_share/train_share), S - 1 degrees of
/// freedom.
Comparison compare_resplit(std::span<const double> differences, double test_to_train,
                           double level = 0.95, std::size_t comparisons = 1);

/// p-values corrected for their number (Holm 1979), in the order given: what is missing stays
/// missing and does not count.
std::vector<std::optional<double>> holm(std::span<const std::optional<double>> p);

}  // namespace tailgrad
