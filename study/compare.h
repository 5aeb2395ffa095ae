// From a grid's finished cells to statements: which loss to use on this data, and how sure that is.
#pragma once

#include <string>

#include <tailgrad/study/compare_result.h>
#include <tailgrad/study/grid.h>

namespace tailgrad {

struct GatherOptions {
  double level = 0.95;
  double matters = 0.005;     ///< see CompareResult
  int resamples = 1000;       ///< of the test units
  std::uint64_t seed = 1;     ///< of the resamples
  std::string baseline = {};  ///< name of a competitor; empty: ce, bce or crf, else the first
  /// "tailgrad train DATA …" without loss, sampler, optimizer and model.
  std::string train_command = {};
  std::string config = "{}";    ///< JSON text
  std::string versions = "{}";  ///< JSON text
};

/// The competitor of that name (Error with the names there are); for an empty one ce, crf or bce,
/// else the first.
std::size_t baseline_of(const GridPlan& plan, const std::string& name);

/// All cells must be done. The recommended loss is chosen without a look at test: of the losses
/// that a corrected test finds better than the baseline, and by enough to matter, the best on dev;
/// the baseline when there is none. Throws Error for a baseline that does not compete, and for a
/// metric that cannot be computed from outcomes (outcome_metrics()).
CompareResult gather(const Problem& problem, const Grid& grid, const GatherOptions& options);
CompareTimings gather_timings(const Grid& grid, int threads);

/// The table under the answer: a line a competitor.
std::string compare_table(const CompareResult& result);

}  // namespace tailgrad
