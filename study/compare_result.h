// All that a comparison found out: what result.json holds and what the report draws.
//
// Every number here is the same for every run of the same comparison, interrupted or not, on any
// number of threads. What differs from run to run (times, threads, machine) is in CompareTimings.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include <tailgrad/metrics/calibration.h>
#include <tailgrad/study/statistics.h>

namespace tailgrad {

/// A metric's name to its summary over seeds: those of the metrics object that are one number, and
/// recall_many, recall_medium, recall_few.
using Summaries = std::map<std::string, Summary>;

/// One epoch of one run.
struct CurvePoint {
  int epoch = 0;                           ///< from 1
  double train_loss = 0;                   ///< of the run's own loss: not comparable between losses
  std::map<std::string, double> dev = {};  ///< metric to value
  bool best = false;                       ///< the best epoch so far
};

/// One seed of one row.
struct SeedRun {
  std::uint64_t seed = 0;               ///< of first weights, order, dropout and random losses
  std::string cell = {};                ///< id of its cell: the file OUT/cells/ID.json
  bool diverged = false;                ///< the loss or a gradient became NaN or infinite
  std::uint64_t diverged_step = 0;      ///< the update at which it did, from 1
  std::string divergence = {};          ///< "training diverged at step 12: …"
  std::vector<CurvePoint> curve = {};   ///< up to the divergence
  int best_epoch = 0;                   ///< from 1, by TrainerOptions::select; 0: it diverged
  std::string weights_hash = {};        ///< of the weights that were judged
  std::string first_weights_hash = {};  ///< before the first update
  std::string batches_hash = {};        ///< of the items of the first epoch's batches, in order
  std::string recipe = {};              ///< the rule tuned on dev: "la:tau=0.7"
};

/// One class, over the seeds of one row, on the data of CompareResult::judged_on.
struct ClassRow {
  std::string label = {};        ///< as in the data
  std::int64_t train_count = 0;  ///< training items (tokens of tagged sentences) of the class
  std::int64_t support = 0;      ///< judged items (tokens) of the class
  Summary recall = {};           ///< right among its items
  Summary precision = {};        ///< right among those taken for it
  Summary f1 = {};               ///< harmonic mean of both, seed by seed
  Summary recall_tuned = {};     ///< recall with the rule tuned on dev
};

/// One competitor: a loss, or a loss with a sampler, optimizer and model of its own.
struct LossRow {
  std::string name = {};        ///< as the user wrote it: "la:tau=1", "ce@class-balanced"
  std::string loss = {};        ///< what trained, full text forms (after tuning)
  std::string sampler = {};     ///< text form as the user wrote it
  std::string optimizer = {};   ///< full text form (after tuning)
  std::string model = {};       ///< full text form
  std::string options = {};     ///< of `train`, that make it: "--loss la --sampler class-balanced"
  std::int64_t parameters = 0;  ///< trained numbers of the model
  Summaries test = {};          ///< fixed rule; of dev where there is no test data
  Summaries test_tuned = {};    ///< the same, rule tuned on dev
  Summaries dev = {};           ///< fixed rule
  int diverged = 0;             ///< how many seeds
  std::vector<SeedRun> runs = {};         ///< one a seed, in their order
  std::vector<ClassRow> per_class = {};   ///< on test, in the order of the labels
  std::vector<double> weight_norms = {};  ///< [classes] |w_k| of the last layer, mean over seeds
  std::vector<double> biases = {};        ///< [classes], mean over seeds; empty: no bias
  std::vector<CalibrationBin> reliability = {};        ///< on test, all seeds together
  std::vector<CalibrationBin> reliability_tuned = {};  ///< the same with the rule tuned on dev
  std::vector<std::string> tried = {};                 ///< with --tune: one line a try, best first
};

/// b against a: positive differences mean a larger metric of b.
struct LossPair {
  std::string a = {};       ///< LossRow::name
  std::string b = {};       ///< LossRow::name
  std::string metric = {};  ///< that of CompareResult::metric
  Comparison numbers = {};  ///< difference, interval, p, effect, smallest detectable difference
  std::optional<double> p_corrected = {};  ///< by holm() over all pairs at this rule
  std::string verdict = {};   ///< "better" (b), "worse", "no detectable difference", "not tested"
  std::string sentence = {};  ///< the verdict for a person, with its numbers
};

/// A finding of the data doctor, or a warning of the readers (a finding alone).
struct DataWarning {
  std::string finding = {};      ///< what is wrong, with the first places
  std::string consequence = {};  ///< what it does to training and scores
  std::string action = {};       ///< what to do about it
};

/// What a comparison found out.
struct CompareResult {
  std::string answer = {};       ///< one sentence
  std::string command = {};      ///< trains and keeps the recommended model: copy and paste
  std::string predict = {};      ///< uses it
  std::string recommended = {};  ///< LossRow::name
  std::string baseline = {};     ///< LossRow::name
  /// LossRow::name of one that may be better than the recommended one: a larger gain that cannot be
  /// told from chance. Empty: there is none.
  std::string undecided = {};
  std::optional<int> seeds_to_decide = {};  ///< that would probably tell; none: more test data
  double matters = 0.005;            ///< a smaller difference is no reason to change the loss
  std::string metric = {};           ///< judged by it
  bool higher_is_better = true;      ///< of that metric
  std::string judged_on = "test";    ///< or "dev" where there is no test data
  std::string task = {};             ///< as in ProblemOptions
  std::vector<LossRow> losses = {};  ///< one a competitor, in their order
  std::vector<LossPair> pairs = {};  ///< fixed rule: each loss against the baseline, the best two
  std::vector<LossPair> pairs_tuned = {};  ///< the same at the rules tuned on dev
  double level = 0.95;                     ///< of all intervals
  std::vector<std::uint64_t> seeds = {};   ///< of every loss: runs of the same seed are paired
  int tries = 0;            ///< of each loss's hyper-parameters on dev; 0: none were tuned
  std::string tuning = {};  ///< "random", "halving" or empty
  std::vector<std::string> labels = {};         ///< names of the classes
  std::vector<std::int64_t> train_counts = {};  ///< [classes] training items (tokens)
  std::vector<std::string> equal = {};     ///< what was held equal, a sentence each, as verified
  std::vector<std::string> notes = {};     ///< held-out split, cut budget, losses left out
  std::vector<DataWarning> warnings = {};  ///< what may be wrong with the data
  std::string config = "{}";               ///< JSON text: every option that has a say in the result
  std::string data = "{}";                 ///< JSON text: Problem::json()
  std::string versions = "{}";             ///< JSON text: version, kernels
};

/// What differs between two runs of the same comparison. Written to timings.json.
struct CompareTimings {
  std::map<std::string, double> seconds = {};  ///< LossRow::name to training seconds, all seeds
  double cell_seconds = 0;                     ///< of all cells, tuning too
  int threads = 0;                             ///< of the program that gathered the result
  int jobs = 0;                                ///< cells that it runs side by side
  std::vector<std::string> hosts = {};  ///< names of the machines that computed cells, sorted
};

/// result.json: {answer, recommended, command, baseline, metric, losses: [{loss, test, test_tuned,
/// dev, diverged, seconds, …}], pairs: [{a, b, metric, difference, low, high, p, p_corrected,
/// verdict, …}], pairs_tuned, …}. `seconds` is null there, with a reason: see timings.json.
nlohmann::ordered_json compare_json(const CompareResult& result);
/// timings.json: {seconds: {NAME: …}, cell_seconds, threads, jobs, hosts}.
nlohmann::ordered_json timings_json(const CompareTimings& timings);

}  // namespace tailgrad
