#include <tailgrad/data/standardizer.h>

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include <tailgrad/core/error.h>

namespace tailgrad {

Standardizer Standardizer::fit(std::span<const double> values,
                               std::span<const std::string> columns) {
  const std::size_t width = columns.size();
  if (width == 0 || values.empty() || values.size() % width != 0) {
    fail("Standardizer::fit",
         fmt::format("needs rows of {} values each; got {} values", width, values.size()));
  }
  const auto rows = static_cast<double>(values.size() / width);
  Standardizer result{std::vector<double>(width, 0.0), std::vector<double>(width, 1.0)};
  for (std::size_t c = 0; c < width; ++c) {
    double sum = 0, low = values[c], high = values[c];
    for (std::size_t i = c; i < values.size(); i += width) {
      sum += values[i];
      low = std::min(low, values[i]);
      high = std::max(high, values[i]);
    }
    if (low == high) {  // exactly: the sum would leave a rounding error to divide by
      result.mean[c] = low;
      continue;
    }
    const double mean = sum / rows;
    double squares = 0;
    for (std::size_t i = c; i < values.size(); i += width) {
      squares += (values[i] - mean) * (values[i] - mean);
    }
    const double deviation = std::sqrt(squares / rows);
    if (!std::isfinite(deviation)) {
      fail("Standardizer::fit",
           fmt::format("the values of column '{}' are too large: from {} to {}", columns[c], low,
                       high));
    }
    result.mean[c] = mean;
    if (deviation > 0) result.scale[c] = deviation;  // 0 when the squares underflow
  }
  return result;
}

void Standardizer::apply(std::span<double> values) const {
  const std::size_t width = mean.size();
  if (width != scale.size() || (width == 0 ? !values.empty() : values.size() % width != 0)) {
    fail("Standardizer::apply",
         fmt::format("needs rows of {} values each; got {} values", width, values.size()));
  }
  for (std::size_t i = 0; i < values.size(); ++i) {
    const std::size_t c = i % width;
    values[i] = (values[i] - mean[c]) / scale[c];
  }
}

}  // namespace tailgrad
