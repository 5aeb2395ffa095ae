#include <tailgrad/metrics/calibration.h>

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include <tailgrad/core/error.h>

namespace tailgrad {

int calibration_bin(double confidence, int bins) {
  const int bin = static_cast<int>(std::ceil(confidence * bins)) - 1;
  return std::clamp(bin, 0, bins - 1);
}

std::vector<CalibrationBin> reliability_bins(std::span<const double> confidence,
                                             std::span<const std::uint8_t> came_true, int bins) {
  if (bins < 1) fail("reliability", fmt::format("bins must be >= 1; got {}", bins));
  if (confidence.size() != came_true.size()) {
    fail("reliability", fmt::format("needs one outcome for every confidence; got {} and {}",
                                    came_true.size(), confidence.size()));
  }
  std::vector<CalibrationBin> table(static_cast<std::size_t>(bins));
  for (int b = 0; b < bins; ++b) {
    table[static_cast<std::size_t>(b)].low = static_cast<double>(b) / bins;
    table[static_cast<std::size_t>(b)].high = static_cast<double>(b + 1) / bins;
  }
  for (std::size_t i = 0; i < confidence.size(); ++i) {
    if (!(confidence[i] >= 0 && confidence[i] <= 1)) {
      fail("reliability",
           fmt::format("the confidence of item {} must be in [0, 1]; got {}", i, confidence[i]));
    }
    CalibrationBin& bin = table[static_cast<std::size_t>(calibration_bin(confidence[i], bins))];
    ++bin.count;
    bin.confidence = bin.confidence.value_or(0) + confidence[i];
    bin.accuracy = bin.accuracy.value_or(0) + came_true[i];
  }
  for (CalibrationBin& bin : table) {
    if (bin.count == 0) continue;
    *bin.confidence /= static_cast<double>(bin.count);
    *bin.accuracy /= static_cast<double>(bin.count);
  }
  return table;
}

std::optional<double> expected_calibration_error(std::span<const CalibrationBin> bins) {
  double sum = 0;
  std::int64_t items = 0;
  for (const CalibrationBin& bin : bins) {
    if (bin.count == 0) continue;
    sum += static_cast<double>(bin.count) * std::abs(*bin.accuracy - *bin.confidence);
    items += bin.count;
  }
  if (items == 0) return std::nullopt;
  return sum / static_cast<double>(items);
}

}  // namespace tailgrad
