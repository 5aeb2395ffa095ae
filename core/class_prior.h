// How often each class occurs in the training data, for losses and post-hoc adjustment alike.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace tailgrad {

/// Counts that are never 0: as given or, when a class is empty, each raised by one (Laplace), since
/// log 0 and 1/0 help nobody.
struct SmoothedCounts {
  std::vector<double> counts;  ///< [classes] all positive
  bool smoothed = false;       ///< some class was empty
  std::string warning;         ///< what was done and how many classes were empty; else empty
};
/// The counts [classes] made positive. Throws Error for a negative count and for no class at all.
SmoothedCounts smoothed_counts(std::span<const double> counts);

/// Shares of the classes in the training data.
struct ClassPrior {
  std::vector<double> prior;      ///< [classes] positive, sums to 1
  std::vector<double> log_prior;  ///< [classes] log of it, always finite
  bool smoothed = false;          ///< as in SmoothedCounts
  std::string warning;            ///< likewise
};

/// pi_k = n_k / N of smoothed_counts. `counts` [classes] come from the whole training data, never
/// from a batch. Throws Error, with `what` in front, for a negative count and for no class at all.
ClassPrior class_prior(std::span<const std::int64_t> counts, std::string_view what = "counts");

}  // namespace tailgrad
