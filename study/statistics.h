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
  std::optional<double> mean = {};                 ///< of the values that are there
  std::optional<double> sd = {};                   ///< divided by S - 1; none for one seed
  std::optional<double> low = {};                  ///< mean - t_{S-1} sd / sqrt(S)
  std::optional<double> high = {};                 ///< mean + t_{S-1} sd / sqrt(S)
  std::vector<std::optional<double>> values = {};  ///< one a seed, in the order of the seeds
  std::string reason = {};                         ///< why something above is missing
};

/// Mean, deviation and t interval (Student 1908) of the S values that are there; what needs more of
/// them than there are is missing, with the reason. `level` is the interval's share, in (0, 1),
/// else Error.
Summary summarise(std::vector<std::optional<double>> values, double level = 0.95);

/// Value q such that a t-distributed number of `freedom` degrees of freedom is below it with
/// probability `share`. Throws Error unless 0 < share < 1 and freedom > 0.
double t_quantile(double share, double freedom);
/// Probability that a t-distributed number is at least as far from 0 as `t`. Throws Error unless
/// freedom > 0.
double t_two_sided(double t, double freedom);

/// System b minus system a, in units of the metric.
struct Comparison {
  std::optional<double> difference = {};  ///< mean of per_seed
  std::optional<double> error = {};       ///< standard error of the difference
  std::optional<double> freedom = {};     ///< degrees of freedom of the error
  std::optional<double> low = {};         ///< difference - t error
  std::optional<double> high = {};        ///< difference + t error
  std::optional<double> p = {};           ///< two-sided, not corrected; 0 or 1 when error is 0
  std::optional<double> effect = {};      ///< difference / sd_seeds: d_z of Cohen (1988)
  /// Smallest true difference that a test like this one finds in four of five repetitions: the
  /// minimum detectable effect of Bloom (1995),
  ///
  ///   (t_{1 - (1 - level)/(2 comparisons)} + t_{0.8}) error
  std::optional<double> detectable = {};
  std::vector<double> per_seed = {};    ///< b - a for each seed
  std::optional<double> sd_seeds = {};  ///< standard deviation of per_seed
  std::optional<double> sd_items = {};  ///< standard error from the choice of test items
  std::string method = {};              ///< how the error was found, for a reader
  std::string reason = {};              ///< why something above is missing
};

/// Compares two systems by their differences on one test set, `per_seed` [seeds], and the same on
/// resampled test sets, `resampled` [resamples, seeds]: a paired bootstrap (Efron 1979), the same
/// items drawn for all seeds and both systems; see resample_metric.
///
/// Seeds and items both vary. With d_s the difference of seed s, S seeds, V_mean the variance over
/// resamples of the mean over seeds, V_each the mean over seeds of the variances over resamples:
///
///   E[V_each] = (I + SI)/n,   E[V_mean] = (I + SI/S)/n,   E[var(d_s)] = seeds + SI/n
///   error^2 = var(d_s)/S + V_mean - (V_each - V_mean)/(S - 1)
///
/// where I, SI and `seeds` are the variances of the two-way random-effects model; the last term
/// takes out the interaction, which the first two both contain. Never below the larger of the first
/// two. Degrees of freedom: Satterthwaite (1946), with S - 1 for var(d_s), whose share is taken as
/// at least a half (few seeds may agree by chance), and items - 1 for the rest; 1 for two seeds.
/// `level` of the interval; `comparisons` the size of the family that the test will be corrected
/// for (only `detectable` depends on it).
/// With one seed there is no p: the variation between seeds is unknown. Throws Error for a level
/// outside (0, 1), fewer than two items or resamples, and for resamples that do not fit the seeds.
Comparison compare_paired(std::span<const double> per_seed, std::span<const double> resampled,
                          std::size_t items, double level = 0.95, std::size_t comparisons = 1);

/// The least number of seeds, at least three and more than were measured, that would find a true
/// `difference` in four of five repetitions, when seeds and items vary as they did in `measured` (a
/// result of compare_paired); none when `most` are too few: the items are the limit. Throws Error
/// for a level outside (0, 1).
std::optional<int> seeds_to_find(const Comparison& measured, double difference, double level = 0.95,
                                 std::size_t comparisons = 1, int most = 30);

/// The corrected resampled t-test (Nadeau and Bengio 2003), for S runs that each drew their own
/// training and test items from the same data:
///
///   error^2 = var(d) (1/S + test_to_train),   S - 1 degrees of freedom
///
/// `test_to_train` is test items / training items of a run. With one run there is no p. Throws
/// Error for a ratio that is not > 0 and a level outside (0, 1).
Comparison compare_resplit(std::span<const double> differences, double test_to_train,
                           double level = 0.95, std::size_t comparisons = 1);

/// p-values corrected for their number m (Holm 1979), in the order given. With p_(1) <= … <= p_(m):
///
///   corrected p_(i) = max over j <= i of min(1, (m - j + 1) p_(j))
///
/// What is missing stays missing and does not count.
std::vector<std::optional<double>> holm(std::span<const std::optional<double>> p);

}  // namespace tailgrad
