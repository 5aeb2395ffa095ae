// Fitting a comparison to a time.
#pragma once

#include <string>
#include <vector>

#include <tailgrad/study/grid.h>

namespace tailgrad {

/// Seconds of "90", "90s", "10m", "1.5h". Throws Error for anything else and for 0.
double read_duration(const std::string& text);

/// What training and judging one competitor cost, on the threads that a cell of the grid has.
struct StepCost {
  double step_seconds = 0;   ///< mean of a training step, the first two left out
  double judge_seconds = 0;  ///< of dev, after an epoch
  double steps = 0;          ///< in an epoch
};
/// One cost a competitor, in their order. Trains each for a few steps (at most about a second
/// each) on its share of the threads when `jobs` cells run side by side, judges dev once and throws
/// the result away. Changes the number of threads meanwhile: not beside other work. Throws Error
/// for options that do not fit.
std::vector<StepCost> measure_costs(const Problem& problem, const GridPlan& plan, int jobs);

/// Seconds that the whole grid takes with these epochs and seeds when `jobs` cells run side by
/// side:
///
///   sum over runs and tries of epochs (steps step_seconds + judge_seconds) / jobs
double grid_seconds(const std::vector<StepCost>& costs, const GridPlan& plan, int epochs, int seeds,
                    int jobs);

/// How a plan was cut; the plan as it was when it fits.
struct Cut {
  int epochs = 0;         ///< of a final run
  int seeds = 0;          ///< how many of the plan's are left, the first ones
  double seconds = 0;     ///< expected
  std::string note = {};  ///< what was cut; empty: nothing
};

/// Cuts a plan until it takes nine tenths of the budget at most. Epochs go first, down to half of
/// them; then seeds, down to three; then epochs down to one; then seeds down to two, without which
/// nothing can be tested. Throws Error saying how long the smallest grid would take when even that
/// is too long.
Cut fit_budget(const std::vector<StepCost>& costs, const GridPlan& plan, int epochs, int jobs,
               double budget_seconds);

}  // namespace tailgrad
