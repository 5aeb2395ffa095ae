#include <tailgrad/study/budget.h>

#include <algorithm>
#include <chrono>
#include <cmath>

#include <fmt/format.h>

#include <tailgrad/core/error.h>
#include <tailgrad/core/parallel.h>
#include <tailgrad/core/progress.h>
#include <tailgrad/core/text_form.h>

namespace tailgrad {
namespace {

using Clock = std::chrono::steady_clock;

constexpr double kMeasureSeconds = 1;  // of a competitor
constexpr std::uint64_t kWarmUp = 2;   // steps that do not count
constexpr std::uint64_t kSteps = 40;   // at most
constexpr double kReserve = 0.9;       // of the budget: the rest is for reading and writing

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

// As many threads as a cell has, while this lives.
class FewerThreads {
 public:
  explicit FewerThreads(int count) { set_threads(count); }
  ~FewerThreads() { set_threads(before_); }
  FewerThreads(const FewerThreads&) = delete;
  FewerThreads& operator=(const FewerThreads&) = delete;

 private:
  int before_ = threads();
};

}  // namespace

double read_duration(const std::string& text) {
  double unit = 1;
  std::string digits = text;
  if (!digits.empty()) {
    const char last = digits.back();
    if (last == 's' || last == 'm' || last == 'h') {
      unit = last == 's' ? 1 : last == 'm' ? 60 : 3600;
      digits.pop_back();
    }
  }
  double value = 0;
  if (!read_number(digits, value) || !(value > 0) || !std::isfinite(value))
    fail("--budget", "needs a time such as 90s, 10m or 1.5h; got '" + text + "'");
  return value * unit;
}

std::vector<StepCost> measure_costs(const Problem& problem, const GridPlan& plan, int jobs) {
  const FewerThreads share(std::max(1, threads() / std::max(1, jobs)));
  std::vector<StepCost> costs;
  for (const Competitor& competitor : plan.competitors) {
    ExperimentOptions options = competitor.experiment;
    options.training.seed = plan.seeds.front();
    Experiment experiment(problem, options);
    StepCost cost{.steps = static_cast<double>(experiment.trainer().total_steps()) /
                           options.training.epochs};
    const Clock::time_point start = Clock::now();
    Clock::time_point warm = start;
    std::uint64_t counted = 0;
    const auto after_step = [&](const TrainProgress& now) {
      if (now.total_step == kWarmUp) warm = Clock::now();
      counted = now.total_step > kWarmUp ? now.total_step - kWarmUp : 0;
      return counted < kSteps && seconds_since(start) < kMeasureSeconds;
    };
    try {
      experiment.trainer().run({.after_step = after_step});
    } catch (const Diverged&) {
      // Its cell will say so; what ran is enough for a time.
    }
    cost.step_seconds =
        counted > 0 ? seconds_since(warm) / static_cast<double>(counted) : seconds_since(start);
    const Clock::time_point judging = Clock::now();
    experiment.judge_split(problem.dev, predict(experiment.model(), problem.dev));
    cost.judge_seconds = seconds_since(judging);
    costs.push_back(cost);
  }
  return costs;
}

double grid_seconds(const std::vector<StepCost>& costs, const GridPlan& plan, int epochs, int seeds,
                    int jobs) {
  double seconds = 0;
  for (const StepCost& cost : costs) {
    const double epoch = cost.steps * cost.step_seconds + cost.judge_seconds;
    double all = static_cast<double>(epochs) * seeds;
    for (int rung = 0; rung < rungs_of(plan.tuning, plan.tries); ++rung)
      all += static_cast<double>(slots_of(plan.tuning, plan.tries, rung)) *
             epochs_of(plan.tuning, plan.tries, rung, epochs);
    seconds += all * epoch;
  }
  return seconds / std::max(1, jobs);
}

Cut fit_budget(const std::vector<StepCost>& costs, const GridPlan& plan, int epochs, int jobs,
               double budget_seconds) {
  Cut cut{.epochs = epochs, .seeds = static_cast<int>(plan.seeds.size())};
  const int all_seeds = cut.seeds;
  const auto fits = [&] {
    cut.seconds = grid_seconds(costs, plan, cut.epochs, cut.seeds, jobs);
    return cut.seconds <= kReserve * budget_seconds;
  };
  while (!fits() && cut.epochs > std::max(1, (epochs + 1) / 2)) --cut.epochs;
  while (!fits() && cut.seeds > 3) --cut.seeds;
  while (!fits() && cut.epochs > 1) --cut.epochs;
  while (!fits() && cut.seeds > 2) --cut.seeds;
  if (!fits())
    fail("--budget",
         fmt::format("{} is too short: {} epoch and {} seed{} would take about {}; name fewer "
                     "losses, a smaller model or more time",
                     clock_text(budget_seconds), cut.epochs, cut.seeds, cut.seeds == 1 ? "" : "s",
                     clock_text(cut.seconds / kReserve)));
  if (cut.epochs < epochs || cut.seeds < all_seeds)
    cut.note = fmt::format("cut to fit --budget: {} of {} epochs, {} of {} seeds", cut.epochs,
                           epochs, cut.seeds, all_seeds);
  return cut;
}

}  // namespace tailgrad
