// Whether a probability of 0.8 comes true eight times in ten.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace tailgrad {

/// One bar of a reliability diagram: the predictions with confidence in (low, high]; the first bin
/// also takes confidence 0.
struct CalibrationBin {
  double low = 0;                    ///< confidences above this
  double high = 0;                   ///< up to this one
  std::int64_t count = 0;            ///< items of the bin
  std::optional<double> confidence;  ///< mean confidence of the bin; none when empty
  std::optional<double> accuracy;    ///< share of the bin that came true; none when empty
};

inline constexpr int kCalibrationBins = 15;  ///< bins of equal width, as is usual

/// Which of `bins` equal-width bins (b/bins, (b+1)/bins] a confidence in [0, 1] falls into.
int calibration_bin(double confidence, int bins);

/// Reliability diagram over equal-width bins. `confidence` [n] is the probability of what was
/// predicted, `came_true` [n] 0 or 1. Throws Error for different lengths, a confidence outside
/// [0, 1] (NaN too) or bins < 1.
std::vector<CalibrationBin> reliability_bins(std::span<const double> confidence,
                                             std::span<const std::uint8_t> came_true,
                                             int bins = kCalibrationBins);

/// ECE = sum_b (n_b / n) |accuracy_b - confidence_b|; none without items. It depends on the number
/// of bins: 15 by custom (Guo et al. 2017, eq. 3).
std::optional<double> expected_calibration_error(std::span<const CalibrationBin> bins);

}  // namespace tailgrad
