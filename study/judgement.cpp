#include <tailgrad/study/judgement.h>

#include <array>

#include <nlohmann/json.hpp>

#include <tailgrad/losses/loss.h>
#include <tailgrad/metrics/multilabel.h>

namespace tailgrad {
namespace {

constexpr std::size_t kMistakesShown = 20;

Judgement judge_classes(const Examples& split, std::span<const double> logits,
                        const MetricsContext& context) {
  const Predictions predictions =
      predictions_from_logits(logits, split.classes, split.class_count, kIgnoredLabel);
  const Metrics metrics = compute_metrics(predictions, context);
  Judgement out{.metrics = metrics_json(metrics).dump(), .reliability = metrics.reliability};
  out.mistakes = largest_mistakes(predictions.labels, predictions.predicted, split.class_count,
                                  kMistakesShown);
  out.outcomes.items.classes = split.class_count;
  std::size_t at = 0;  // in the predictions, which leave ignored items out
  for (const Index label : split.classes) {
    if (label != kIgnoredLabel) {
      out.outcomes.items.add_answer(label, predictions.predicted[at]);
      ++at;
    }
    out.outcomes.items.end_unit();
  }
  return out;
}

Judgement judge_marks(const Examples& split, std::span<const double> logits,
                      const MetricsContext& context) {
  const MultilabelPredictions predictions =
      multilabel_from_logits(logits, split.marks, split.class_count);
  const Metrics metrics = compute_metrics(predictions, context);
  Judgement out{.metrics = metrics_json(metrics).dump(), .reliability = metrics.reliability};
  out.outcomes.multilabel = true;
  OutcomeTable& table = out.outcomes.items;
  table.classes = split.class_count;
  const auto classes = static_cast<std::size_t>(split.class_count);
  for (std::size_t item = 0; item < predictions.items; ++item) {
    for (std::size_t k = 0; k < classes; ++k) {
      const bool target = predictions.targets[item * classes + k] != 0;
      const bool predicted = predictions.predicted[item * classes + k] != 0;
      if (target || predicted)
        table.add({.k = static_cast<std::int32_t>(k),
                   .support = target,
                   .predicted = predicted,
                   .correct = target && predicted});
    }
    table.end_unit();
  }
  return out;
}

}  // namespace

Judgement judge(const Examples& split, std::span<const Real> logits, const MetricsContext& context,
                const Adjustment* rule) {
  std::vector<double> values(logits.begin(), logits.end());
  if (rule != nullptr) values = apply_adjustment(*rule, values);
  return split.marks.empty() ? judge_classes(split, values, context)
                             : judge_marks(split, values, context);
}

std::optional<Adjustment> tune_rule(const Examples& dev, std::span<const Real> logits,
                                    std::span<const std::int64_t> train_counts,
                                    std::string_view metric) {
  const std::vector<double> values(logits.begin(), logits.end());
  AdjustmentData data{.classes = dev.class_count,
                      .logits = values,
                      .train_counts = train_counts,
                      .metric = std::string(metric)};
  if (!dev.marks.empty()) {
    data.targets = dev.marks;
    // The thresholds of each class are chosen for its own F1 or error, whatever sums them up.
    if (metric != "balanced_error") data.metric = "macro_f1";
    return fit_adjustment("threshold", data);
  }
  data.labels = dev.classes;
  data.ignored = kIgnoredLabel;
  return fit_adjustment("la:tau=tuned", data);
}

}  // namespace tailgrad
