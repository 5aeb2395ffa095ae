// From a grid's finished cells to statements: which loss to use on this data, and how sure that is.
#pragma once

#include <string>

#include <tailgrad/study/compare_result.h>
#include <tailgrad/study/grid.h>

namespace tailgrad {

/// How a finished grid is judged.
struct GatherOptions {
  double level = 0.95;     ///< of intervals; a difference counts when its corrected p < 1 - level
  double matters = 0.005;  ///< see CompareResult
  int resamples = 1000;    ///< of the test units
  std::uint64_t seed = 1;  ///< of the resamples
  std::string baseline = {};  ///< name of a competitor; empty: see baseline_of
  /// "tailgrad train DATA …" without loss, sampler, optimizer and model.
  std::string train_command = {};
  std::string config = "{}";    ///< JSON text
  std::string versions = "{}";  ///< JSON text
};

/// Index of the competitor of that name (Error with the names there are); for an empty one the
/// first there is of ce, crf and bce, else the first of all.
std::size_t baseline_of(const GridPlan& plan, const std::string& name);

/// What the cells of a grid, all of them done, say. Test decides which losses are better than the
/// baseline, by a corrected p and by enough to matter; dev, which of these is recommended. See
/// state_answer. Throws Error for a baseline that does not compete, for a cell that is not done,
/// and for a metric that cannot be computed from outcomes (outcome_metrics()).
///
/// Differences: compare_paired with resample_metric. p-values: holm over the pairs of one rule.
CompareResult gather(const Problem& problem, const Grid& grid, const GatherOptions& options);
/// Times of the cells that are done, whoever computed them; `threads` of this program.
CompareTimings gather_timings(const Grid& grid, int threads);

/// The table under the answer: a line a competitor.
std::string compare_table(const CompareResult& result);

}  // namespace tailgrad
