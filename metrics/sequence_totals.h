// The scalar metrics of sentences that count several times: what one bootstrap resample asks for.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include <tailgrad/metrics/bootstrap_totals.h>
#include <tailgrad/metrics/sequence_metrics.h>

namespace tailgrad {

/// Of tagged sentences. Keeps references to both arguments.
class SequenceTotals {
 public:
  SequenceTotals(const SequencePredictions& items, const MetricsContext& context);

  /// scalar_metrics(), then sequence_scalar_metrics().
  static const std::vector<std::string>& names();
  /// `weights` [tokens]: how often each token counts, the same for all tokens of a sentence.
  std::vector<std::optional<double>> scalars(std::span<const std::uint32_t> weights);

 private:
  // Gold, predicted or right spans of one type that begin at a token.
  struct SpanMark {
    Index token;
    Index type;
    std::uint8_t gold, predicted, correct;
  };
  static std::vector<SpanMark> marks_of(const SpanPairs& spans);
  SpanScores weigh(const std::vector<SpanMark>& marks,
                   std::span<const std::uint32_t> weights) const;

  const SequencePredictions& items_;
  WeightedTotals tokens_;
  SequenceScores scores_;
  std::vector<SpanMark> spans_;
  std::vector<SpanMark> strict_;
};

}  // namespace tailgrad
