#include <tailgrad/study/grid.h>

#include <algorithm>
#include <map>
#include <mutex>
#include <optional>
#include <set>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <tailgrad/core/error.h>
#include <tailgrad/core/parallel.h>
#include <tailgrad/core/text_form.h>
#include <tailgrad/losses/table.h>
#include <tailgrad/metrics/report.h>
#include <tailgrad/models/model_table.h>
#include <tailgrad/optim/optimizer_options.h>
#include <tailgrad/study/sitting.h>

namespace tailgrad {
namespace {

using nlohmann::json;

// The same configuration has the same text, however the user wrote it.
ExperimentOptions canonical(ExperimentOptions options) {
  const TextForm form = parse_text_form(options.loss);
  options.loss = read_settings(find_loss(form.name).spec, form).full_text();
  options.model = model_text(options.model);
  const TextForm optimizer = parse_text_form(options.training.optimizer);
  for (const FormSpec& spec : optimizer_forms())
    if (spec.name == optimizer.name)
      options.training.optimizer = read_settings(spec, optimizer).full_text();
  return options;
}

}  // namespace

std::optional<double> dev_score(const json& result, const std::string& metric) {
  if (result.at("diverged").get<bool>()) return std::nullopt;
  return scalar_of(result.at("dev"), metric);
}

Fit check_fit(const Problem& problem, const ExperimentOptions& options) {
  Experiment built(problem, options);
  try {
    built.trainer().run({.after_step = [](const TrainProgress&) { return false; }});
  } catch (const Diverged&) {
    // Its cells will say so.
  }
  return {.parameters = static_cast<std::int64_t>(built.model().parameter_count()),
          .warnings = built.warnings()};
}

struct Grid::State {
  explicit State(const ClaimOptions& options) : claims(options) {}
  Claims claims;
  std::mutex mutex;
  std::map<std::string, json> results;  // by id
  std::set<std::string> damaged;        // what was said
};

Grid::~Grid() = default;

Grid::Grid(const Problem& problem, GridPlan plan, GridOptions options)
    : problem_(problem),
      plan_(std::move(plan)),
      options_(std::move(options)),
      data_hash_(hash_of(problem)),
      state_(std::make_unique<State>(options_.claims)) {
  if (plan_.competitors.empty()) fail("--losses", "needs at least one loss");
  if (plan_.seeds.empty()) fail("--seeds", "needs at least 1");
  for (std::size_t c = 0; c < plan_.competitors.size(); ++c) {
    const Competitor& competitor = plan_.competitors[c];
    for (std::size_t other = 0; other < c; ++other)
      if (plan_.competitors[other].name == competitor.name)
        fail("--losses", "'" + competitor.name + "' is there twice");
    ExperimentOptions experiment = competitor.experiment;
    experiment.training.seed = plan_.seeds.front();
    const Fit fit = check_fit(problem, experiment);
    largest_ = std::max(largest_, fit.parameters);
    for (const std::string& warning : fit.warnings)
      warnings_.push_back(competitor.name + ": " + warning);
  }
  list_cells();
}

void Grid::list_cells() {
  cells_.clear();
  const int rungs = rungs_of(plan_.tuning, plan_.tries);
  for (int rung = 0; rung < rungs; ++rung)
    for (int slot = 0; slot < slots_of(plan_.tuning, plan_.tries, rung); ++slot)
      for (std::size_t c = 0; c < plan_.competitors.size(); ++c)
        cells_.push_back({.competitor = c, .final = false, .rung = rung, .slot = slot});
  for (std::size_t seed = 0; seed < plan_.seeds.size(); ++seed)
    for (std::size_t c = 0; c < plan_.competitors.size(); ++c)
      cells_.push_back({.competitor = c, .seed = seed});
}

void Grid::shorten(int epochs, std::size_t seeds) {
  for (Competitor& competitor : plan_.competitors) competitor.experiment.training.epochs = epochs;
  plan_.seeds.resize(std::min(seeds, plan_.seeds.size()));
  list_cells();
}

int Grid::jobs(int threads) const {
  return largest_ > kLargeModel ? 1 : threads;
}

std::string Grid::name(const GridCell& cell) const {
  const std::string& competitor = plan_.competitors[cell.competitor].name;
  if (cell.final) return fmt::format("{} seed {}", competitor, plan_.seeds[cell.seed]);
  const std::string rung =
      plan_.tuning == Tuning::halving ? fmt::format(" of round {}", cell.rung + 1) : "";
  return fmt::format("{} try {}{}", competitor, cell.slot + 1, rung);
}

bool Grid::known(const GridCell& cell) const {
  const int before = cell.final ? rungs_of(plan_.tuning, plan_.tries) - 1 : cell.rung - 1;
  for (int rung = 0; rung <= before; ++rung)
    for (int slot = 0; slot < slots_of(plan_.tuning, plan_.tries, rung); ++slot)
      if (!done({.competitor = cell.competitor, .final = false, .rung = rung, .slot = slot}))
        return false;
  return true;
}

namespace {

// A try with its place in the list of drawn configurations and its score on dev.
struct Ranked {
  int slot = 0;
  std::optional<double> score;
};

}  // namespace

// The slots of a rung, best first.
static std::vector<Ranked> ranking(const Grid& grid, std::size_t competitor, int rung) {
  const GridPlan& plan = grid.plan();
  std::vector<Ranked> all;
  for (int slot = 0; slot < slots_of(plan.tuning, plan.tries, rung); ++slot) {
    const json& result =
        grid.result({.competitor = competitor, .final = false, .rung = rung, .slot = slot});
    all.push_back({slot, dev_score(result, plan.metric)});
  }
  const bool up = higher_is_better(plan.metric);
  std::ranges::stable_sort(all, [up](const Ranked& a, const Ranked& b) {
    if (!a.score || !b.score) return a.score.has_value() && !b.score.has_value();
    return up ? *a.score > *b.score : *a.score < *b.score;
  });
  return all;
}

// Which of the drawn configurations a slot of a rung has.
static int origin_of(const Grid& grid, std::size_t competitor, int rung, int slot) {
  if (rung == 0) return slot;
  const std::vector<Ranked> before = ranking(grid, competitor, rung - 1);
  return origin_of(grid, competitor, rung - 1, before[static_cast<std::size_t>(slot)].slot);
}

CellSpec Grid::spec(const GridCell& cell) const {
  if (!known(cell)) fail("grid", name(cell) + " depends on tries that are not finished");
  const int rungs = rungs_of(plan_.tuning, plan_.tries);
  int slot = 0;
  if (!cell.final) {
    slot = origin_of(*this, cell.competitor, cell.rung, cell.slot);
  } else if (rungs > 0) {
    const int best = ranking(*this, cell.competitor, rungs - 1).front().slot;
    slot = origin_of(*this, cell.competitor, rungs - 1, best);
  }
  CellSpec spec{.metric = plan_.metric, .judge_test = cell.final};
  spec.experiment =
      canonical(try_of(plan_.competitors[cell.competitor].experiment, slot, plan_.seeds.front()));
  spec.experiment.training.seed = plan_.seeds[cell.final ? cell.seed : 0];
  if (!cell.final)
    spec.experiment.training.epochs =
        epochs_of(plan_.tuning, plan_.tries, cell.rung, spec.experiment.training.epochs);
  return spec;
}

CellFiles Grid::files(const GridCell& cell) const {
  return {.folder = options_.folder, .id = cell_id(spec(cell), data_hash_)};
}

const json* Grid::find_result(const CellFiles& where, std::string& damage) const {
  const std::lock_guard lock(state_->mutex);
  const auto found = state_->results.find(where.id);
  if (found != state_->results.end()) return &found->second;
  std::optional<json> read = read_cell(where, damage);
  return read ? &state_->results.try_emplace(where.id, std::move(*read)).first->second : nullptr;
}

bool Grid::done(const GridCell& cell) const {
  if (!known(cell)) return false;
  std::string damage;
  const bool whole = find_result(files(cell), damage) != nullptr;
  if (damage.empty()) return whole;
  const std::lock_guard lock(state_->mutex);
  if (state_->damaged.insert(damage).second && options_.warn)
    options_.warn(damage + "; this cell is computed again");
  return whole;
}

const json& Grid::result(const GridCell& cell) const {
  const CellFiles where = files(cell);
  std::string damage;
  const json* const found = find_result(where, damage);
  if (!damage.empty()) throw Error(damage);
  if (found == nullptr) fail_at(where.result(), 0, 0, "this cell is not done");
  return *found;
}

std::vector<std::string> Grid::tried(std::size_t competitor) const {
  std::vector<std::string> lines;
  const int rungs = rungs_of(plan_.tuning, plan_.tries);
  for (int rung = rungs - 1; rung >= 0; --rung)
    for (const Ranked& ranked : ranking(*this, competitor, rung)) {
      const GridCell cell{
          .competitor = competitor, .final = false, .rung = rung, .slot = ranked.slot};
      const CellSpec tried = spec(cell);
      lines.push_back(fmt::format(
          "{}; {}; {} epochs: dev {} {}", tried.experiment.loss,
          tried.experiment.training.optimizer, tried.experiment.training.epochs, plan_.metric,
          ranked.score ? fmt::format("{:.4f}", *ranked.score) : "n/a (diverged)"));
    }
  return lines;
}

bool Grid::run_cells(const std::vector<std::size_t>& wanted, int jobs) {
  Sitting sitting(*this, options_, state_->claims, wanted, problem_);
  if (jobs <= 1) {
    sitting.work();
  } else {
    // A piece of parallel work runs what it starts in place: one thread a cell.
    parallel_for(static_cast<std::size_t>(jobs), 1,
                 [&](std::size_t, std::size_t) { sitting.work(); });
  }
  return sitting.finish();
}

bool Grid::run() {
  std::vector<std::size_t> all(cells_.size());
  for (std::size_t i = 0; i < all.size(); ++i) all[i] = i;
  return run_cells(all, jobs(threads()));
}

bool Grid::run_one(std::size_t index) {
  if (index >= cells_.size())
    fail("--cell", fmt::format("there are cells 1 to {}; got {}", cells_.size(), index + 1));
  const GridCell& cell = cells_[index];
  std::vector<std::size_t> wanted;
  const int before = cell.final ? rungs_of(plan_.tuning, plan_.tries) : cell.rung;
  for (std::size_t i = 0; i < cells_.size(); ++i)
    if (!cells_[i].final && cells_[i].competitor == cell.competitor && cells_[i].rung < before)
      wanted.push_back(i);
  wanted.push_back(index);
  return run_cells(wanted, 1);
}

}  // namespace tailgrad
