// A share of counted things that may be of nothing.
#pragma once

#include <cstdint>
#include <optional>

namespace tailgrad {

/// part / whole; nothing when whole is 0.
inline std::optional<double> ratio(std::int64_t part, std::int64_t whole) {
  if (whole == 0) return std::nullopt;
  return static_cast<double>(part) / static_cast<double>(whole);
}

}  // namespace tailgrad
