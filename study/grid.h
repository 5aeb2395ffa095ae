// Many cells: competitors times seeds, with tries of hyper-parameters before, on the cores of one
// machine or of several that share a folder.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <tailgrad/study/cell.h>
#include <tailgrad/study/claims.h>

namespace tailgrad {

/// One competitor. What all share (epochs, batch size, …) is in `experiment` too; its seed is set
/// cell by cell.
struct Competitor {
  std::string name = {};              ///< as the user wrote it
  ExperimentOptions experiment = {};  ///< text forms as the user wrote them, too
};

/// How each competitor's hyper-parameters are chosen on dev, before its final runs.
enum class Tuning {
  none,    ///< they are as written
  random,  ///< the best of all tries, each trained in full
  /// Successive halving (Jamieson and Talwalkar 2016): rungs of tries, in each the better half of
  /// the rung before, trained anew for twice the epochs.
  halving
};

/// What a grid computes.
struct GridPlan {
  std::vector<Competitor> competitors = {};  ///< at least one; no two of the same name
  std::vector<std::uint64_t> seeds = {};  ///< of the final runs, at least one; tries use the first
  std::string metric = "macro_f1";        ///< by which tries are ranked and rules tuned, on dev
  Tuning tuning = Tuning::none;           ///< see there
  int tries = 0;  ///< of each competitor's hyper-parameters; the first is as it was written
};

/// What one job of the grid computes.
struct GridCell {
  std::size_t competitor = 0;  ///< index into GridPlan::competitors
  bool final = true;           ///< false: a try of hyper-parameters
  std::size_t seed = 0;        ///< of a final cell: which of the plan's seeds
  int rung = 0;                ///< of a try with halving: 0 … the last
  int slot = 0;                ///< of a try: which in its rung
};

/// Where a grid is, after every finished cell and from time to time within.
struct GridProgress {
  std::size_t done = 0;       ///< cells, those done in earlier sittings too
  std::size_t cells = 0;      ///< all that this sitting wants done
  double share = 0;           ///< of the work (epochs), in [0, 1]
  double seconds_left = -1;   ///< < 0: not known yet
  std::string finished = {};  ///< what has just finished; empty: within a cell
  std::string best = {};      ///< best competitor so far, by dev
  double best_score = 0;      ///< its mean on dev over the seeds that are done
};

/// Where a grid keeps its cells, and whom it tells.
struct GridOptions {
  std::string folder = {};                                 ///< for the cells' files; must be there
  double checkpoint_seconds = 30;                          ///< see CellWatcher
  ClaimOptions claims = {};                                ///< see Claims
  std::function<bool()> stop = {};                         ///< true: save and stop
  std::function<void(const GridProgress&)> progress = {};  ///< called by one thread at a time
  Warn warn = {};                                          ///< so is this
};

/// A model with more parameters trains alone on all threads; smaller ones side by side, a thread
/// each. A fixed number, so that who runs what never depends on the machine.
inline constexpr std::int64_t kLargeModel = 20'000'000;

/// What a competitor's options come to.
struct Fit {
  std::int64_t parameters = 0;             ///< trained numbers of the model
  std::vector<std::string> warnings = {};  ///< see Experiment::warnings
};
/// Builds model and loss and takes one training step: throws Error when something does not fit the
/// data or the task. A step that diverges is no misfit.
Fit check_fit(const Problem& problem, const ExperimentOptions& options);

/// The cells of a plan and how far they are. What is done is in files, so any process can go on.
class Grid {
 public:
  /// Tries every competitor on one batch (check_fit): throws Error for what does not fit, before
  /// anything is trained. `problem` must outlive it.
  Grid(const Problem& problem, GridPlan plan, GridOptions options);

  const GridPlan& plan() const { return plan_; }  ///< as given, or as shortened
  /// All of them: tries rung by rung, then final runs seed by seed, the competitors in turn.
  const std::vector<GridCell>& cells() const { return cells_; }
  /// Fewer epochs and seeds than planned: what --budget comes to. Lists the cells anew.
  void shorten(int epochs, std::size_t seeds);
  /// Cells that run side by side on this many threads: one when a model is large (kLargeModel).
  int jobs(int threads) const;
  /// Of every competitor's options, its name before each.
  std::vector<std::string> warnings() const { return warnings_; }

  /// "la:tau=1 seed 2", "focal try 3", "focal try 3 of round 2".
  std::string name(const GridCell& cell) const;
  /// Whether its files are there and whole; of damaged ones `warn` is told once, and they count as
  /// missing.
  bool done(const GridCell& cell) const;
  /// Whether all cells that decide its configuration are done.
  bool known(const GridCell& cell) const;
  /// Configuration of a cell, with loss, model and optimizer as full text forms; throws Error
  /// unless known().
  CellSpec spec(const GridCell& cell) const;
  /// Its files; throws Error unless known().
  CellFiles files(const GridCell& cell) const;
  /// The result of a cell that is done, read once; valid while the grid lives. Throws Error when it
  /// is missing or damaged.
  const nlohmann::json& result(const GridCell& cell) const;
  /// Of a competitor's tries, all of them done: a line each with its dev score, the last rung
  /// first, the best first in each. Empty without tuning.
  std::vector<std::string> tried(std::size_t competitor) const;

  /// Runs what is not done, beside other processes that do the same; returns when all is done
  /// (true) or `stop` said so (false). Throws the first Error of a cell; the others are saved.
  bool run();
  /// The same for one cell (from 0) and what it depends on, one after the other. Throws Error when
  /// there is no such cell.
  bool run_one(std::size_t index);

  ~Grid();

 private:
  struct State;
  void list_cells();
  const nlohmann::json* find_result(const CellFiles& where, std::string& damage) const;
  bool run_cells(const std::vector<std::size_t>& wanted, int jobs);

  const Problem& problem_;
  GridPlan plan_;
  GridOptions options_;
  std::string data_hash_;
  std::vector<GridCell> cells_;
  std::vector<std::string> warnings_;
  std::int64_t largest_ = 0;
  std::unique_ptr<State> state_;
};

/// The metric of a finished cell on dev, at the fixed rule; none when it diverged, or when the
/// metric is not available.
std::optional<double> dev_score(const nlohmann::json& result, const std::string& metric);

/// The configuration of try `slot` of a competitor: 0 is as written; the others multiply the
/// learning rate by 1/4 … 4 (the same factors for every competitor) and draw the numeric options of
/// the loss that its text form leaves open. See search.cpp for the ranges.
ExperimentOptions try_of(const ExperimentOptions& base, int slot, std::uint64_t seed);

/// Rungs of tries: 0 without tuning, 1 of random tries, floor(log2 tries) + 1 with halving.
int rungs_of(Tuning tuning, int tries);
/// Tries in rung `rung` (from 0): floor(tries / 2^rung), at least 1, with halving; else all.
int slots_of(Tuning tuning, int tries, int rung);
/// Epochs of a try in rung `rung`: floor(epochs / 2^(rungs - 1 - rung)), at least 1; all in the
/// last.
int epochs_of(Tuning tuning, int tries, int rung, int epochs);

}  // namespace tailgrad
