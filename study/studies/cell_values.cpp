#include <tailgrad/study/studies/cell_values.h>

#include <cmath>
#include <limits>

#include <nlohmann/json.hpp>

namespace tailgrad {

using nlohmann::json;

json json_number(double value) {
  return std::isfinite(value) ? json(value) : json(nullptr);
}

double number_or_nan(const json& value) {
  return value.is_number() ? value.get<double>() : std::numeric_limits<double>::quiet_NaN();
}

std::vector<double> values_of(const json& cells,
                              const std::function<bool(const json& config)>& wanted,
                              const std::string& path) {
  const json::json_pointer place(path);
  std::vector<double> values;
  for (const json& cell : cells) {
    if (!wanted(cell.at("config"))) continue;
    const json& result = cell.at("result");
    values.push_back(number_or_nan(result.contains(place) ? result.at(place) : json()));
  }
  return values;
}

}  // namespace tailgrad
