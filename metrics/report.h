// The metrics object: every number about one evaluation, for people and for programs.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include <tailgrad/metrics/calibration.h>
#include <tailgrad/metrics/groups.h>
#include <tailgrad/metrics/predictions.h>
#include <tailgrad/metrics/sequence_metrics.h>

namespace tailgrad {

/// The numbers of one class; what has no denominator is std::nullopt.
struct ClassMetrics {
  std::string label = {};                        ///< name of the class
  std::optional<std::int64_t> train_count = {};  ///< items in the training data, if known
  std::int64_t support = 0;                      ///< items of this class
  std::int64_t predicted = 0;                    ///< items predicted as this class
  std::optional<double> precision = {};          ///< right among those predicted as it
  std::optional<double> recall = {};             ///< right among its items
  std::optional<double> f1 = {};                 ///< 2 right / (support + predicted)
  std::optional<double> balanced_error = {};     ///< multi-label only: 1 - (TPR + TNR) / 2
};

/// See confusion.h, calibration.h and groups.h for each number's definition.
struct Metrics {
  bool multilabel = false;                    ///< any number of classes an item
  bool has_probabilities = false;             ///< loss, ECE and Brier could be computed
  std::int64_t n = 0;                         ///< evaluated items
  std::optional<double> accuracy = {};        ///< multi-label: share of items right in every class
  std::optional<double> balanced_error = {};  ///< in [0, 1]
  std::optional<double> macro_f1 = {};        ///< mean over the classes
  std::optional<double> micro_f1 = {};        ///< of all classes' counts together
  std::optional<double> loss = {};            ///< mean negative log-likelihood in nats
  std::optional<double> ece = {};             ///< expected calibration error, in [0, 1]
  std::optional<double> brier = {};           ///< mean Brier score, in [0, 2]
  std::vector<ClassMetrics> per_class = {};   ///< [classes]
  std::optional<GroupScores> groups = {};     ///< none without training counts
  std::vector<CalibrationBin> reliability = {};  ///< bins of the calibration curve
  std::optional<SequenceScores> sequence = {};   ///< of tagged sentences only
};

/// What the predictions do not know themselves.
struct MetricsContext {
  std::span<const std::int64_t> train_counts = {};  ///< [classes]; empty: no groups
  std::span<const std::string> names = {};          ///< [classes]; empty: "0", "1", …
  GroupRule groups = {};                            ///< what many and few mean
  int calibration_bins = kCalibrationBins;          ///< bins of ECE and of the curve
};

/// Throws Error for names or counts of another length than the classes.
Metrics compute_metrics(const Predictions& predictions, const MetricsContext& context = {});
/// Of every token, with the scores of the sentences in Metrics::sequence.
Metrics compute_metrics(const SequencePredictions& predictions, const MetricsContext& context = {});

/// {n, accuracy, balanced_error, macro_f1, micro_f1, loss, ece, brier, per_class: [{label,
/// train_count, support, precision, recall, f1}], groups: {many, medium, few: {recall, classes,
/// scored}}}. What is not available is null, and the object that holds the null has a text `reason`
/// that names it; never 0, NaN or infinity. Of tagged sentences also: {span_f1, span_precision,
/// span_recall, span_macro_f1, each with `_strict` too, per_type: [{label, support, predicted,
/// precision, recall, f1, each but support with `_strict` too}], unknown_words,
/// unknown_word_accuracy}; accuracy and balanced_error are those of single tokens.
nlohmann::json metrics_json(const Metrics& metrics);

/// The numbers of a metrics object that are one number each, by name: `accuracy`, `balanced_error`,
/// `macro_f1`, `micro_f1`, `loss`, `ece`, `brier`, `recall_many`, `recall_medium`, `recall_few`.
const std::vector<std::string>& scalar_metrics();
/// Also of sequence_scalar_metrics(), which only tagged sentences have. Throws Error (with the
/// names there are) for any other name.
std::optional<double> scalar_metric(const Metrics& metrics, std::string_view name);
/// Whether more of it is better: not for balanced_error, loss, ece and brier.
bool higher_is_better(std::string_view name);

/// Class names with "0", "1", … where none are given; checks the length.
std::vector<std::string> class_names(std::span<const std::string> names, Index classes);

}  // namespace tailgrad
