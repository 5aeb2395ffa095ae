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
  std::int32_t k = 0;           ///< the class, or type of spans
  std::uint32_t support = 0;    ///< items (tokens, spans) of the unit that are of the class
  std::uint32_t predicted = 0;  ///< items that were taken for it
  std::uint32_t correct = 0;    ///< items that are both
  bool operator==(const Outcome&) const = default;
};

/// The outcomes of all units, one unit after the other.
struct OutcomeTable {
  Index classes = 0;                        ///< how many there are
  std::vector<std::int64_t> offsets = {0};  ///< [units + 1] into outcomes
  std::vector<Outcome> outcomes = {};       ///< of a unit a class may come several times

  /// Units that are closed.
  std::size_t units() const { return offsets.size() - 1; }
  /// Adds to the unit being filled; end_unit() closes it.
  void add(const Outcome& outcome) { outcomes.push_back(outcome); }
  /// One item with one label: at most two outcomes.
  void add_answer(Index label, Index predicted);
  /// Closes the unit, which may be empty.
  void end_unit() { offsets.push_back(static_cast<std::int64_t>(outcomes.size())); }
  /// Totals with unit u counted weights[u] times; empty weights: once each. `items` counts support,
  /// or units for a `multilabel` set. Throws Error unless there are no weights or one a unit.
  OutcomeCounts counts(std::span<const std::uint32_t> weights = {}, bool multilabel = false) const;
  bool operator==(const OutcomeTable&) const = default;
};

/// A judged split.
struct Outcomes {
  bool multilabel = false;  ///< any number of classes an item
  OutcomeTable items = {};  ///< classes of items or tokens
  OutcomeTable spans = {};  ///< types of spans, in the same units; no units: not a span task

  /// What a resample draws from: items, or sentences.
  std::size_t units() const { return items.units(); }
  bool operator==(const Outcomes&) const = default;
};

/// The metrics that outcomes can tell, by the names of the metrics object: accuracy,
/// balanced_error, macro_f1, micro_f1, recall_many, recall_medium, recall_few; span_f1 (micro,
/// exact spans) where there are spans.
const std::vector<std::string>& outcome_metrics();
/// A metric with unit u counted weights[u] times (once each without weights); none when it is not
/// available. `train_counts` [classes] for the groups. Throws Error for another name (with those
/// there are).
std::optional<double> outcome_metric(const Outcomes& outcomes, std::string_view metric,
                                     std::span<const std::int64_t> train_counts = {},
                                     std::span<const std::uint32_t> weights = {});

/// Writes one safetensors file with a checksum, atomically: the answers at the fixed rule and at
/// the rule tuned on dev. Throws Error when it cannot be written.
void write_outcomes(const std::string& path, const Outcomes& fixed, const Outcomes& tuned);
/// The answers of one system at both rules.
struct TwoOutcomes {
  Outcomes fixed;  ///< the class of the largest logit, or marks of probability 1/2 and more
  Outcomes tuned;  ///< the same after the rule tuned on dev
};
/// What write_outcomes wrote. Throws Error with the path for a file that is missing or damaged.
TwoOutcomes read_outcomes(const std::string& path);

}  // namespace tailgrad
