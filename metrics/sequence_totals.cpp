#include <tailgrad/metrics/sequence_totals.h>

#include <algorithm>

namespace tailgrad {

SequenceTotals::SequenceTotals(const SequencePredictions& items, const MetricsContext& context)
    : items_(items), tokens_(items.tokens, context), scores_(score_sequences(items)) {
  if (items.spans) spans_ = marks_of(*items.spans);
  if (items.strict) strict_ = marks_of(*items.strict);
}

const std::vector<std::string>& SequenceTotals::names() {
  static const std::vector<std::string> all = [] {
    std::vector<std::string> names = scalar_metrics();
    const std::vector<std::string>& more = sequence_scalar_metrics();
    names.insert(names.end(), more.begin(), more.end());
    return names;
  }();
  return all;
}

std::vector<SequenceTotals::SpanMark> SequenceTotals::marks_of(const SpanPairs& spans) {
  std::vector<SpanMark> marks;
  for (const TokenSpan& span : spans.gold) {
    const bool right = std::ranges::binary_search(spans.predicted, span);
    marks.push_back({span.begin, span.type, 1, 0, static_cast<std::uint8_t>(right)});
  }
  for (const TokenSpan& span : spans.predicted) marks.push_back({span.begin, span.type, 0, 1, 0});
  return marks;
}

SpanScores SequenceTotals::weigh(const std::vector<SpanMark>& marks,
                                 std::span<const std::uint32_t> weights) const {
  OutcomeCounts counts(static_cast<Index>(scores_.types.size()));
  for (const SpanMark& mark : marks) {
    const std::int64_t weight = weights[static_cast<std::size_t>(mark.token)];
    const auto k = static_cast<std::size_t>(mark.type);
    counts.support[k] += weight * mark.gold;
    counts.predicted[k] += weight * mark.predicted;
    counts.correct[k] += weight * mark.correct;
  }
  return score_spans(counts);
}

std::vector<std::optional<double>> SequenceTotals::scalars(std::span<const std::uint32_t> weights) {
  const Scalars of_tokens = tokens_.scalars(weights);
  std::vector<std::optional<double>> out(of_tokens.begin(), of_tokens.end());
  if (scores_.spans) scores_.spans = weigh(spans_, weights);
  if (scores_.strict) scores_.strict = weigh(strict_, weights);
  if (!items_.unknown.empty()) {
    std::int64_t unknown = 0;
    std::int64_t right = 0;
    for (std::size_t t = 0; t < items_.unknown.size(); ++t) {
      if (items_.unknown[t] == 0) continue;
      unknown += weights[t];
      right += items_.tokens.labels[t] == items_.tokens.predicted[t] ? weights[t] : 0;
    }
    scores_.unknown_word_accuracy.reset();
    if (unknown > 0)
      scores_.unknown_word_accuracy = static_cast<double>(right) / static_cast<double>(unknown);
  }
  for (const std::string& name : sequence_scalar_metrics())
    out.push_back(sequence_scalar(scores_, name));
  return out;
}

}  // namespace tailgrad
