#include <tailgrad/study/judgement.h>

#include <array>

#include <nlohmann/json.hpp>

#include <tailgrad/losses/loss.h>
#include <tailgrad/metrics/multilabel.h>
#include <tailgrad/models/tag_judgement.h>

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

SequencePredictions predicted_sentences(const Examples& split, std::span<const Index> classes,
                                        const TagSet& tags, const SentenceEncoding& encoding) {
  return judge_tags(tags, predictions_from_classes(classes, split.classes, split.class_count),
                    split.sentences.sentence_offsets(), encoding.unknown_words(split.sentences));
}

// Spans that are exact, sentence by sentence: as conlleval reads them.
void add_spans(const SequencePredictions& sentences, OutcomeTable& table) {
  const std::vector<TokenSpan>& gold = sentences.spans->gold;
  const std::vector<TokenSpan>& predicted = sentences.spans->predicted;
  table.classes = static_cast<Index>(sentences.types.size());
  std::size_t g = 0;
  std::size_t p = 0;
  for (std::size_t s = 1; s < sentences.offsets.size(); ++s) {
    const Index end = sentences.offsets[s];
    while ((g < gold.size() && gold[g].begin < end) ||
           (p < predicted.size() && predicted[p].begin < end)) {
      const bool has_gold = g < gold.size() && gold[g].begin < end;
      const bool has_predicted = p < predicted.size() && predicted[p].begin < end;
      if (has_gold && has_predicted && gold[g] == predicted[p]) {
        table.add({.k = gold[g].type, .support = 1, .predicted = 1, .correct = 1});
        ++g;
        ++p;
      } else if (has_gold && (!has_predicted || gold[g] < predicted[p])) {
        table.add({.k = gold[g++].type, .support = 1});
      } else {
        table.add({.k = predicted[p++].type, .predicted = 1});
      }
    }
    table.end_unit();
  }
}

}  // namespace

Metrics sentence_metrics(const Examples& split, std::span<const Index> classes, const TagSet& tags,
                         const SentenceEncoding& encoding, const MetricsContext& context) {
  return compute_metrics(predicted_sentences(split, classes, tags, encoding), context);
}

Judgement judge_sentences(const Examples& split, std::span<const Index> classes, const TagSet& tags,
                          const SentenceEncoding& encoding, const MetricsContext& context) {
  const SequencePredictions sentences = predicted_sentences(split, classes, tags, encoding);
  Judgement out{.metrics = metrics_json(compute_metrics(sentences, context)).dump()};
  out.mistakes = largest_mistakes(split.classes, classes, split.class_count, kMistakesShown);
  OutcomeTable& items = out.outcomes.items;
  items.classes = split.class_count;
  const std::span<const Index> offsets = sentences.offsets;
  for (std::size_t s = 1; s < offsets.size(); ++s) {
    for (auto t = static_cast<std::size_t>(offsets[s - 1]);
         t < static_cast<std::size_t>(offsets[s]); ++t)
      items.add_answer(split.classes[t], classes[t]);
    items.end_unit();
  }
  if (sentences.spans) add_spans(sentences, out.outcomes.spans);
  return out;
}

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
  if (dev.is_tags()) return std::nullopt;  // a rule would have to be part of the decoding
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
