#include <tailgrad/data/word_vectors.h>

#include <gtest/gtest.h>

#include <support/messages.h>
#include <support/temporary_folder.h>

namespace tailgrad {
namespace {

using test::message_of;
using test::TemporaryFolder;

class WordVectorFiles : public testing::Test {
 protected:
  WordVectors read(const std::string& text) {
    return read_word_vectors(folder_.write("vectors.txt", text));
  }
  std::string fault(const std::string& text) {
    return message_of([&] { read(text); });
  }
  TemporaryFolder folder_;
};

TEST_F(WordVectorFiles, ReadsGlove) {
  const WordVectors vectors = read("the 0.5 -1\nof 2e-1 3\n");
  EXPECT_EQ(vectors.words, (std::vector<std::string>{"the", "of"}));
  EXPECT_EQ(vectors.width, 2);
  EXPECT_EQ(vectors.values, (std::vector<float>{0.5F, -1, 0.2F, 3}));
}

TEST_F(WordVectorFiles, ReadsWord2vecWithItsHeaderAndSpacesAtTheEnd) {
  const WordVectors vectors = read("2 3\nthe 1 2 3 \nof 4 5 6 \n");
  EXPECT_EQ(vectors.words.size(), 2U);
  EXPECT_EQ(vectors.width, 3);
}

TEST_F(WordVectorFiles, KeepsTheFirstVectorOfAWordAndWordsWithSpaces) {
  const WordVectors vectors = read("a 1 2\na 3 4\n. . . 5 6\n");
  EXPECT_EQ(vectors.words, (std::vector<std::string>{"a", ". . ."}));
  EXPECT_EQ(vectors.values, (std::vector<float>{1, 2, 5, 6}));
}

TEST_F(WordVectorFiles, NamesTheLineOfAFault) {
  EXPECT_NE(fault("a 1 2\nb 3\n").find("vectors.txt:2: "), std::string::npos);
  EXPECT_NE(fault("a 1 2\nb 3\n").find("2 numbers"), std::string::npos);
  EXPECT_NE(fault("a 1 2\nb 3 x\n").find("'x' is no finite number"), std::string::npos);
  EXPECT_NE(fault("a 1 nan\n").find("'nan' is no finite number"), std::string::npos);
  EXPECT_NE(fault("word\n").find("expected a word and its numbers"), std::string::npos);
  EXPECT_NE(fault("").find("holds no word vectors"), std::string::npos);
}

}  // namespace
}  // namespace tailgrad
