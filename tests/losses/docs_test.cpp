// The code on the page is the code of the example.
#include <algorithm>
#include <fstream>
#include <sstream>
#include <string>

#include <gtest/gtest.h>

namespace tailgrad::test {
namespace {

std::string read(const std::string& path) {
  std::ifstream file(std::string(TAILGRAD_SOURCE_DIR) + "/" + path);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

TEST(Docs, AddingALossShowsTheExample) {
  const std::string code = read("examples/new_loss.h");
  const std::size_t begin = code.find("/// L = sum over j");
  const std::size_t end = code.find("}  // namespace tailgrad");
  ASSERT_NE(begin, std::string::npos);
  ASSERT_NE(end, std::string::npos);
  const std::string shown = code.substr(begin, code.find_last_not_of('\n', end - 1) - begin + 1);
  EXPECT_LE(std::count(shown.begin(), shown.end(), '\n') + 1, 30);
  const std::string page = read("docs/adding_a_loss.md");
  EXPECT_NE(page.find("```cpp\n" + shown + "\n```"), std::string::npos)
      << "docs/adding_a_loss.md does not show examples/new_loss.h as it is";
  EXPECT_NE(
      page.find(
          "      {\"taylor\", {.forms = {\"taylor:order=5\"}, .limits = {{\"taylor:order=1\", "
          "\"gce:q=1\"}}}},"),
      std::string::npos);
}

}  // namespace
}  // namespace tailgrad::test
