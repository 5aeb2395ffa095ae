// The code on a page of the docs is code that is compiled: every block appears, word for word, in
// an example.
#include <filesystem>
#include <regex>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "support/page.h"

namespace {

using tailgrad::test::Page;
using tailgrad::test::read_source;

TEST(Docs, TheCodeOfAddingAnOpIsTheExample) {
  const std::string example = read_source("examples/new_op.cpp");
  const std::vector<std::string> blocks = Page(read_source("docs/adding_an_op.md")).in("cpp");
  EXPECT_GE(blocks.size(), 5u);
  for (const std::string& block : blocks)
    EXPECT_NE(example.find(block), std::string::npos) << "not in examples/new_op.cpp:\n" << block;
}

// Anchors, and the built site, are walked by scripts/check_docs.
TEST(Docs, LinksLeadToFiles) {
  namespace fs = std::filesystem;
  const fs::path root = TAILGRAD_SOURCE_DIR;
  std::vector<fs::path> pages;
  for (const auto& entry : fs::directory_iterator(root)) pages.push_back(entry.path());
  for (const auto& entry : fs::recursive_directory_iterator(root / "docs"))
    pages.push_back(entry.path());
  const std::regex code("`[^`\n]*`");
  const std::regex link("\\]\\(([^)#\\s]+)[^)]*\\)");
  int links = 0;
  for (const fs::path& page : pages) {
    if (page.extension() != ".md") continue;
    const std::string prose = std::regex_replace(
        Page(read_source(page.lexically_relative(root).string())).prose, code, "");
    for (std::sregex_iterator found(prose.begin(), prose.end(), link), end; found != end; ++found) {
      const std::string target = (*found)[1];
      if (target.find("://") != std::string::npos) continue;
      EXPECT_TRUE(fs::exists(page.parent_path() / target)) << page << " links to " << target;
      ++links;
    }
  }
  EXPECT_GE(links, 100);
}

}  // namespace
