// The scalar metrics of items that count several times: what one bootstrap resample asks for.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include <tailgrad/metrics/multilabel.h>
#include <tailgrad/metrics/report.h>

namespace tailgrad {

inline constexpr std::size_t kScalars = 10;  // of scalar_metrics(), in their order
using Scalars = std::array<std::optional<double>, kScalars>;

/// Of one label an item. Keeps references to both arguments.
class WeightedTotals {
 public:
  WeightedTotals(const Predictions& items, const MetricsContext& context);
  static const std::vector<std::string>& names() { return scalar_metrics(); }
  /// `weights` [items]: how often each item counts.
  Scalars scalars(std::span<const std::uint32_t> weights);

 private:
  const Predictions& items_;
  const MetricsContext& context_;
  OutcomeCounts counts_;
  std::vector<double> bin_gap_;  // before bins_, whose initialiser sizes it
  std::vector<std::uint16_t> bins_;
};

/// Of multi-label items. Keeps references to both arguments.
class WeightedMarks {
 public:
  WeightedMarks(const MultilabelPredictions& items, const MetricsContext& context);
  static const std::vector<std::string>& names() { return scalar_metrics(); }
  Scalars scalars(std::span<const std::uint32_t> weights);

 private:
  const MultilabelPredictions& items_;
  const MetricsContext& context_;
  OutcomeCounts counts_;
  std::vector<double> bin_gap_;      // before bins_, whose initialiser sizes it
  std::vector<std::uint16_t> bins_;  // [items, classes]
  std::vector<std::uint8_t> right_;  // [items] right in every class
  std::vector<double> nll_;          // [items] sum over classes
  std::vector<double> brier_;        // [items] sum over classes
};

}  // namespace tailgrad
