// The code on a page of the docs is code that is compiled: every block appears, word for word, in
// an example.
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace {

std::string read(const std::string& path) {
  std::ifstream file(std::string(TAILGRAD_SOURCE_DIR) + "/" + path);
  EXPECT_TRUE(file.good()) << path;
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

std::vector<std::string> cpp_blocks(const std::string& page) {
  std::vector<std::string> blocks;
  std::istringstream lines(page);
  std::string line, block;
  bool inside = false;
  while (std::getline(lines, line)) {
    if (!inside && line == "```cpp") {
      inside = true;
      block.clear();
    } else if (inside && line == "```") {
      inside = false;
      blocks.push_back(block);
    } else if (inside) {
      block += line + "\n";
    }
  }
  EXPECT_FALSE(inside) << "a block that does not end";
  return blocks;
}

TEST(Docs, TheCodeOfAddingAnOpIsTheExample) {
  const std::string example = read("examples/new_op.cpp");
  const std::vector<std::string> blocks = cpp_blocks(read("docs/adding_an_op.md"));
  EXPECT_GE(blocks.size(), 5u);
  for (const std::string& block : blocks)
    EXPECT_NE(example.find(block), std::string::npos) << "not in examples/new_op.cpp:\n" << block;
}

}  // namespace
