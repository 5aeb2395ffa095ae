// Access to tests/golden/metrics.json.
#pragma once

#include <fstream>
#include <vector>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <tailgrad/core/shape.h>

namespace tailgrad {

inline nlohmann::json golden(const char* section) {
  std::ifstream file(TAILGRAD_SOURCE_DIR "/tests/golden/metrics.json");
  return nlohmann::json::parse(file).at(section);
}

inline void expect_matches(const std::optional<double>& ours, const nlohmann::json& theirs,
                           double tolerance = 1e-12) {
  ASSERT_EQ(ours.has_value(), !theirs.is_null());
  if (ours) {
    EXPECT_NEAR(*ours, theirs.get<double>(), tolerance);
  }
}

}  // namespace tailgrad
