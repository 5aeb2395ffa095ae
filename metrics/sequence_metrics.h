// Scores of tagged sentences: spans found, and words that training never saw.
//
// A span counts as right when its begin, its end and its type are right. Two readings stand side by
// side: of spans as the program conlleval reads them from any tags, and of spans that are spelled
// exactly as their scheme spells them (data/tag_set.h makes both).
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <tailgrad/core/token_span.h>
#include <tailgrad/metrics/confusion.h>
#include <tailgrad/metrics/predictions.h>

namespace tailgrad {

/// Gold spans and predicted ones, each in order and without overlaps.
struct SpanPairs {
  std::vector<TokenSpan> gold = {};       ///< spans of the data
  std::vector<TokenSpan> predicted = {};  ///< spans of the system
};

/// What a tagger said about whole sentences.
struct SequencePredictions {
  Predictions tokens = {};           ///< every token; none is ignored
  std::vector<Index> offsets = {0};  ///< [sentences + 1] rising from 0 to the number of tokens
  std::vector<std::uint8_t> unknown = {};  ///< [tokens] 1: not a word of training; empty: not known
  std::vector<std::string> types = {};     ///< names of the types of spans
  std::optional<SpanPairs> spans = {};     ///< as conlleval reads; none: the tags are no spans
  std::optional<SpanPairs> strict = {};    ///< only those that their scheme allows
};

/// Of one reading. Micro: over all spans. What has no denominator is std::nullopt.
struct SpanScores {
  OutcomeCounts counts{};                ///< a type takes the place of a class
  std::optional<double> precision = {};  ///< right among the predicted spans
  std::optional<double> recall = {};     ///< right among the spans of the data
  std::optional<double> f1 = {};         ///< 2 correct / (gold + predicted)
  std::optional<double> macro_f1 = {};   ///< mean over the types that occur or are predicted
};

/// What is counted of tagged sentences beside their tokens.
struct SequenceScores {
  std::vector<std::string> types = {};               ///< names of the types of spans
  std::optional<SpanScores> spans = {};              ///< as conlleval counts them
  std::optional<SpanScores> strict = {};             ///< of spans as their scheme allows them
  std::optional<std::int64_t> unknown_words = {};    ///< tokens that are no word of training
  std::optional<double> unknown_word_accuracy = {};  ///< share of them that is tagged rightly
};

/// Spans of each type: support = gold, predicted, correct = in both. Throws Error for spans that
/// are out of order and for a type outside 0 … types - 1.
OutcomeCounts count_spans(const SpanPairs& spans, Index types);
/// Precision, recall and F1 of all types together and of each.
SpanScores score_spans(const OutcomeCounts& counts);

/// Throws Error for parts whose lengths do not fit each other.
SequenceScores score_sequences(const SequencePredictions& predictions);

/// `span_precision`, `span_recall`, `span_f1`, `span_macro_f1`, the same with `_strict` behind, and
/// `unknown_word_accuracy`.
const std::vector<std::string>& sequence_scalar_metrics();
/// Of these names; throws InternalError for another.
std::optional<double> sequence_scalar(const SequenceScores& scores, std::string_view name);

}  // namespace tailgrad
