// A trained model's logits on one split, judged: the metrics object, and the answers unit by unit.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include <tailgrad/core/real.h>
#include <tailgrad/metrics/posthoc.h>
#include <tailgrad/metrics/report.h>
#include <tailgrad/models/examples.h>
#include <tailgrad/models/input_encoding.h>
#include <tailgrad/study/outcomes.h>

namespace tailgrad {

/// All that is kept of a model's answers on a split.
struct Judgement {
  std::string metrics = {};                      ///< metrics_json(), as text
  Outcomes outcomes = {};                        ///< right and wrong, unit by unit
  std::vector<CalibrationBin> reliability = {};  ///< bins of confidence; none of tagged sentences
  std::vector<ConfusionCell> mistakes = {};      ///< the 20 most frequent; none of marks
};

/// Judges `logits` [items, classes] of `split`, after `rule` when there is one, by what the split
/// has: classes (one label an item) or marks (any number). Throws Error for logits that do not fit
/// or are not finite.
Judgement judge(const Examples& split, std::span<const Real> logits, const MetricsContext& context,
                const Adjustment* rule = nullptr);

/// The same of tagged sentences: `classes` [tokens] are what the model decoded. A unit of the
/// outcomes is a sentence. `encoding` knows which words are unknown.
Judgement judge_sentences(const Examples& split, std::span<const Index> classes, const TagSet& tags,
                          const SentenceEncoding& encoding, const MetricsContext& context);
/// The metrics of judge_sentences alone.
Metrics sentence_metrics(const Examples& split, std::span<const Index> classes, const TagSet& tags,
                         const SentenceEncoding& encoding, const MetricsContext& context);

/// The rule that is best on `dev` by `metric`: one number tau for all classes of single labels
/// (la:tau=tuned, Menon et al. 2021, eq. 9), a threshold a class for marks (see fit_adjustment).
/// None for tagged sentences. `logits` [items, classes] of dev, `train_counts` [classes].
std::optional<Adjustment> tune_rule(const Examples& dev, std::span<const Real> logits,
                                    std::span<const std::int64_t> train_counts,
                                    std::string_view metric);

}  // namespace tailgrad
