#include <tailgrad/metrics/sequence_metrics.h>

#include <algorithm>
#include <numeric>

#include <fmt/format.h>

#include <tailgrad/core/error.h>
#include <tailgrad/metrics/ratio.h>

namespace tailgrad {
namespace {

std::int64_t sum(const std::vector<std::int64_t>& counts) {
  return std::accumulate(counts.begin(), counts.end(), std::int64_t{0});
}

void check_spans(std::span<const TokenSpan> spans, Index types) {
  Index end = 0;
  for (const TokenSpan& span : spans) {
    if (span.begin < end || span.end <= span.begin) {
      fail("count_spans", fmt::format("spans must be in order and not overlap; got {} .. {} after "
                                      "one that ends at {}",
                                      span.begin, span.end, end));
    }
    if (span.type < 0 || span.type >= types) {
      fail("count_spans", fmt::format("needs types from 0 to {}; got {}", types - 1, span.type));
    }
    end = span.end;
  }
}

}  // namespace

OutcomeCounts count_spans(const SpanPairs& spans, Index types) {
  check_spans(spans.gold, types);
  check_spans(spans.predicted, types);
  OutcomeCounts counts(types);
  counts.items = static_cast<std::int64_t>(spans.gold.size());
  for (const TokenSpan& span : spans.gold) ++counts.support[static_cast<std::size_t>(span.type)];
  for (const TokenSpan& span : spans.predicted)
    ++counts.predicted[static_cast<std::size_t>(span.type)];
  std::vector<TokenSpan> both;
  std::ranges::set_intersection(spans.gold, spans.predicted, std::back_inserter(both));
  for (const TokenSpan& span : both) ++counts.correct[static_cast<std::size_t>(span.type)];
  return counts;
}

SpanScores score_spans(const OutcomeCounts& counts) {
  const std::int64_t correct = sum(counts.correct);
  return {.counts = counts,
          .precision = ratio(correct, sum(counts.predicted)),
          .recall = ratio(correct, sum(counts.support)),
          .f1 = micro_f1(counts),
          .macro_f1 = macro_f1(counts)};
}

SequenceScores score_sequences(const SequencePredictions& predictions) {
  const std::size_t tokens = predictions.tokens.size();
  const std::vector<Index>& offsets = predictions.offsets;
  if (offsets.empty() || offsets.front() != 0 ||
      static_cast<std::size_t>(offsets.back()) != tokens || !std::ranges::is_sorted(offsets)) {
    fail("sequence metrics",
         fmt::format("sentence offsets must rise from 0 to the number of tokens, {}", tokens));
  }
  if (!predictions.unknown.empty() && predictions.unknown.size() != tokens) {
    fail("sequence metrics", fmt::format("needs a mark for each of the {} tokens; got {}", tokens,
                                         predictions.unknown.size()));
  }
  SequenceScores scores;
  scores.types = predictions.types;
  const Index types = static_cast<Index>(scores.types.size());
  if (predictions.spans) scores.spans = score_spans(count_spans(*predictions.spans, types));
  if (predictions.strict) scores.strict = score_spans(count_spans(*predictions.strict, types));
  if (!predictions.unknown.empty() || tokens == 0) {
    std::int64_t unknown = 0;
    std::int64_t right = 0;
    for (std::size_t t = 0; t < tokens; ++t) {
      if (predictions.unknown[t] == 0) continue;
      ++unknown;
      right += predictions.tokens.labels[t] == predictions.tokens.predicted[t] ? 1 : 0;
    }
    scores.unknown_words = unknown;
    scores.unknown_word_accuracy = ratio(right, unknown);
  }
  return scores;
}

const std::vector<std::string>& sequence_scalar_metrics() {
  static const std::vector<std::string> names = {
      "span_precision", "span_recall",           "span_f1",
      "span_macro_f1",  "span_precision_strict", "span_recall_strict",
      "span_f1_strict", "span_macro_f1_strict",  "unknown_word_accuracy"};
  return names;
}

std::optional<double> sequence_scalar(const SequenceScores& scores, std::string_view name) {
  if (name == "unknown_word_accuracy") return scores.unknown_word_accuracy;
  const bool strict = name.ends_with("_strict");
  const std::optional<SpanScores>& spans = strict ? scores.strict : scores.spans;
  const std::string_view plain = strict ? name.substr(0, name.size() - 7) : name;
  if (!spans) return std::nullopt;
  if (plain == "span_precision") return spans->precision;
  if (plain == "span_recall") return spans->recall;
  if (plain == "span_f1") return spans->f1;
  ensure(plain == "span_macro_f1", "a name of sequence_scalar_metrics()");
  return spans->macro_f1;
}

}  // namespace tailgrad
