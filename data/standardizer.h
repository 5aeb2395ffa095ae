// Columns of numbers brought to mean 0 and standard deviation 1.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

namespace tailgrad {

/// x → (x - mean) / scale for each column, with the mean and the standard deviation (divided by n)
/// of the training data. A constant column becomes 0 in the training data: its mean is the constant
/// and its scale 1. Both vectors are plain data, to be saved with a model.
struct Standardizer {
  std::vector<double> mean;   ///< [columns]
  std::vector<double> scale;  ///< [columns] never 0

  /// From values [rows, columns]. Throws Error without rows, and naming the column if its sums are
  /// too large for double.
  static Standardizer fit(std::span<const double> values, std::span<const std::string> columns);
  /// In place, on values [rows, columns]. Throws Error unless they divide into rows.
  void apply(std::span<double> values) const;
};

}  // namespace tailgrad
