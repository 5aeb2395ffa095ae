// Metrics as a small table for a terminal.
#pragma once

#include <string>

#include <nlohmann/json_fwd.hpp>

namespace tailgrad::cli {

/// The dev and test metrics of a result (cli.md), a row a split.
std::string metrics_table(const nlohmann::ordered_json& result);

}  // namespace tailgrad::cli
