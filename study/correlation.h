// How two lists of numbers go together.
#pragma once

#include <vector>

namespace tailgrad {

/// Rank correlation in [-1, 1] (Spearman 1904): Pearson's correlation of the ranks, equal values
/// sharing their mean rank,
///
///   rho = sum (r_i - r)(s_i - s) / sqrt(sum (r_i - r)^2 sum (s_i - s)^2),   r = s = mean rank
///
/// NaN for fewer than three pairs or when one side is constant. Pairs with a NaN or an infinity are
/// left out, and what the longer list has beyond the shorter.
double spearman(const std::vector<double>& a, const std::vector<double>& b);

/// Slope of the straight line of least squares through the points (x, y):
///
///   sum (x_i - mean x)(y_i - mean y) / sum (x_i - mean x)^2
///
/// NaN when all x are equal. Both lists must have the same size, and no NaN.
double slope(const std::vector<double>& x, const std::vector<double>& y);

}  // namespace tailgrad
