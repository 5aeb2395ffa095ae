#include <tailgrad/study/sitting.h>

#include <optional>
#include <thread>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <tailgrad/metrics/report.h>

namespace tailgrad {
namespace {

using nlohmann::json;
using Clock = std::chrono::steady_clock;

constexpr double kLookAgainSeconds = 1;  // at a cell that another process has
constexpr double kShowSeconds = 0.2;

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

}  // namespace

Sitting::Sitting(const Grid& grid, const GridOptions& options, Claims& claims,
                 const std::vector<std::size_t>& wanted, const Problem& problem)
    : grid_(grid), options_(options), claims_(claims), problem_(problem) {
  for (const std::size_t index : wanted) {
    const GridCell& cell = grid.cells()[index];
    const int epochs = grid.plan().competitors[cell.competitor].experiment.training.epochs;
    const double work =
        cell.final ? epochs : epochs_of(grid.plan().tuning, grid.plan().tries, cell.rung, epochs);
    jobs_.push_back({.index = index, .work = work});
  }
}

void Sitting::work() {
  try {
    for (;;) {
      if (ending()) return;
      Pick pick = next();
      if (pick.nothing_left) return;
      if (pick.job == nullptr) {
        std::this_thread::sleep_for(std::chrono::milliseconds(100));
        continue;
      }
      run(*pick.job, pick.files);
    }
  } catch (...) {
    const std::lock_guard lock(mutex_);
    if (!error_) error_ = std::current_exception();
  }
}

bool Sitting::finish() {
  if (error_) std::rethrow_exception(error_);
  return !stopped_;
}

bool Sitting::ending() {
  const std::lock_guard lock(mutex_);
  if (!stopped_ && options_.stop && options_.stop()) stopped_ = true;
  return stopped_ || error_;
}

Sitting::Pick Sitting::next() {
  const std::lock_guard lock(mutex_);
  Pick pick{.nothing_left = true};
  for (Job& job : jobs_) {
    if (job.done) continue;
    const bool ready = !job.running && grid_.known(cell(job));
    const auto done = [&] { return grid_.done(cell(job)); };
    if (ready && done()) {
      finished(job, "");
      continue;
    }
    pick.nothing_left = false;
    if (!ready || Clock::now() < job.look_again) continue;
    const CellFiles files = grid_.files(cell(job));
    switch (claims_.turn(files.claim(), done)) {
      case Claims::Turn::ours:
        job.running = true;
        pick.job = &job;
        pick.files = files;
        return pick;
      case Claims::Turn::others:
        job.look_again =
            Clock::now() + std::chrono::milliseconds(static_cast<int>(1000 * kLookAgainSeconds));
        break;
      case Claims::Turn::done:
        finished(job, "");
    }
  }
  return pick;
}

void Sitting::run(Job& job, const CellFiles& files) {
  const HeldClaim claim(claims_, files.claim());
  const CellSpec spec = grid_.spec(cell(job));
  const auto after_step = [&](const TrainProgress& now) {
    const std::lock_guard lock(mutex_);
    job.share = static_cast<double>(now.total_step) / static_cast<double>(now.total_steps);
    if (first_share_ < 0) {
      start_ = Clock::now();
      first_share_ = share();
    }
    if (seconds_since(shown_) > kShowSeconds) show("");
    if (!stopped_ && options_.stop && options_.stop()) stopped_ = true;
    return !stopped_ && !error_;
  };
  const auto warn = [&](const std::string& text) {
    const std::lock_guard lock(mutex_);
    if (options_.warn) options_.warn(text);
  };
  const bool done = run_cell(
      problem_, spec, files,
      {.after_step = after_step, .checkpoint_seconds = options_.checkpoint_seconds, .warn = warn});
  const json result = done ? grid_.result(cell(job)) : json();
  const std::lock_guard lock(mutex_);
  job.running = false;
  if (!done) return;
  const std::optional<double> score = dev_score(result, grid_.plan().metric);
  const std::string outcome =
      result.at("diverged").get<bool>()
          ? fmt::format("diverged at step {}", result.at("diverged_step").get<std::uint64_t>())
          : fmt::format("dev {} {}", grid_.plan().metric,
                        score ? fmt::format("{:.4f}", *score) : "n/a");
  finished(job, fmt::format("{}: {}, {:.1f} s", grid_.name(cell(job)), outcome,
                            result.at("seconds").get<double>()));
}

void Sitting::finished(Job& job, const std::string& text) {
  job.done = true;
  job.running = false;
  job.share = 1;
  if (cell(job).final) {
    if (const auto score = dev_score(grid_.result(cell(job)), grid_.plan().metric)) {
      auto& [sum, count] = scores_[cell(job).competitor];
      sum += *score;
      ++count;
    }
  }
  if (!text.empty()) show(text);
}

double Sitting::share() const {
  double done = 0;
  double all = 0;
  for (const Job& job : jobs_) {
    done += job.work * job.share;
    all += job.work;
  }
  return all > 0 ? done / all : 1;
}

void Sitting::show(const std::string& text) {
  shown_ = Clock::now();
  if (!options_.progress) return;
  GridProgress now{.cells = jobs_.size(), .share = share(), .finished = text};
  for (const Job& job : jobs_) now.done += job.done ? 1 : 0;
  const double gained = now.share - first_share_;
  const double seconds = seconds_since(start_);
  if (first_share_ >= 0 && gained > 0 && seconds > 0.5)
    now.seconds_left = seconds * (1 - now.share) / gained;
  const bool up = higher_is_better(grid_.plan().metric);
  bool any = false;
  for (const auto& [competitor, score] : scores_) {
    const double mean = score.first / score.second;
    if (any && (up ? mean <= now.best_score : mean >= now.best_score)) continue;
    any = true;
    now.best_score = mean;
    now.best = grid_.plan().competitors[competitor].name;
  }
  options_.progress(now);
}

}  // namespace tailgrad
