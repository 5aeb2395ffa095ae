// One training run from a prepared problem to its result: what `train` does once and `compare`
// often.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include <tailgrad/models/saved_model.h>
#include <tailgrad/models/trainer.h>
#include <tailgrad/study/judgement.h>
#include <tailgrad/study/problem.h>
#include <tailgrad/study/train_report.h>

namespace tailgrad {

/// A configuration: all of a run but its data.
struct ExperimentOptions {
  std::string model = "transformer";  ///< text form
  std::string loss = "ce";            ///< text form
  /// First values of the last layer's bias: "default" (the layer's own) or "log-prior": training
  /// then starts at the class frequencies instead of learning them first.
  std::string output_bias = "default";
  TrainerOptions training = {};  ///< optimiser, schedule, sampler, epochs, seed, …
};

/// One run. Made from options, run (perhaps in several sittings), then asked for its result.
class Experiment {
 public:
  /// `problem` must outlive it. Throws Error for options that do not fit.
  Experiment(const Problem& problem, ExperimentOptions options);

  Trainer& trainer() { return *trainer_; }        ///< runs, saves and goes on
  const Model& model() const { return *model_; }  ///< as trained so far; see finish()
  const ExperimentOptions& options() const { return options_; }  ///< loss and model made canonical
  /// What the loss makes of the class counts, and imbalance that is corrected twice.
  const std::vector<std::string>& warnings() const { return warnings_; }

  /// What the model said of a split (see predict), judged, after `rule` when there is one. Tagged
  /// sentences are judged as they were decoded, without a rule.
  Judgement judge_split(const Examples& split, const Outputs& outputs,
                        const Adjustment* rule = nullptr) const;
  /// See tune_rule; `outputs` of dev.
  std::optional<Adjustment> tune_rule_on_dev(const Outputs& outputs, std::string_view metric) const;

  /// After the last epoch: takes the weights of the best one and judges them on dev and test.
  /// {data, parameters, weights_hash, seconds, epochs, best_epoch, dev, test}; see cli.md.
  nlohmann::ordered_json finish();
  /// The most frequent confusions on test, or on dev without test; after finish().
  const std::vector<Mistake>& mistakes() const { return mistakes_; }
  /// What save_model needs; after finish().
  ModelDescription description() const;
  /// Training counts and names of the classes; valid while this and the problem live.
  MetricsContext context() const;

 private:
  const Problem& problem_;
  ExperimentOptions options_;
  std::vector<std::int64_t> counts_;
  std::unique_ptr<Loss> loss_;
  std::unique_ptr<Model> model_;
  std::unique_ptr<Trainer> trainer_;
  std::vector<std::string> warnings_;
  std::vector<Mistake> mistakes_;
};

}  // namespace tailgrad
