// Whole numbers of a JSON document that nobody checked: the JSON library makes an int of 2e26, of
// 1.5 and of 2^40 without a word.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include <tailgrad/core/shape.h>

namespace tailgrad {

/// The whole number from 0 that `object` has at `key`: "steps: needs a whole number of at most
/// 2147483647, found 2e+26" is the Error for anything else. Throws nlohmann::json::exception when
/// there is nothing at `key`.
std::int64_t count_at(const nlohmann::json& object, const std::string& key);
/// The same of a list.
std::vector<std::int64_t> counts_at(const nlohmann::json& object, const std::string& key);
/// The same of a number that fits an Index.
Index index_at(const nlohmann::json& object, const std::string& key);

}  // namespace tailgrad
