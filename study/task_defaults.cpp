#include <tailgrad/study/task_defaults.h>

#include <algorithm>

#include <tailgrad/core/text_form.h>

namespace tailgrad {

void set_task_defaults(const std::string& task, const Given& given, ProblemOptions& problem,
                       ExperimentOptions& experiment) {
  if (task == "table" && !given("model")) experiment.model = "mlp";
  if (task == "multilabel" && !given("loss")) experiment.loss = "bce";
  const auto set = [&given](std::string_view option, auto& value, auto fallback) {
    if (!given(option)) value = fallback;
  };
  TrainerOptions& training = experiment.training;
  if (task == "image") {
    set("model", experiment.model, "cnn");
    set("optimizer", training.optimizer, "sgd:lr=0.1,momentum=0.9,weight_decay=1e-4");
    set("schedule", training.schedule, "cosine:warmup=0.05");
    set("epochs", training.epochs, 20);
    set("batch-tokens", training.batch_tokens, 128);
    // Batch norm takes its moments over a shard; its ops run on all threads by themselves.
    set("shards", training.shards, 1);
    set("clip-norm", training.clip_norm, 0.0);
  }
  if (task != "tags") return;
  set("model", experiment.model, "bilstm-crf");
  const bool crf = parse_text_form(experiment.model).name.ends_with("-crf");
  set("loss", experiment.loss, crf ? "crf" : "ce");
  set("optimizer", training.optimizer, "adam:lr=3e-3");
  set("schedule", training.schedule, "linear:warmup=0.05");
  set("epochs", training.epochs, 12);
  set("batch-tokens", training.batch_tokens, 256);
  set("shards", training.shards, 2);
  set("clip-norm", training.clip_norm, 5.0);
  set("max-tokens", problem.sentences.max_tokens, 512);
  set("min-count", problem.sentences.words.min_count, 1);
}

std::string set_data_defaults(const Problem& problem, const Given& given,
                              ExperimentOptions& experiment) {
  if (given("select") || !problem.has_spans()) return "";
  const auto is_span = [&](Index tag) {
    return tag != kIgnoredLabel && problem.tags->type(tag) >= 0;
  };
  if (std::ranges::any_of(problem.dev.classes, is_span)) {
    experiment.training.select = "span_f1";
    return "";
  }
  experiment.training.select = "accuracy";
  return "the development data have no span: the epoch is chosen by accuracy (--select)";
}

}  // namespace tailgrad
