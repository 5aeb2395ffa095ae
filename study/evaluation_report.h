// A page about one system's answers, or two systems' on the same items.
#pragma once

#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

namespace tailgrad {

/// `result` is what evaluate prints as JSON: a metrics object with `intervals` and `reliability`
/// where there are any, of two systems also `second` (the same) and `paired` (second minus first).
/// `names`, one a system, head the columns. What is missing is n/a.
std::string evaluation_report(const std::string& title, const std::vector<std::string>& names,
                              const nlohmann::json& result);

}  // namespace tailgrad
