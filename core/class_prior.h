// How often each class occurs in the training data, for losses and post-hoc adjustment alike.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace tailgrad {

struct ClassPrior {
  std::vector<double> prior;      ///< [classes] positive, sums to 1
  std::vector<double> log_prior;  ///< [classes] log of it, always finite
  bool smoothed = false;          ///< some class was empty, so every count got +1
  std::string warning;            ///< what was done and for which classes; empty when nothing was
};

/// pi_k = n_k / N; with an empty class pi_k = (n_k + 1) / (N + C) for all, since log 0 helps
/// nobody. `counts` [classes] come from the whole training data, never from a batch. Throws Error,
/// with `what` in front, for a negative count and for no class at all.
ClassPrior class_prior(std::span<const std::int64_t> counts, std::string_view what = "counts");

}  // namespace tailgrad
