#include <tailgrad/study/experiment.h>

#include <algorithm>

#include <nlohmann/json.hpp>

#include <tailgrad/core/text_form.h>
#include <tailgrad/losses/table.h>
#include <tailgrad/metrics/double_correction.h>
#include <tailgrad/models/model_table.h>
#include <tailgrad/models/predict.h>
#include <tailgrad/models/tagger.h>
#include <tailgrad/nn/weights.h>

namespace tailgrad {
namespace {

// A loss of one class an item cannot read items with several: said before training, not by its
// first batch.
void check_labels(const Loss& loss, const Problem& problem) {
  if (!problem.several_labels()) return;
  const auto width = static_cast<std::size_t>(problem.labels.size());
  const Targets first{.marks = std::span(problem.train.marks).first(width)};
  try {
    loss.normaliser(first, problem.labels.size());
  } catch (const Error&) {
    fail("--loss",
         "'" + loss.text() +
             "' needs exactly one class an item, and in task multilabel an item may have "
             "any number: use bce, asl or another multi-label loss, or mode=sigmoid where "
             "a loss has that option (tailgrad list losses)");
  }
}

// Nor can a loss of whole sequences train a model that has no transitions.
void check_sequences(const Loss& loss, const Model& model, const ExperimentOptions& options,
                     const Problem& problem) {
  if (loss.reads_sequences() && !model.targets(problem.train).transitions.defined())
    fail("--loss", "'" + parse_text_form(options.loss).name +
                       "' is a loss of whole sequences and needs a CRF, which '" +
                       parse_text_form(options.model).name +
                       "' has not: choose a model with one (bilstm-crf in task tags) or a loss of "
                       "single items (tailgrad list losses)");
}

}  // namespace

Experiment::Experiment(const Problem& problem, ExperimentOptions options)
    : problem_(problem), options_(std::move(options)), counts_(problem.counts(problem.train)) {
  const ClassCounts counts = problem.class_counts();
  warnings_ = counts.warnings();
  loss_ = make_loss(options_.loss, counts);
  check_labels(*loss_, problem);
  options_.loss = loss_->text();
  options_.model = model_text(options_.model);
  model_ = build_model(options_.model, problem.task, problem.encoding, problem.labels,
                       options_.training.seed);
  check_sequences(*loss_, *model_, options_, problem);
  if (problem.vectors)
    dynamic_cast<Tagger&>(*model_).set_word_vectors(
        std::get<SentenceEncoding>(problem.encoding).words().words(), *problem.vectors);
  if (options_.output_bias == "log-prior") {
    if (!model_->output().bias.defined())
      fail("--output-bias",
           "log-prior needs a bias, and the last layer of '" + options_.model + "' has none");
    std::ranges::copy(problem.first_biases(), model_->output().bias.mutable_data());
  } else if (options_.output_bias != "default") {
    fail("--output-bias", "unknown: '" + options_.output_bias + "'; known: default, log-prior");
  }
  for (const std::string& warning : loss_->warnings()) warnings_.push_back(warning);
  for (const std::string& warning :
       double_corrections({.loss = options_.loss, .sampler = options_.training.sampler}))
    warnings_.push_back(warning);
  Judge judge;
  if (problem.tags)
    judge = [this](const Examples& split, const Outputs& outputs) {
      return sentence_metrics(split, outputs.classes, *problem_.tags,
                              std::get<SentenceEncoding>(problem_.encoding), context());
    };
  trainer_ = std::make_unique<Trainer>(*model_, *loss_, problem.train, problem.dev, context(),
                                       options_.training, std::move(judge));
}

MetricsContext Experiment::context() const {
  return {.train_counts = counts_, .names = problem_.labels.names()};
}

Judgement Experiment::judge_split(const Examples& split, const Outputs& outputs,
                                  const Adjustment* rule) const {
  if (problem_.tags)
    return judge_sentences(split, outputs.classes, *problem_.tags,
                           std::get<SentenceEncoding>(problem_.encoding), context());
  return judge(split, outputs.logits, context(), rule);
}

std::optional<Adjustment> Experiment::tune_rule_on_dev(const Outputs& outputs,
                                                       std::string_view metric) const {
  return tune_rule(problem_.dev, outputs.logits, counts_, metric);
}

nlohmann::ordered_json Experiment::finish() {
  trainer_->use_best_weights();
  double seconds = 0;
  for (const EpochRecord& record : trainer_->history()) seconds += record.seconds;
  const auto judged = [&](const Examples& split) {
    const Judgement judgement = judge_split(split, predict(*model_, split));
    mistakes_.clear();
    for (const ConfusionCell& cell : judgement.mistakes)
      mistakes_.push_back({.truth = problem_.labels.name(cell.truth),
                           .predicted = problem_.labels.name(cell.predicted),
                           .count = cell.count});
    return nlohmann::json::parse(judgement.metrics);
  };
  nlohmann::ordered_json result = {{"data", problem_.json()},
                                   {"parameters", model_->parameter_count()},
                                   {"weights_hash", weights_hash(*model_)},
                                   {"seconds", seconds},
                                   {"epochs", trainer_->history().size()},
                                   {"best_epoch", trainer_->best_epoch()},
                                   {"dev", judged(problem_.dev)}};
  if (problem_.has_test()) {
    result["test"] = judged(problem_.test);
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
