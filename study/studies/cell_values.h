// Numbers in and out of the cells' results.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

namespace tailgrad {

/// A number as JSON, null when it is not finite.
nlohmann::json json_number(double value);
/// And back: NaN for null and for whatever else is no number.
double number_or_nan(const nlohmann::json& value);

/// One number a cell, in the order of the grid: of the cells whose config is `wanted`, what stands
/// at `path` of the result ("/plain/head", "/by_norm/3"); NaN where it is missing, as of a run that
/// diverged.
std::vector<double> values_of(const nlohmann::json& cells,
                              const std::function<bool(const nlohmann::json& config)>& wanted,
                              const std::string& path);

}  // namespace tailgrad
