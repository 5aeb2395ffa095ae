#include <tailgrad/data/tokenizer.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <tailgrad/core/error.h>

namespace tailgrad {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

std::vector<std::string> words_of(std::string_view text, TokenizerOptions options = {}) {
  Words words;
  tokenize(text, options, words);
  std::vector<std::string> result;
  for (std::size_t i = 0; i < words.size(); ++i) result.emplace_back(words[i]);
  return result;
}

TEST(Tokenizer, AsciiWordsAndPunctuation) {
  EXPECT_THAT(words_of("The cat, aged 12, can't sit\ton_it...\n"),
              ElementsAre("the", "cat", ",", "aged", "12", ",", "can", "'", "t", "sit", "on", "_",
                          "it", ".", ".", "."));
}

TEST(Tokenizer, KeepsCaseOnRequest) {
  EXPECT_THAT(words_of("The CAT", {.lower_case = false}), ElementsAre("The", "CAT"));
  EXPECT_THAT(words_of("\xc3\x89t\xc3\xa9 X", {.lower_case = false}),
              ElementsAre("\xc3\x89t\xc3\xa9", "X"));
}

TEST(Tokenizer, NothingToSay) {
  EXPECT_THAT(words_of(""), IsEmpty());
  EXPECT_THAT(words_of(" \t\r\n\x7f\x01"), IsEmpty());
  EXPECT_THAT(words_of("\xc2\xa0\xe3\x80\x80\xe2\x80\x8b"),
              IsEmpty());  // no-break, wide, zero width
  EXPECT_THAT(words_of(std::string_view("a\0b", 3)), ElementsAre("a", "b"));
}

TEST(Tokenizer, LettersOfManyScripts) {
  EXPECT_THAT(words_of("Stra\xc3\x9f"
                       "e \xce\x91\xce\x92\xce\x93 \xd0\x9c\xd0\xb8\xd1\x80!"),
              ElementsAre("stra\xc3\x9f"
                          "e",
                          "\xce\xb1\xce\xb2\xce\xb3", "\xd0\xbc\xd0\xb8\xd1\x80", "!"));
  // Devanagari: the vowel signs are marks and stay in the word.
  EXPECT_THAT(
      words_of("\xe0\xa4\xb9\xe0\xa4\xbf\xe0\xa4\xa8\xe0\xa5\x8d\xe0\xa4\xa6\xe0\xa5\x80"),
      ElementsAre("\xe0\xa4\xb9\xe0\xa4\xbf\xe0\xa4\xa8\xe0\xa5\x8d\xe0\xa4\xa6\xe0\xa5\x80"));
  // Arabic comma separates.
  EXPECT_THAT(words_of("\xd8\xa3\xd8\xa8\xd8\x8c\xd8\xac"),
              ElementsAre("\xd8\xa3\xd8\xa8", "\xd8\x8c", "\xd8\xac"));
}

TEST(Tokenizer, NormalisesToNfkc) {
  EXPECT_THAT(words_of("e\xcc\x81t\xc3\xa9"), ElementsAre("\xc3\xa9t\xc3\xa9"));  // e + U+0301
  EXPECT_THAT(words_of("\xef\xac\x81sh \xef\xbc\xa1\xef\xbc\xa2"), ElementsAre("fish", "ab"));
  EXPECT_THAT(words_of("x\xc2\xb2"), ElementsAre("x2"));
  EXPECT_THAT(words_of("x\xc2\xb2", {.normalise = false}), ElementsAre("x\xc2\xb2"));
  EXPECT_THAT(words_of("e\xcc\x81", {.normalise = false}), ElementsAre("e\xcc\x81"));
  // One character that becomes eighteen: the buffer has to grow.
  EXPECT_THAT(words_of("\xef\xb7\xba").size(), 4U);
}

TEST(Tokenizer, HanAndKanaOneByOne) {
  EXPECT_THAT(words_of("\xe6\xb7\xb1\xe5\xba\xa6"
                       "ai2\xe5\xad\xa6\xe3\x80\x82"),
              ElementsAre("\xe6\xb7\xb1", "\xe5\xba\xa6", "ai2", "\xe5\xad\xa6", "\xe3\x80\x82"));
  EXPECT_THAT(words_of("\xe3\x81\x8b\xe3\x83\x8a"), ElementsAre("\xe3\x81\x8b", "\xe3\x83\x8a"));
  EXPECT_THAT(words_of("\xed\x95\x9c\xea\xb5\xad\xec\x96\xb4"),  // Hangul writes spaces
              ElementsAre("\xed\x95\x9c\xea\xb5\xad\xec\x96\xb4"));
  EXPECT_THAT(words_of("\xf0\xa0\x80\x80\xf0\xa0\x80\x81"),  // Han beyond the first plane
              ElementsAre("\xf0\xa0\x80\x80", "\xf0\xa0\x80\x81"));
}

TEST(Tokenizer, SymbolsAndInvisibleCharacters) {
  EXPECT_THAT(words_of("\xf0\x9f\x98\x80\xf0\x9f\x98\x80 5\xe2\x82\xac"),
              ElementsAre("\xf0\x9f\x98\x80", "\xf0\x9f\x98\x80", "5", "\xe2\x82\xac"));
  EXPECT_THAT(words_of("co\xc2\xadoperate \xef\xbb\xbfyes"), ElementsAre("cooperate", "yes"));
  EXPECT_THAT(words_of("\xe2\x80\x9cyes\xe2\x80\x9d"),
              ElementsAre("\xe2\x80\x9c", "yes", "\xe2\x80\x9d"));
}

TEST(Tokenizer, AsciiAndUnicodePathsAgree) {
  const std::string ascii = "A b.C 1,000 (d) x-y \"Z\" can't #1 a@b_c\n~`^|";
  std::vector<std::string> with = words_of(ascii + " \xc3\xa9");
  with.pop_back();
  EXPECT_EQ(words_of(ascii), with);
}

TEST(Tokenizer, RefusesInvalidUtf8) {
  EXPECT_THROW(words_of("caf\xe9 noir"), Error);
}

TEST(Tokenizer, WordsAreReused) {
  Words words;
  tokenize("a long text of many words", {}, words);
  tokenize("two \xc3\xa9", {}, words);
  ASSERT_EQ(words.size(), 2U);
  EXPECT_EQ(words[1], "\xc3\xa9");
}

}  // namespace
}  // namespace tailgrad
