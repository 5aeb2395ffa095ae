#include <tailgrad/study/experiment.h>

#include <algorithm>

#include <nlohmann/json.hpp>

#include <tailgrad/core/byte_hash.h>
#include <tailgrad/losses/table.h>
#include <tailgrad/metrics/confusion.h>
#include <tailgrad/metrics/double_correction.h>
#include <tailgrad/metrics/report.h>
#include <tailgrad/models/model_table.h>
#include <tailgrad/models/predict.h>
#include <tailgrad/nn/weights.h>

namespace tailgrad {

namespace {
constexpr std::size_t kMistakesShown = 20;
}

Experiment::Experiment(const Problem& problem, ExperimentOptions options)
    : problem_(problem), options_(std::move(options)), counts_(problem.counts(problem.train)) {
  const ClassCounts counts = problem.class_counts();
  warnings_ = counts.warnings();
  loss_ = make_loss(options_.loss, counts);
  options_.loss = loss_->text();
  options_.model = model_text(options_.model);
  model_ = build_model(options_.model, problem.task, problem.encoding, problem.labels.size(),
                       options_.training.seed);
  if (options_.output_bias == "log-prior") {
    std::ranges::copy(counts.log_prior(), model_->output().bias.mutable_data());
  } else if (options_.output_bias != "default") {
    fail("--output-bias", "unknown: '" + options_.output_bias + "'; known: default, log-prior");
  }
  for (const std::string& warning : loss_->warnings()) warnings_.push_back(warning);
  for (const std::string& warning :
       double_corrections({.loss = options_.loss, .sampler = options_.training.sampler}))
    warnings_.push_back(warning);
  trainer_ = std::make_unique<Trainer>(*model_, *loss_, problem.train, problem.dev, context(),
                                       options_.training);
}

MetricsContext Experiment::context() const {
  return {.train_counts = counts_, .names = problem_.labels.names()};
}

nlohmann::ordered_json Experiment::finish() {
  trainer_->use_best_weights();
  double seconds = 0;
  for (const EpochRecord& record : trainer_->history()) seconds += record.seconds;
  const auto judge = [&](const Examples& split) {
    const std::vector<Real> logits = predict_logits(*model_, split);
    const Predictions predictions =
        predictions_from_logits(std::span<const Real>(logits), split.classes, split.class_count);
    mistakes_.clear();
    for (const ConfusionCell& cell : largest_mistakes(predictions.labels, predictions.predicted,
                                                      split.class_count, kMistakesShown))
      mistakes_.push_back({.truth = problem_.labels.name(cell.truth),
                           .predicted = problem_.labels.name(cell.predicted),
                           .count = cell.count});
    return metrics_json(compute_metrics(predictions, context()));
  };
  nlohmann::ordered_json result = {{"data", problem_.json()},
                                   {"parameters", model_->parameter_count()},
                                   {"weights_hash", weights_hash(*model_)},
                                   {"seconds", seconds},
                                   {"epochs", trainer_->history().size()},
                                   {"best_epoch", trainer_->best_epoch()},
                                   {"dev", judge(problem_.dev)}};
  if (problem_.has_test()) {
    result["test"] = judge(problem_.test);
  } else {
    result["test"] = nullptr;
    result["reason"] = "test: no test data was given (--test)";
  }
  return result;
}

ModelDescription Experiment::description() const {
  return {.task = problem_.task,
          .model = options_.model,
          .labels = problem_.labels,
          .encoding = problem_.encoding,
          .train_counts = counts_,
          .loss = options_.loss};
}

}  // namespace tailgrad
