// Training runs inside studies: data by name, one run, and what was seen on the way.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include <tailgrad/study/experiment.h>
#include <tailgrad/study/studies/study.h>

namespace tailgrad {

/// What the last layer's bias does in training.
enum class BiasRule : std::uint8_t {
  free,       ///< as the model has it
  none,       ///< held at 0
  log_prior,  ///< begins at the log of the class frequencies
  decayed     ///< shrunk by `bias_decay` in every step
};

struct RunOptions {
  std::string data = "wordnet";  ///< see study_problem
  ExperimentOptions experiment = {};
  BiasRule bias = BiasRule::free;
  double bias_decay = 0;  ///< of BiasRule::decayed: the bias is multiplied by 1 minus this
};

/// The problem of that name, read once: "wordnet" (its glosses in 45 classes), "wordnet/N" (the
/// same with every N-th training item), "clusters" (made here: 20 clusters in 16 dimensions, 1000
/// down to 10 training items a class), a form of long-tailed images, or "ud-xpos=FOLDER" (tags of
/// words, column XPOS of the three files of a Universal Dependencies folder).
const Problem& study_problem(const StudyContext& context, const std::string& name);

/// One trained model with its last weights.
struct TrainedRun {
  const Problem* problem = nullptr;
  std::unique_ptr<Experiment> experiment = {};
  bool diverged = false;
  std::string divergence = {};
};

/// Trains; `after_epoch` (of the model as it is then, epoch from 0 before the first) may look.
/// Throws StudyStopped when the user wants to stop.
TrainedRun train_run(const RunOptions& options, const StudyContext& context,
                     const std::function<void(int epoch, const Experiment&)>& after_epoch = {});

/// Logits of a split as double, without the items that do not count.
struct ScoredSplit {
  std::vector<double> logits = {};  ///< [items, classes]
  std::vector<Index> labels = {};
  Index classes = 0;
  std::size_t size() const { return labels.size(); }
};
ScoredSplit score_split(const Experiment& experiment, const Examples& split);

/// Share of wrong items, class by class, of argmax scale_k z_k + offset_k (empty: 1 and 0); NaN for
/// a class without items.
std::vector<double> class_errors(const ScoredSplit& split, const std::vector<double>& scale = {},
                                 const std::vector<double>& offset = {});
/// Mean of class_errors over the classes that occur.
double balanced_error_of(const ScoredSplit& split, const std::vector<double>& scale = {},
                         const std::vector<double>& offset = {});
/// [classes] -tau log prior, for `offset` above.
std::vector<double> la_offset(const Problem& problem, double tau);
/// tau that la:tau=tuned finds on a split, for the balanced error.
double tuned_tau(const Problem& problem, const ScoredSplit& split);
/// Expected calibration error (15 bins), and the temperature of least log loss.
double ece_of(const ScoredSplit& split);
double temperature_of(const ScoredSplit& split);

/// Lengths of the rows of the last layer's weight, and its bias.
std::vector<double> output_norms(const Experiment& experiment);
std::vector<double> output_biases(const Experiment& experiment);

std::string bias_name(BiasRule rule);
BiasRule read_bias(const std::string& name);
/// The options of a run as a cell's config, and back.
nlohmann::json run_json(const RunOptions& options);
RunOptions read_run(const nlohmann::json& json);

}  // namespace tailgrad
