// How two lists of numbers go together.
#pragma once

#include <vector>

namespace tailgrad {

/// Rank correlation (Spearman), equal values sharing their mean rank; NaN for fewer than three
/// pairs or when one side is constant. Pairs with a NaN are left out.
double spearman(const std::vector<double>& a, const std::vector<double>& b);

/// Slope of the straight line through (x, y) of least squares. Both have the same size.
double slope(const std::vector<double>& x, const std::vector<double>& y);

}  // namespace tailgrad
