// One cell of a grid: one complete configuration, trained and judged, as files that are there or
// not.
//
//   FOLDER/ID.json                      the result; whole, it means that the cell is done
//   FOLDER/ID.outcomes.safetensors      the answers of each test unit, written before the result
//   FOLDER/ID.checkpoint-0.safetensors  and -1: while it trains, when that takes long
//   FOLDER/ID.claim                     while a worker has it (claims.h)
//
// ID is a hash of everything that has a say in the result, and of the data.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include <nlohmann/json_fwd.hpp>

#include <tailgrad/study/experiment.h>

namespace tailgrad {

/// What a cell computes. All of it has a say in the cell's id, text forms letter by letter; see
/// Grid::spec.
struct CellSpec {
  ExperimentOptions experiment = {};  ///< with the seed of this run
  std::string metric = "macro_f1";    ///< the rule is tuned on dev for it
  bool judge_test = true;  ///< false: a try of hyper-parameters, which must not see the test data
};

/// Hash of the training, dev and test items, the labels and how they were encoded: what the cells
/// of two grids must share to be the same. Paths have no say.
std::string hash_of(const Problem& problem);

/// Sixteen hexadecimal digits: a hash of spec, data (`data_hash` as from hash_of) and version.
std::string cell_id(const CellSpec& spec, std::string_view data_hash);

/// Where a cell's files are.
struct CellFiles {
  std::string folder;  ///< which must be there
  std::string id;      ///< see cell_id
  /// Of the result, see read_cell.
  std::string result() const { return folder + "/" + id + ".json"; }
  /// Of the answers of each test unit, see write_outcomes.
  std::string outcomes() const { return folder + "/" + id + ".outcomes.safetensors"; }
  /// Of the two checkpoints: the stem, see CheckpointFiles.
  std::string checkpoints() const { return folder + "/" + id + ".checkpoint"; }
  /// Of the claim, see Claims.
  std::string claim() const { return folder + "/" + id + ".claim"; }
};

/// Is told, in a line, of a file that was damaged and of what is done instead.
using Warn = std::function<void(const std::string&)>;

/// What a running cell asks and tells.
struct CellWatcher {
  std::function<bool(const TrainProgress&)> after_step = {};  ///< false: save and stop
  double checkpoint_seconds = 30;  ///< between two checkpoints; 0: one after every step
  Warn warn = {};                  ///< of damaged checkpoints
};

/// Trains the cell, from its checkpoint when there is one, and writes its files. True: done; false:
/// stopped by the watcher with everything saved. A run that diverges is a result. Throws Error when
/// a file cannot be written (what was written before stays) and for options that do not fit.
bool run_cell(const Problem& problem, const CellSpec& spec, const CellFiles& files,
              const CellWatcher& watcher = {});

/// The result of a cell that is done; none otherwise, also when a file of it is torn or damaged:
/// `damage` then says which and how; else it is empty.
///
/// {id, config, diverged, diverged_step, divergence, parameters, first_weights_hash,
/// batches_hash, weights_hash, best_epoch, history, dev, dev_tuned, test, test_tuned, recipe,
/// weight_norms, biases, reliability, reliability_tuned, seconds, host, blas_kernel, threads}. What
/// was judged is there only when the run did not diverge; of test data, norms and reliability only
/// with CellSpec::judge_test. Without test data `test` is of dev.
std::optional<nlohmann::json> read_cell(const CellFiles& files, std::string& damage);

/// The numbers of a metrics object that are one number each, with recall_many, recall_medium and
/// recall_few: name to value, null where there is none.
nlohmann::json scalars_of(const nlohmann::json& metrics);
/// One of them by its name; none when it is not available.
std::optional<double> scalar_of(const nlohmann::json& metrics, const std::string& name);

}  // namespace tailgrad
