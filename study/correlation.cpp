#include <tailgrad/study/correlation.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

namespace tailgrad {
namespace {

double mean_of(const std::vector<double>& values) {
  double mean = 0;
  for (const double value : values) mean += value / static_cast<double>(values.size());
  return mean;
}

std::vector<double> ranks(const std::vector<double>& values) {
  std::vector<std::size_t> order(values.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::stable_sort(order, {}, [&](std::size_t i) { return values[i]; });
  std::vector<double> out(values.size());
  for (std::size_t i = 0; i < order.size();) {
    std::size_t end = i + 1;
    while (end < order.size() && values[order[end]] == values[order[i]]) ++end;
    for (std::size_t j = i; j < end; ++j) out[order[j]] = 0.5 * static_cast<double>(i + end - 1);
    i = end;
  }
  return out;
}

}  // namespace

double spearman(const std::vector<double>& a, const std::vector<double>& b) {
  std::vector<double> x;
  std::vector<double> y;
  for (std::size_t i = 0; i < std::min(a.size(), b.size()); ++i)
    if (std::isfinite(a[i]) && std::isfinite(b[i])) {
      x.push_back(a[i]);
      y.push_back(b[i]);
    }
  const double nan = std::numeric_limits<double>::quiet_NaN();
  if (x.size() < 3) return nan;
  const std::vector<double> rx = ranks(x);
  const std::vector<double> ry = ranks(y);
  const double mean = 0.5 * (static_cast<double>(x.size()) - 1);
  double top = 0;
  double left = 0;
  double right = 0;
  for (std::size_t i = 0; i < rx.size(); ++i) {
    top += (rx[i] - mean) * (ry[i] - mean);
    left += (rx[i] - mean) * (rx[i] - mean);
    right += (ry[i] - mean) * (ry[i] - mean);
  }
  return left > 0 && right > 0 ? top / std::sqrt(left * right) : nan;
}

double slope(const std::vector<double>& x, const std::vector<double>& y) {
  const double mean_x = mean_of(x);
  const double mean_y = mean_of(y);
  double top = 0;
  double bottom = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    top += (x[i] - mean_x) * (y[i] - mean_y);
    bottom += (x[i] - mean_x) * (x[i] - mean_x);
  }
  return top / bottom;
}

}  // namespace tailgrad
