// The folder of one comparison: who may enter it, and what was decided there once.
#pragma once

#include <string>

#include <tailgrad/study/budget.h>
#include <tailgrad/study/grid.h>

namespace tailgrad::cli {

struct CompareFolder {
  std::string path = {};
  std::string identity = {};  ///< text of all that has a say in the result
  bool force = false;
  bool resume = false;

  std::string file(const std::string& name) const { return path + "/" + name; }

  /// Creates it, or goes on with it when it holds the same comparison. Throws Error when it holds
  /// something else and neither `force` nor `resume` says what to do.
  void enter() const;
  /// How much of the plan fits into `budget` ("10m") on so many jobs side by side. Decided once and
  /// kept in plan.json: times differ from start to start, and a comparison that goes on must stay
  /// the same one.
  Cut cut_to_budget(const std::string& budget, const Problem& problem, const GridPlan& plan,
                    int jobs) const;
};

}  // namespace tailgrad::cli
