#include <tailgrad/core/json_counts.h>

#include <limits>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <tailgrad/core/error.h>

namespace tailgrad {
namespace {

std::int64_t checked_count(const nlohmann::json& value, const std::string& key, std::int64_t most) {
  // A number beyond 2^63 turns negative.
  const std::int64_t count = value.is_number_integer() ? value.get<std::int64_t>() : -1;
  if (count < 0 || count > most)
    fail(key, fmt::format("needs a whole number of at most {}, found {}", most, value.dump()));
  return count;
}

}  // namespace

std::int64_t count_at(const nlohmann::json& object, const std::string& key) {
  return checked_count(object.at(key), key, std::numeric_limits<std::int64_t>::max());
}

std::vector<std::int64_t> counts_at(const nlohmann::json& object, const std::string& key) {
  std::vector<std::int64_t> counts;
  for (const nlohmann::json& value : object.at(key))
    counts.push_back(checked_count(value, key, std::numeric_limits<std::int64_t>::max()));
  return counts;
}

Index index_at(const nlohmann::json& object, const std::string& key) {
  return static_cast<Index>(checked_count(object.at(key), key, std::numeric_limits<Index>::max()));
}

}  // namespace tailgrad
