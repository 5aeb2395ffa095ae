// Who competes: from what a user writes to the rows of a grid.
#pragma once

#include <string>
#include <vector>

#include <tailgrad/study/grid.h>

namespace tailgrad {

/// Lists of text forms separated by ';'. Empty lists stand for what `base` says.
struct CompetitorOptions {
  /// Each `LOSS` or `LOSS@SAMPLER`; "all": every loss that fits the task.
  std::string losses = "all";
  std::string samplers = {};    ///< each with every loss that names none of its own
  std::string optimizers = {};  ///< each with every loss
  std::string models = {};      ///< each with every loss
};

/// The product of losses, samplers, optimizers and models. A name holds what differs:
/// "la:tau=1@class-balanced, sgd:lr=0.1". Under "all" a loss that does not fit (check_fit) is left
/// out and said in `notes`; one that was named is kept: Grid refuses it. Throws Error for a list
/// that names nothing and for an `@` without a loss before or a sampler after it.
std::vector<Competitor> competitors_of(const CompetitorOptions& options,
                                       const ExperimentOptions& base, const Problem& problem,
                                       std::vector<std::string>& notes);

}  // namespace tailgrad
