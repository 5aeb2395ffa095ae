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

/// One training run of a study.
struct RunOptions {
  std::string data = "wordnet";       ///< see study_problem
  ExperimentOptions experiment = {};  ///< model, loss, training
  BiasRule bias = BiasRule::free;     ///< needs a last layer with a bias, unless free
  double bias_decay = 0;  ///< of BiasRule::decayed: the bias is multiplied by 1 minus this
};

/// The problem of that name, read once: "wordnet" (its glosses in 45 classes), "wordnet/N" (the
/// same with every N-th training item), "clusters" (made here: 20 clusters in 16 dimensions, 1000
/// down to 10 training items a class), a form of long-tailed images, or "ud-xpos=FOLDER" (tags of
/// words, column XPOS of the three files of a Universal Dependencies folder). Throws Error for
/// another name and for data that cannot be read.
const Problem& study_problem(const StudyContext& context, const std::string& name);

/// One trained model with its last weights.
struct TrainedRun {
  const Problem* problem = nullptr;             ///< of the context's cache
  std::unique_ptr<Experiment> experiment = {};  ///< with the model
  bool diverged = false;                        ///< the loss or a gradient became NaN or infinite
  std::string divergence = {};  ///< where it did: "training diverged at step 12: …"
};

/// Trains to the end or until it diverges; `after_epoch` (of the model as it is then, epoch from 0
/// before the first) may look. Throws StudyStopped when the user wants to stop, Error for options
/// that do not fit.
TrainedRun train_run(const RunOptions& options, const StudyContext& context,
                     const std::function<void(int epoch, const Experiment&)>& after_epoch = {});

/// Logits of a split as double, without the items that do not count.
struct ScoredSplit {
  std::vector<double> logits = {};  ///< [items, classes]
  std::vector<Index> labels = {};   ///< [items] true classes
  Index classes = 0;                ///< columns of the logits
  /// Number of items.
  std::size_t size() const { return labels.size(); }
};
/// Runs the model, as it is now, over a split with one class a row.
ScoredSplit score_split(const Experiment& experiment, const Examples& split);

/// Share of wrong items, class by class, of argmax scale_k z_k + offset_k (empty: 1 and 0); NaN for
/// a class without items.
std::vector<double> class_errors(const ScoredSplit& split, const std::vector<double>& scale = {},
                                 const std::vector<double>& offset = {});
/// Mean of class_errors over the classes that occur.
double balanced_error_of(const ScoredSplit& split, const std::vector<double>& scale = {},
                         const std::vector<double>& offset = {});
/// [classes] -tau log prior, for `offset` above (Menon et al. 2021, eq. 9).
std::vector<double> la_offset(const Problem& problem, double tau);
/// tau that la:tau=tuned finds on a split, for the balanced error.
double tuned_tau(const Problem& problem, const ScoredSplit& split);
/// Expected calibration error in 15 bins (Guo et al. 2017, eq. 3); NaN without items.
double ece_of(const ScoredSplit& split);
/// The temperature T of least log loss of z / T (Guo et al. 2017), between 1/100 and 100.
double temperature_of(const ScoredSplit& split);

/// [classes] Euclidean lengths |w_k| of the rows of the last layer's weight.
std::vector<double> output_norms(const Experiment& experiment);
/// [classes] its bias; empty when it has none.
std::vector<double> output_biases(const Experiment& experiment);

/// "free", "none", "log-prior" or "decayed".
std::string bias_name(BiasRule rule);
/// And back. Throws Error for another name.
BiasRule read_bias(const std::string& name);
/// What studies vary of a run, as a cell's config: data, model, loss, bias, training but `select`
/// and `shards`.
nlohmann::json run_json(const RunOptions& options);
/// And back: epochs are chosen by balanced error, with two shards, one for long-tailed images
/// (batch norm). Throws nlohmann's exception when something is missing.
RunOptions read_run(const nlohmann::json& json);

}  // namespace tailgrad
