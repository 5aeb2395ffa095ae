// The code on a page of the docs is code that is compiled: every block appears, word for word, in
// an example.
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

}  // namespace
