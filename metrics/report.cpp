#include <tailgrad/metrics/report.h>

#include <algorithm>
#include <cmath>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <tailgrad/core/error.h>
#include <tailgrad/core/text_form.h>

namespace tailgrad {
namespace {

using nlohmann::json;

std::optional<double> mean(const std::vector<double>& values) {
  if (values.empty()) return std::nullopt;
  double sum = 0;
  for (const double value : values) sum += value;
  return sum / static_cast<double>(values.size());
}

// An object under construction that says why each of its nulls is null.
class ObjectWithReasons {
 public:
  void set(const char* key, json value) { object_[key] = std::move(value); }
  void set(const char* key, const std::optional<double>& value, std::string_view reason) {
    const bool finite = value && std::isfinite(*value);
    object_[key] = finite ? json(*value) : json(nullptr);
    if (!finite) explain(key, value ? "is infinite: a true class has probability 0" : reason);
  }
  void set_null(const char* key, std::string_view reason) {
    object_[key] = nullptr;
    explain(key, reason);
  }
  json finish() {
    if (!reason_.empty()) object_["reason"] = reason_;
    return std::move(object_);
  }

 private:
  void explain(const char* key, std::string_view reason) {
    if (!reason_.empty()) reason_ += "; ";
    reason_ += fmt::format("{}: {}", key, reason);
  }
  json object_ = json::object();
  std::string reason_;
};

json class_json(const ClassMetrics& row, bool multilabel) {
  ObjectWithReasons out;
  out.set("label", row.label);
  if (row.train_count) {
    out.set("train_count", *row.train_count);
  } else {
    out.set_null("train_count", "no training counts given");
  }
  out.set("support", row.support);
  out.set("precision", row.precision, "the class was never predicted");
  out.set("recall", row.recall, "no evaluated item has the class");
  out.set("f1", row.f1, "the class neither occurs nor was predicted");
  if (multilabel) {
    out.set("balanced_error", row.balanced_error,
            "needs items with the class and items without it");
  }
  return out.finish();
}

void set_scores(ObjectWithReasons& row, const OutcomeCounts& counts, Index type,
                const std::string& suffix) {
  row.set(("predicted" + suffix).c_str(), counts.predicted[static_cast<std::size_t>(type)]);
  row.set(("precision" + suffix).c_str(), precision(counts, type), "no span was predicted");
  row.set(("recall" + suffix).c_str(), recall(counts, type), "there is no span of the type");
  row.set(("f1" + suffix).c_str(), f1(counts, type), "there is no span and none was predicted");
}

void set_sequence(ObjectWithReasons& out, const SequenceScores& scores) {
  const char* no_spans =
      scores.spans ? "there is no such span" : "the tags follow no scheme that spells spans";
  for (const std::string& name : sequence_scalar_metrics()) {
    const bool words = name == "unknown_word_accuracy";
    out.set(name.c_str(), sequence_scalar(scores, name),
            !words                 ? no_spans
            : scores.unknown_words ? "every word occurs in the training data"
                                   : "the words of the training data are not known");
  }
  if (scores.unknown_words) {
    out.set("unknown_words", *scores.unknown_words);
  } else {
    out.set_null("unknown_words", "the words of the training data are not known");
  }
  if (!scores.spans) return out.set_null("per_type", no_spans);
  json rows = json::array();
  for (std::size_t k = 0; k < scores.types.size(); ++k) {
    ObjectWithReasons row;
    row.set("label", scores.types[k]);
    row.set("support", scores.spans->counts.support[k]);
    set_scores(row, scores.spans->counts, static_cast<Index>(k), "");
    if (scores.strict) set_scores(row, scores.strict->counts, static_cast<Index>(k), "_strict");
    rows.push_back(row.finish());
  }
  out.set("per_type", std::move(rows));
}

json groups_json(const GroupScores& groups) {
  json out = json::object();
  for (const Group group : kGroups) {
    const GroupScore& score = groups[static_cast<std::size_t>(group)];
    ObjectWithReasons row;
    row.set("recall", score.recall,
            score.classes == 0 ? "no class belongs to the group"
                               : "no evaluated item has a class of the group");
    row.set("classes", score.classes);
    row.set("scored", score.scored);
    out[std::string(group_name(group))] = row.finish();
  }
  return out;
}

std::vector<std::string> all_scalars() {
  std::vector<std::string> names = scalar_metrics();
  const std::vector<std::string>& more = sequence_scalar_metrics();
  names.insert(names.end(), more.begin(), more.end());
  return names;
}

bool of_sequences(std::string_view name) {
  const std::vector<std::string>& names = sequence_scalar_metrics();
  return std::find(names.begin(), names.end(), name) != names.end();
}

}  // namespace

std::vector<std::string> class_names(std::span<const std::string> names, Index classes) {
  if (!names.empty() && names.size() != static_cast<std::size_t>(classes)) {
    fail("class names",
         fmt::format("needs one for each of the {} classes; got {}", classes, names.size()));
  }
  std::vector<std::string> out(names.begin(), names.end());
  for (Index k = static_cast<Index>(out.size()); k < classes; ++k) out.push_back(std::to_string(k));
  return out;
}

Metrics compute_metrics(const Predictions& predictions, const MetricsContext& context) {
  const OutcomeCounts counts =
      count_classes(predictions.labels, predictions.predicted, predictions.classes);
  Metrics out;
  out.n = counts.items;
  out.has_probabilities = predictions.has_probabilities();
  out.accuracy = accuracy(counts);
  out.balanced_error = balanced_error(counts);
  out.macro_f1 = macro_f1(counts);
  out.micro_f1 = micro_f1(counts);
  out.loss = mean(predictions.nll);
  out.brier = mean(predictions.brier);
  if (!predictions.confidence.empty()) {
    std::vector<std::uint8_t> came_true(predictions.size());
    for (std::size_t i = 0; i < predictions.size(); ++i) {
      came_true[i] = predictions.labels[i] == predictions.predicted[i];
    }
    out.reliability = reliability_bins(predictions.confidence, came_true, context.calibration_bins);
    out.ece = expected_calibration_error(out.reliability);
  }
  const std::vector<std::string> names = class_names(context.names, predictions.classes);
  if (!context.train_counts.empty()) {
    out.groups = score_groups(counts, context.train_counts, context.groups);
  }
  for (Index k = 0; k < predictions.classes; ++k) {
    const std::size_t c = static_cast<std::size_t>(k);
    ClassMetrics row{.label = names[c],
                     .support = counts.support[c],
                     .predicted = counts.predicted[c],
                     .precision = precision(counts, k),
                     .recall = recall(counts, k),
                     .f1 = f1(counts, k)};
    if (!context.train_counts.empty()) row.train_count = context.train_counts[c];
    out.per_class.push_back(std::move(row));
  }
  return out;
}

Metrics compute_metrics(const SequencePredictions& predictions, const MetricsContext& context) {
  Metrics out = compute_metrics(predictions.tokens, context);
  out.sequence = score_sequences(predictions);
  return out;
}

json metrics_json(const Metrics& metrics) {
  const char* empty = "no evaluated item";
  const char* no_class = metrics.n == 0 ? empty : "no class occurs or was predicted";
  const char* no_recall = metrics.n == 0       ? empty
                          : metrics.multilabel ? "no class has items with and items without it"
                                               : "no class occurs";
  const char* no_probability =
      metrics.n == 0 ? empty : "only predicted classes are known, no logits or probabilities";
  ObjectWithReasons out;
  out.set("n", metrics.n);
  out.set("accuracy", metrics.accuracy, empty);
  out.set("balanced_error", metrics.balanced_error, no_recall);
  out.set("macro_f1", metrics.macro_f1, no_class);
  out.set("micro_f1", metrics.micro_f1, no_class);
  out.set("loss", metrics.loss, no_probability);
  out.set("ece", metrics.ece, no_probability);
  out.set("brier", metrics.brier, no_probability);
  json rows = json::array();
  for (const ClassMetrics& row : metrics.per_class) {
    rows.push_back(class_json(row, metrics.multilabel));
  }
  out.set("per_class", std::move(rows));
  if (metrics.groups) {
    out.set("groups", groups_json(*metrics.groups));
  } else {
    out.set_null("groups", "no training counts given");
  }
  if (metrics.sequence) set_sequence(out, *metrics.sequence);
  return out.finish();
}

const std::vector<std::string>& scalar_metrics() {
  static const std::vector<std::string> names = {
      "accuracy", "balanced_error", "macro_f1",    "micro_f1",      "loss",
      "ece",      "brier",          "recall_many", "recall_medium", "recall_few"};
  return names;
}

std::optional<double> scalar_metric(const Metrics& metrics, std::string_view name) {
  if (name == "accuracy") return metrics.accuracy;
  if (name == "balanced_error") return metrics.balanced_error;
  if (name == "macro_f1") return metrics.macro_f1;
  if (name == "micro_f1") return metrics.micro_f1;
  if (name == "loss") return metrics.loss;
  if (name == "ece") return metrics.ece;
  if (name == "brier") return metrics.brier;
  for (const Group group : kGroups) {
    if (name == fmt::format("recall_{}", group_name(group))) {
      if (!metrics.groups) return std::nullopt;
      return (*metrics.groups)[static_cast<std::size_t>(group)].recall;
    }
  }
  if (of_sequences(name)) {
    return metrics.sequence ? sequence_scalar(*metrics.sequence, name) : std::nullopt;
  }
  fail_unknown_name("metric", name, all_scalars());
}

bool higher_is_better(std::string_view name) {
  const std::vector<std::string> known = all_scalars();
  if (std::find(known.begin(), known.end(), name) == known.end()) {
    fail_unknown_name("metric", name, known);
  }
  return name != "balanced_error" && name != "loss" && name != "ece" && name != "brier";
}

}  // namespace tailgrad
