#include <tailgrad/data/word_forms.h>

#include <gtest/gtest.h>

#include <tailgrad/core/error.h>

namespace tailgrad {
namespace {

const std::vector<std::string> kWords = {"Paris", "in", "1999", "in", "PARIS", "α-Synuclein"};
const std::vector<Index> kOffsets = {0, 3, 6};

TEST(WordForms, KeysAreLowerCaseWithDigitsAsZeros) {
  EXPECT_EQ(word_key("Paris"), "paris");
  EXPECT_EQ(word_key("B-52s"), "b-00s");
  EXPECT_EQ(word_key("ÄÖÜ"), "äöü");
  EXPECT_EQ(word_key("٣"), "0");  // an Arabic digit
  EXPECT_EQ(word_key("選擇"), "選擇");
}

TEST(WordForms, ShapesShortenRunsToThree) {
  EXPECT_EQ(word_shape("Paris"), "Xxxx");
  EXPECT_EQ(word_shape("NATO"), "XXX");
  EXPECT_EQ(word_shape("IL-2Rα"), "XX-dXx");
  EXPECT_EQ(word_shape("......"), "...");
  EXPECT_EQ(word_shape("選擇"), "oo");
  EXPECT_EQ(word_shape("xXx"), "xXx");
}

TEST(WordForms, OneFormIsKeptOnce) {
  const WordFormEncoding encoding(kWords, {});
  const EncodedSentences all = encoding.encode(kWords, kOffsets);
  EXPECT_EQ(all.tokens, (std::vector<Index>{0, 1, 2, 1, 3, 4}));
  EXPECT_EQ(all.forms.size(), 5);
  EXPECT_EQ(all.forms.words[0], all.forms.words[3]) << "Paris and PARIS are one word";
  EXPECT_NE(all.forms.shapes[0], all.forms.shapes[1]);
  EXPECT_EQ(all.forms.counts[0], 2) << "both spellings count";
  EXPECT_EQ(all.forms.counts[2], 1);
}

TEST(WordForms, CharactersStandBetweenMarks) {
  const WordFormEncoding encoding(kWords, {.most_characters = 4});
  const EncodedSentences all = encoding.encode(kWords, kOffsets);
  const Index marks = encoding.characters().size();
  const auto form = [&](std::size_t f) {
    const auto begin = all.forms.characters.begin();
    return std::vector<Index>(begin + all.forms.character_offsets[f],
                              begin + all.forms.character_offsets[f + 1]);
  };
  const auto id = [&](const char* character) { return encoding.characters().find(character); };
  EXPECT_EQ(form(1), (std::vector<Index>{marks, id("i"), id("n"), marks + 1}));
  // Of a longer word the first and the last two.
  EXPECT_EQ(form(0), (std::vector<Index>{marks, id("P"), id("a"), id("i"), id("s"), marks + 1}));
}

TEST(WordForms, AffixesAreThoseOfTheKey) {
  const WordFormEncoding encoding(kWords, {.affix_buckets = 1 << 20, .longest_affix = 2});
  const EncodedSentences all = encoding.encode(kWords, kOffsets);
  const auto affixes = [&](std::size_t f) {
    const auto begin = all.forms.affixes.begin();
    return std::vector<Index>(begin + all.forms.affix_offsets[f],
                              begin + all.forms.affix_offsets[f + 1]);
  };
  EXPECT_EQ(affixes(0).size(), 4U);
  EXPECT_EQ(affixes(0), affixes(3)) << "Paris and PARIS";
  const EncodedSentences other =
      encoding.encode(std::vector<std::string>{"pain"}, std::vector<Index>{0, 1});
  EXPECT_EQ(other.forms.affixes[0], affixes(0)[0]) << "p-";
  EXPECT_EQ(other.forms.affixes[2], affixes(0)[2]) << "pa-";
  EXPECT_NE(other.forms.affixes[1], affixes(0)[1]) << "-n and -s";
  EXPECT_EQ(other.forms.words[0], Vocabulary::kUnknown);
  EXPECT_EQ(other.forms.counts[0], 0);
}

TEST(WordForms, SelectingSentencesKeepsTheirFormsOnly) {
  const WordFormEncoding encoding(kWords, {});
  const EncodedSentences all = encoding.encode(kWords, kOffsets);
  EncodedSentences part;
  for (int repeat = 0; repeat < 2; ++repeat) {
    select(all, std::vector<Index>{1}, part);
    EXPECT_EQ(part.tokens, (std::vector<Index>{0, 1, 2}));
    EXPECT_EQ(part.offsets, (std::vector<Index>{0, 3}));
    EXPECT_EQ(part.forms.words,
              (std::vector<Index>{all.forms.words[1], all.forms.words[3], all.forms.words[4]}));
    select(all, std::vector<Index>{1, 0, 1}, part);
    EXPECT_EQ(part.forms.size(), 5);
    EXPECT_EQ(part.tokens, (std::vector<Index>{0, 1, 2, 3, 0, 4, 0, 1, 2}));
    // The characters of a form moved with it.
    const auto f = static_cast<std::size_t>(part.tokens[3]);
    const auto g = static_cast<std::size_t>(all.tokens[0]);
    EXPECT_EQ(part.forms.character_offsets[f + 1] - part.forms.character_offsets[f],
              all.forms.character_offsets[g + 1] - all.forms.character_offsets[g]);
  }
  EXPECT_THROW(select(all, std::vector<Index>{2}, part), Error);
}

TEST(WordForms, FurtherWordsGetNumbersBehindThoseOfTraining) {
  const std::vector<std::string> known = {"paris", "london"};
  const WordFormEncoding encoding(kWords, {}, known);
  EXPECT_EQ(encoding.training_words(), 4);
  EXPECT_EQ(encoding.words().find("london"), 5);
}

TEST(WordForms, RefusesOptionsOutOfRange) {
  EXPECT_THROW(WordFormEncoding(kWords, {.affix_buckets = 0}), Error);
  EXPECT_THROW(WordFormEncoding(kWords, {.longest_affix = 17}), Error);
  EXPECT_THROW(WordFormEncoding(kWords, {.most_characters = 1}), Error);
}

}  // namespace
}  // namespace tailgrad
