// Right and wrong answers of a test set, unit by unit: all that a resample of the units needs to
// compute a metric again.
//
// A unit is what is drawn: an item, or a sentence where its tokens hang together. Per unit only the
// classes that occur in it are stored, so a set of 100,000 items of 1,000 classes stays small.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <tailgrad/metrics/confusion.h>
#include <tailgrad/metrics/groups.h>

namespace tailgrad {

/// How one class fares in one unit.
struct Outcome {
  std::int32_t k = 0;
  std::uint32_t support = 0;
  std::uint32_t predicted = 0;
  std::uint32_t correct = 0;
  bool operator==(const Outcome&) const = default;
};

struct OutcomeTable {
  Index classes = 0;
  std::vector<std::int64_t> offsets = {0};  ///< [units + 1] into outcomes
  std::vector<Outcome> outcomes = {};

  std::size_t units() const { return offsets.size() - 1; }
  /// Adds to the unit being filled; end_unit() closes it.
  void add(const Outcome& outcome) { outcomes.push_back(outcome); }
  /// One item with one label: at most two outcomes.
  void add_answer(Index label, Index predicted);
  void end_unit() { offsets.push_back(static_cast<std::int64_t>(outcomes.size())); }
  /// Totals with unit u counted weights[u] times; empty weights: once each. `items` counts support,
  /// or units for a `multilabel` set.
  OutcomeCounts counts(std::span<const std::uint32_t> weights = {}, bool multilabel = false) const;
  bool operator==(const OutcomeTable&) const = default;
};

/// A judged split.
struct Outcomes {
  bool multilabel = false;  ///< any number of classes an item
  OutcomeTable items = {};  ///< classes of items or tokens
  OutcomeTable spans = {};  ///< types of spans, in the same units; no units: not a span task

  std::size_t units() const { return items.units(); }
  bool operator==(const Outcomes&) const = default;
};

/// The metrics that outcomes can tell, by the names of the metrics object: accuracy,
/// balanced_error, macro_f1, micro_f1, recall_many, recall_medium, recall_few; span_f1 (micro,
/// exact spans) where there are spans.
const std::vector<std::string>& outcome_metrics();
/// Throws Error for another name (with those there are). `train_counts` [classes] for the groups.
std::optional<double> outcome_metric(const Outcomes& outcomes, std::string_view metric,
                                     std::span<const std::int64_t> train_counts = {},
                                     std::span<const std::uint32_t> weights = {});

/// One safetensors file with a checksum, written atomically, and back (Error for a damaged one).
void write_outcomes(const std::string& path, const Outcomes& fixed, const Outcomes& tuned);
struct TwoOutcomes {
  Outcomes fixed;
  Outcomes tuned;
};
TwoOutcomes read_outcomes(const std::string& path);

}  // namespace tailgrad
