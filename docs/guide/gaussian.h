// The bell curve, for the made-up data of chapters 4 and 8.
#pragma once

#include <cmath>
#include <numbers>

/// The share of a standard normal distribution below z.
inline double normal_share_below(double z) {
  return 0.5 * std::erfc(-z / std::numbers::sqrt2);
}

/// The z below which that share lies, by halving an interval; share in (0, 1).
inline double normal_quantile(double share) {
  double low = -10, high = 10;
  for (int i = 0; i < 60; ++i) {
    const double middle = (low + high) / 2;
    (normal_share_below(middle) < share ? low : high) = middle;
  }
  return (low + high) / 2;
}
