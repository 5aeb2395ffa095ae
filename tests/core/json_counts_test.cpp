#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <tailgrad/core/error.h>
#include <tailgrad/core/json_counts.h>

namespace tailgrad {
namespace {

TEST(JsonCounts, WholeNumbersAreRead) {
  const auto json = nlohmann::json::parse(R"({"a": 0, "b": 2147483647, "c": 9223372036854775807,
                                              "d": [3, 1], "e": []})");
  EXPECT_EQ(index_at(json, "a"), 0);
  EXPECT_EQ(index_at(json, "b"), 2147483647);
  EXPECT_EQ(count_at(json, "c"), 9223372036854775807);
  EXPECT_EQ(counts_at(json, "d"), (std::vector<std::int64_t>{3, 1}));
  EXPECT_TRUE(counts_at(json, "e").empty());
  const int built_here = 7;
  EXPECT_EQ(index_at({{"a", built_here}}, "a"), 7);
}

TEST(JsonCounts, BadInput) {
  for (const char* value : {"2e26", "-1", "1.5", "2147483648", "18446744073709551615", "\"3\"",
                            "null", "true", "[1]"}) {
    const auto json = nlohmann::json::parse(R"({"steps": )" + std::string(value) + "}");
    try {
      index_at(json, "steps");
      FAIL() << value;
    } catch (const Error& error) {
      EXPECT_EQ(std::string(error.what()),
                "steps: needs a whole number of at most 2147483647, found " + json["steps"].dump());
    }
  }
  EXPECT_THROW(counts_at({{"a", {1, -1}}}, "a"), Error);
  EXPECT_THROW(count_at({{"a", 1}}, "b"), nlohmann::json::exception);
}

}  // namespace
}  // namespace tailgrad
