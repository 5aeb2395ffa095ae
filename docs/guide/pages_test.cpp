// The guide is true: its code is compiled, its numbers are printed, its figures are drawn.
#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <regex>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "support/page.h"
#include "support/temporary_folder.h"

namespace {

using tailgrad::test::Page;
using tailgrad::test::read_source;

const std::string kGuide = "docs/guide/";

class Guide : public testing::TestWithParam<std::string> {
 protected:
  const std::string& chapter() const { return GetParam(); }

  // The chapter's own file and the headers that the chapters share.
  std::string code() const {
    std::string all = read_source(kGuide + chapter() + ".cpp");
    for (const char* header : {"crf.h", "gaussian.h", "mini_tape.h"})
      all += read_source(kGuide + header);
    return all;
  }

  // What the program prints; it draws its figures into `folder`.
  std::string run(const std::string& folder) const {
    const std::string command =
        "'" TAILGRAD_BINARY_DIR "/bin/guide_" + chapter() + "' '" + folder + "'";
    std::FILE* pipe = popen(command.c_str(), "r");
    if (pipe == nullptr) return {};
    std::string out;
    for (int c = std::fgetc(pipe); c != EOF; c = std::fgetc(pipe)) out += static_cast<char>(c);
    EXPECT_EQ(pclose(pipe), 0) << command;
    return out;
  }
};

TEST_P(Guide, ShowsCodeThatIsCompiled) {
  const std::vector<std::string> blocks = Page(read_source(kGuide + chapter() + ".md")).in("cpp");
  EXPECT_GE(blocks.size(), 2u);
  const std::string all = code();
  for (const std::string& block : blocks)
    EXPECT_NE(all.find(block), std::string::npos) << "not in the chapter's code:\n" << block;
}

TEST_P(Guide, ShowsWhatTheProgramPrintsAndDraws) {
  const tailgrad::test::TemporaryFolder folder;
  const std::string out = run(folder.path().string());
  const Page page(read_source(kGuide + chapter() + ".md"));
  const std::vector<std::string> blocks = page.in("text");
  EXPECT_GE(blocks.size(), 1u);
  for (const std::string& block : blocks)
    EXPECT_NE(out.find(block), std::string::npos) << "not printed:\n" << block << "but:\n" << out;

  // Every number with a point that the sentences mention is printed, or stands in the code.
  const std::string known = out + code();
  const std::regex number("[0-9]+\\.[0-9]+");
  const std::string prose =  // without the numbers of the exercises
      std::regex_replace(page.prose, std::regex("\\*\\*[1-8]\\.[1-3]\\*\\*"), "");
  for (std::sregex_iterator found(prose.begin(), prose.end(), number), end; found != end; ++found)
    EXPECT_NE(known.find(found->str()), std::string::npos) << found->str() << " comes from nowhere";

  int figures = 0;
  for (const auto& drawn : std::filesystem::directory_iterator(folder.path())) {
    const std::string name = drawn.path().filename().string();
    EXPECT_NE(prose.find("](figures/" + name + ")"), std::string::npos) << name;
    EXPECT_EQ(tailgrad::test::slurp(drawn.path().string()), read_source(kGuide + "figures/" + name))
        << name << " is not what the program draws: guide_" << chapter() << " docs/guide/figures";
    ++figures;
  }
  EXPECT_GE(figures, 1);
}

TEST_P(Guide, HasThreeExercises) {
  const std::string page = read_source(kGuide + chapter() + ".md");
  for (const char* which : {".1", ".2", ".3"})
    EXPECT_NE(page.find("**" + chapter().substr(0, 1) + which + "**"), std::string::npos) << which;
  EXPECT_NE(page.find("exercises/" + chapter() + ".cpp"), std::string::npos);
}

// A transformer in two hundred lines, a CRF in a hundred.
TEST(GuideLengths, AsPromised) {
  const auto lines = [](const std::string& path) {
    const std::string text = read_source(kGuide + path);
    return std::count(text.begin(), text.end(), '\n');
  };
  EXPECT_LE(lines("6_transformer.cpp"), 200);
  EXPECT_LE(lines("crf.h"), 100);
}

INSTANTIATE_TEST_SUITE_P(Chapters, Guide,
                         testing::Values("1_slope", "2_tape", "3_layer", "4_loss", "5_optimisers",
                                         "6_transformer", "7_crf", "8_long_tail"),
                         [](const auto& of) { return "Chapter" + of.param; });

}  // namespace
