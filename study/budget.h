// Fitting a comparison to a time.
#pragma once

#include <string>
#include <vector>

#include <tailgrad/study/grid.h>

namespace tailgrad {

/// Seconds of "90", "90s", "10m", "1.5h". Throws Error for anything else and for 0.
double read_duration(const std::string& text);

/// What a training step and a judged epoch of each competitor cost on one thread.
struct StepCost {
  double step_seconds = 0;
  double judge_seconds = 0;  ///< of dev, after an epoch
  double steps = 0;          ///< in an epoch
};
/// Trains each for a few steps (at most about a second each) and throws the result away.
std::vector<StepCost> measure_costs(const Problem& problem, const GridPlan& plan);

/// The whole grid with these epochs and seeds, in seconds, on `jobs` threads side by side.
double grid_seconds(const std::vector<StepCost>& costs, const GridPlan& plan, int epochs, int seeds,
                    int jobs);

/// How a plan was cut; the plan as it was when it fits.
struct Cut {
  int epochs = 0;
  int seeds = 0;
  double seconds = 0;     ///< expected
  std::string note = {};  ///< what was cut; empty: nothing
};

/// Epochs go first, down to half of them; then seeds, down to three; then epochs down to one; then
/// seeds down to two, without which nothing can be tested. Throws Error saying how long the
/// smallest grid would take when even that is too long.
Cut fit_budget(const std::vector<StepCost>& costs, const GridPlan& plan, int epochs, int jobs,
               double budget_seconds);

}  // namespace tailgrad
