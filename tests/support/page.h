// Pages of the documentation, for the tests that hold them to the code.
#pragma once

#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include "support/temporary_folder.h"

namespace tailgrad::test {

/// A file of the repository.
inline std::string read_source(const std::string& path) {
  const std::string text = slurp(std::string(TAILGRAD_SOURCE_DIR) + "/" + path);
  EXPECT_FALSE(text.empty()) << path;
  return text;
}

/// A Markdown page taken apart.
struct Page {
  struct Block {
    std::string language;
    std::string text;
  };
  std::vector<Block> blocks;  ///< between ``` and ```
  std::string prose;          ///< all other lines

  explicit Page(const std::string& text) {
    std::istringstream lines(text);
    std::string line;
    bool inside = false;
    while (std::getline(lines, line)) {
      if (line.starts_with("```")) {
        inside = !inside;
        if (inside) blocks.push_back({.language = line.substr(3), .text = {}});
      } else {
        (inside ? blocks.back().text : prose) += line + "\n";
      }
    }
    EXPECT_FALSE(inside) << "a block that does not end";
  }

  std::vector<std::string> in(std::string_view language) const {
    std::vector<std::string> found;
    for (const Block& block : blocks)
      if (block.language == language) found.push_back(block.text);
    return found;
  }
};

}  // namespace tailgrad::test
