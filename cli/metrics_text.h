// Metrics objects as tables for a terminal.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include <nlohmann/json_fwd.hpp>

namespace tailgrad::cli {

/// One line a number of the metrics object (cli.md), with its interval when the object has
/// `intervals` (intervals_json); then recall by group and a line a class.
std::string metrics_text(const nlohmann::json& metrics);

/// Metrics objects side by side, a column each with its heading: accuracy, balanced error, macro
/// F1, NLL, ECE.
std::string columns_text(const std::vector<std::pair<std::string, nlohmann::json>>& columns);

/// paired_json: both systems, their difference, its interval and p.
std::string paired_text(const nlohmann::json& paired);

}  // namespace tailgrad::cli
