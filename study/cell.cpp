#include <tailgrad/study/cell.h>

#include <unistd.h>

#include <chrono>

#include <nlohmann/json.hpp>

#include <tailgrad/core/byte_hash.h>
#include <tailgrad/core/checkpoint_files.h>
#include <tailgrad/core/error.h>
#include <tailgrad/core/kernels/gemm.h>
#include <tailgrad/core/parallel.h>
#include <tailgrad/core/version.h>
#include <tailgrad/metrics/posthoc.h>
#include <tailgrad/models/predict.h>
#include <tailgrad/nn/weights.h>
#include <tailgrad/study/report/reliability.h>
#include <tailgrad/study/sealed_json.h>

namespace tailgrad {
namespace {

using nlohmann::json;
using Clock = std::chrono::steady_clock;

// Raised when the meaning of a cell's files changes: old cells are then computed again.
constexpr int kFormat = 1;

json config_json(const CellSpec& spec) {
  const TrainerOptions& training = spec.experiment.training;
  return {{"loss", spec.experiment.loss},
          {"model", spec.experiment.model},
          {"output_bias", spec.experiment.output_bias},
          {"optimizer", training.optimizer},
          {"schedule", training.schedule},
          {"sampler", training.sampler},
          {"epochs", training.epochs},
          {"batch_tokens", training.batch_tokens},
          {"shards", training.shards},
          {"clip_norm", training.clip_norm},
          {"select", training.select},
          {"seed", training.seed},
          {"metric", spec.metric},
          {"judge_test", spec.judge_test}};
}

std::string batches_hash(const Trainer& trainer) {
  const Batches batches = trainer.epoch_batches(0);
  ByteHash hash;
  update_sized(hash, batches.items);
  update_sized(hash, batches.offsets);
  return hex64(hash.value());
}

json history_json(const std::vector<EpochRecord>& history) {
  json lines = json::array();
  for (const EpochRecord& record : history)
    lines.push_back({{"epoch", record.epoch},
                     {"train_loss", record.train_loss},
                     {"dev", record.dev},
                     {"best", record.best}});
  return lines;
}

// |w_k| and the bias of every class.
void add_output_layer(const Model& model, Index classes, json& result) {
  const Linear& output = model.output();
  std::vector<double> weights(output.weight.values().begin(), output.weight.values().end());
  result["weight_norms"] = row_norms(weights, classes);
  result["biases"] = json::array();
  if (output.bias.defined())
    for (const Real bias : output.bias.values()) result["biases"].push_back(bias);
}

void judge_cell(const Experiment& experiment, const Problem& problem, const CellSpec& spec,
                const CellFiles& files, json& result) {
  const Outputs dev = predict(experiment.model(), problem.dev);
  const std::optional<Adjustment> rule = experiment.tune_rule_on_dev(dev, spec.metric);
  result["recipe"] = rule ? json(rule->recipe) : json(nullptr);
  const auto tuned = [&](const Examples& split, const Outputs& outputs, const Judgement& fixed) {
    return rule ? experiment.judge_split(split, outputs, &*rule) : fixed;
  };
  const Judgement fixed_dev = experiment.judge_split(problem.dev, dev);
  result["dev"] = json::parse(fixed_dev.metrics);
  result["dev_tuned"] = json::parse(tuned(problem.dev, dev, fixed_dev).metrics);
  if (!spec.judge_test) return;
  const Examples& split = problem.has_test() ? problem.test : problem.dev;
  const Outputs outputs = problem.has_test() ? predict(experiment.model(), split) : dev;
  const Judgement fixed = experiment.judge_split(split, outputs);
  const Judgement adjusted = tuned(split, outputs, fixed);
  result["test"] = json::parse(fixed.metrics);
  result["test_tuned"] = json::parse(adjusted.metrics);
  result["reliability"] = reliability_json(fixed.reliability);
  result["reliability_tuned"] = reliability_json(adjusted.reliability);
  add_output_layer(experiment.model(), problem.labels.size(), result);
  write_outcomes(files.outcomes(), fixed.outcomes, adjusted.outcomes);
}

std::string host_name() {
  char name[256] = {};
  return ::gethostname(name, sizeof name - 1) == 0 ? name : "unknown";
}

// An experiment that goes on where an earlier worker stopped, if it left a checkpoint that fits.
std::unique_ptr<Experiment> experiment_of(const Problem& problem, const CellSpec& spec,
                                          CheckpointFiles& checkpoints, const Warn& warn,
                                          json& result) {
  auto experiment = std::make_unique<Experiment>(problem, spec.experiment);
  result["parameters"] = experiment->model().parameter_count();
  result["first_weights_hash"] = weights_hash(experiment->model());
  result["batches_hash"] = batches_hash(experiment->trainer());
  const auto say = [&warn](const std::string& text) {
    if (warn) warn(text);
  };
  try {
    experiment->trainer().load(checkpoints);
    for (const std::string& damage : checkpoints.passed_over())
      say(damage + "; going on from " + checkpoints.newest() + ", the checkpoint before it");
  } catch (const Error& error) {
    say(std::string(error.what()) + "; this cell starts anew");
    experiment = std::make_unique<Experiment>(problem, spec.experiment);
  }
  return experiment;
}

}  // namespace

std::string hash_of(const Problem& problem) {
  ByteHash hash;
  const auto add_text = [&hash](const std::string& text) {
    const std::uint64_t size = text.size();
    hash.update(std::as_bytes(std::span(&size, 1)));
    hash.update(text);
  };
  add_text(problem.task);
  for (const std::string& label : problem.labels.names()) add_text(label);
  std::visit([&](const auto& encoding) { add_text(encoding.json().dump()); }, problem.encoding);
  if (problem.vectors) {
    for (const std::string& word : problem.vectors->words) add_text(word);
    update_sized(hash, problem.vectors->values);
  }
  json data = problem.json();
  data.erase("notes");
  data.erase("warnings");  // these name files: the same data under another path are the same
  add_text(data.dump());
  for (const Examples* split : {&problem.train, &problem.dev, &problem.test})
    update_hash(hash, *split);
  return hex64(hash.value());
}

std::string cell_id(const CellSpec& spec, std::string_view data_hash) {
  const json all = {{"format", kFormat},
                    {"version", kVersion},
                    {"data", data_hash},
                    {"config", config_json(spec)}};
  ByteHash hash;
  hash.update(all.dump());
  return hex64(hash.value());
}

std::optional<json> read_cell(const CellFiles& files, std::string& damage) {
  damage.clear();
  try {
    std::optional<json> result = read_sealed_json(files.result());
    if (!result) return std::nullopt;
    if (!result->contains("id") || result->at("id") != files.id)
      fail_at(files.result(), 0, 0, "is damaged: it is of another cell");
    if (result->contains("test")) Safetensors::read(files.outcomes());
    return result;
  } catch (const Error& error) {
    damage = error.what();
    return std::nullopt;
  }
}

json scalars_of(const json& metrics) {
  json out = json::object();
  for (const auto& [key, value] : metrics.items())
    if (key != "n" && (value.is_number() || value.is_null())) out[key] = value;
  out.erase("groups");
  const auto groups = metrics.find("groups");
  if (groups != metrics.end() && groups->is_object())
    for (const auto& [group, score] : groups->items())
      if (score.is_object() && score.contains("recall")) out["recall_" + group] = score["recall"];
  return out;
}

std::optional<double> scalar_of(const json& metrics, const std::string& name) {
  const json scalars = scalars_of(metrics);
  const auto found = scalars.find(name);
  return found != scalars.end() && found->is_number() ? std::optional(found->get<double>())
                                                      : std::nullopt;
}

bool run_cell(const Problem& problem, const CellSpec& spec, const CellFiles& files,
              const CellWatcher& watcher) {
  json result = {{"id", files.id}, {"config", config_json(spec)}, {"diverged", false}};
  CheckpointFiles checkpoints(files.checkpoints());
  const std::unique_ptr<Experiment> experiment =
      experiment_of(problem, spec, checkpoints, watcher.warn, result);
  Trainer& trainer = experiment->trainer();
  Clock::time_point saved = Clock::now();
  const auto after_step = [&](const TrainProgress& now) {
    const bool go_on = !watcher.after_step || watcher.after_step(now);
    const double since = std::chrono::duration<double>(Clock::now() - saved).count();
    if (!go_on || since >= watcher.checkpoint_seconds) {
      trainer.save(checkpoints);
      saved = Clock::now();
    }
    return go_on;
  };
  try {
    if (!trainer.run({.after_step = after_step})) return false;
    trainer.use_best_weights();
    result["weights_hash"] = weights_hash(experiment->model());
    result["best_epoch"] = trainer.best_epoch();
    judge_cell(*experiment, problem, spec, files, result);
  } catch (const Diverged& error) {
    result["diverged"] = true;
    result["diverged_step"] = error.step;
    result["divergence"] = error.what();
  }
  result["history"] = history_json(trainer.history());
  double seconds = 0;
  for (const EpochRecord& record : trainer.history()) seconds += record.seconds;
  result["seconds"] = seconds;
  result["host"] = host_name();
  result["threads"] = threads();
  result["blas_kernel"] = blas_kernel_name();
  write_sealed_json(files.result(), std::move(result));
  checkpoints.remove();
  return true;
}

}  // namespace tailgrad
