// Reliability diagrams: does what a model is 80 % sure of come true eight times in ten?
#pragma once

#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include <tailgrad/metrics/calibration.h>
#include <tailgrad/study/report/html.h>
#include <tailgrad/study/report/svg.h>

namespace tailgrad {

/// One system's bins.
struct Reliability {
  std::string name;                  ///< for the legend
  std::vector<CalibrationBin> bins;  ///< see reliability_bins
};

/// Accuracy against confidence, a line a system, and the diagonal; empty bins are left out.
Chart reliability_chart(const std::vector<Reliability>& systems);
/// [{low, high, count, confidence, accuracy}], null in empty bins.
nlohmann::ordered_json reliability_json(const std::vector<CalibrationBin>& bins);
/// The same as numbers: a row a system and bin that is not empty.
HtmlTable reliability_table(const std::vector<Reliability>& systems);

}  // namespace tailgrad
