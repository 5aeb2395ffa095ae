// Schemes: names, letters, which transitions they allow, and telling them apart.
#include <tailgrad/data/tag_scheme.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <support/messages.h>
#include <support/temporary_folder.h>

namespace tailgrad {
namespace {

using test::message_of;
using testing::HasSubstr;
using Tags = std::vector<std::string>;

SchemeGuess guess(const Tags& tags) {
  const std::vector<Index> offsets = {0, static_cast<Index>(tags.size())};
  return detect_scheme(tags, offsets);
}

TEST(TagScheme, Names) {
  for (const char* name : {"none", "iob1", "iob2", "iobes", "bmes"})
    EXPECT_EQ(scheme_name(scheme_from_name(name)), name);
  EXPECT_EQ(scheme_from_name("bio"), TagScheme::iob2);
  EXPECT_EQ(scheme_from_name("bioes"), TagScheme::iobes);
  EXPECT_THAT(message_of([] { scheme_from_name("iob3"); }),
              HasSubstr("tag scheme: unknown name 'iob3'; did you mean 'iob"));
}

TEST(TagScheme, PartsOfATag) {
  EXPECT_EQ(split_tag("B-creative-work").prefix, TagPrefix::begin);
  EXPECT_EQ(split_tag("B-creative-work").type, "creative-work");
  EXPECT_EQ(split_tag("S").prefix, TagPrefix::single);
  EXPECT_EQ(split_tag("S").type, "");
  EXPECT_EQ(split_tag("O").prefix, TagPrefix::outside);
  for (const char* tag : {"NN", "O-PER", "L-PER", "b-PER", "B_PER", "", "-", "_"})
    EXPECT_EQ(split_tag(tag).prefix, TagPrefix::other) << tag;
  EXPECT_EQ(join_tag(TagPrefix::middle, "a-b"), "M-a-b");
  EXPECT_EQ(join_tag(TagPrefix::begin, ""), "B");
  EXPECT_EQ(join_tag(TagPrefix::outside, "PER"), "O");
}

// Every pair of these, and both ends, written down by hand: rows from, columns to.
struct Allowed {
  TagScheme scheme;
  Tags tags;
  std::vector<std::string> rows;  // one a tag, then one for the begin; last column is the end
};

TEST(TagScheme, AllowedTransitions) {
  const std::vector<Allowed> tables = {
      {TagScheme::iob1,
       {"O", "B-x", "I-x", "B-y", "I-y"},
       {"101011", "111011", "111011", "101111", "101111", "10101."}},
      {TagScheme::iob2,
       {"O", "B-x", "I-x", "B-y", "I-y"},
       {"110101", "111101", "111101", "110111", "110111", "11010."}},
      {TagScheme::iobes,
       {"O", "B-x", "I-x", "E-x", "S-x", "E-y"},
       {"1100101", "0011000", "0011000", "1100101", "1100101", "1100101", "110010."}},
      {TagScheme::bmes,
       {"O", "B-x", "M-x", "E-x", "S-y"},
       {"110011", "001100", "001100", "110011", "110011", "11001."}},
      {TagScheme::none, {"O", "I-x", "NN"}, {"1111", "1111", "1111", "111."}},
  };
  for (const Allowed& table : tables) {
    const std::size_t n = table.tags.size();
    const auto part = [&](std::size_t k) {
      return k < n ? std::optional(split_tag(table.tags[k])) : std::nullopt;
    };
    for (std::size_t from = 0; from <= n; ++from) {
      for (std::size_t to = 0; to <= n; ++to) {
        if (table.rows[from][to] == '.') continue;
        EXPECT_EQ(transition_allowed(table.scheme, part(from), part(to)),
                  table.rows[from][to] == '1')
            << scheme_name(table.scheme) << " from " << from << " to " << to;
      }
    }
  }
}

TEST(TagScheme, LettersOfAnotherSchemeAreNeverAllowed) {
  EXPECT_FALSE(transition_allowed(TagScheme::iob2, split_tag("O"), split_tag("E-x")));
  EXPECT_FALSE(transition_allowed(TagScheme::iobes, split_tag("O"), split_tag("NN")));
  EXPECT_FALSE(transition_allowed(TagScheme::bmes, split_tag("B-x"), split_tag("I-x")));
  // What follows is judged as if it stood at the beginning.
  EXPECT_TRUE(transition_allowed(TagScheme::iob2, split_tag("E-x"), split_tag("B-x")));
  EXPECT_FALSE(transition_allowed(TagScheme::iob2, split_tag("E-x"), split_tag("I-x")));
}

TEST(DetectScheme, EachByItsLettersAndOrder) {
  EXPECT_EQ(guess({"O", "B-x", "I-x", "B-x"}).scheme, TagScheme::iob2);
  EXPECT_EQ(guess({"O", "I-x", "I-x", "B-x", "I-y"}).scheme, TagScheme::iob1);
  EXPECT_EQ(guess({"O", "I-x", "O"}).scheme, TagScheme::iob1);
  EXPECT_EQ(guess({"O", "B-x", "O"}).scheme, TagScheme::iob2);
  EXPECT_EQ(guess({"S-x", "B-x", "I-x", "E-x"}).scheme, TagScheme::iobes);
  EXPECT_EQ(guess({"S", "B", "M", "E"}).scheme, TagScheme::bmes);
  for (const Tags& tags : {Tags{"O", "B-x", "I-x"}, Tags{"I-x", "O"}, Tags{"B-x", "I-x", "E-x"},
                           Tags{"B-x", "M-x", "E-x"}, Tags{"NOUN", "X", "O"}}) {
    EXPECT_TRUE(guess(tags).certain) << tags[0];
    EXPECT_EQ(guess(tags).faults, 0U) << tags[0];
  }
  EXPECT_EQ(guess({"NOUN", "VERB"}).scheme, TagScheme::none);
}

TEST(DetectScheme, SentencesAreTakenApart) {
  // I-x after a sentence that ends in B-x begins a span.
  const Tags tags = {"O", "B-x", "I-x", "O"};
  EXPECT_EQ(detect_scheme(tags, std::vector<Index>{0, 4}).faults, 0U);
  EXPECT_EQ(detect_scheme(tags, std::vector<Index>{0, 2, 4}).faults, 1U);
  EXPECT_FALSE(detect_scheme(tags, std::vector<Index>{0, 2, 4}).certain);
}

TEST(DetectScheme, SaysWhatIsAmbiguous) {
  const SchemeGuess nothing = guess({"O", "O"});
  EXPECT_FALSE(nothing.certain);
  EXPECT_THAT(nothing.reason, HasSubstr("every tag is O"));

  const SchemeGuess mixed = guess({"O", "I-x", "O", "B-x", "O", "I-x"});
  EXPECT_EQ(mixed.scheme, TagScheme::iob1);
  EXPECT_FALSE(mixed.certain);
  EXPECT_EQ(mixed.faults, 1U);
  EXPECT_THAT(mixed.reason, HasSubstr("neither iob1 (1 faults) nor iob2 (2 faults)"));

  const SchemeGuess pairs = guess({"O", "B-x", "E-x", "S-x"});
  EXPECT_EQ(pairs.scheme, TagScheme::iobes);
  EXPECT_FALSE(pairs.certain);
  EXPECT_EQ(guess({"B", "E", "S"}).scheme, TagScheme::bmes);  // words: no O

  EXPECT_FALSE(guess({"B-x", "I-x", "M-x", "E-x"}).certain);

  const SchemeGuess bilou = guess({"O", "B-x", "L-x", "U-x"});
  EXPECT_EQ(bilou.scheme, TagScheme::none);
  EXPECT_FALSE(bilou.certain);
  EXPECT_THAT(bilou.reason, HasSubstr("tags such as 'L-x' belong to none of the schemes"));
}

TEST(DetectScheme, BadOffsets) {
  const Tags tags = {"O", "O"};
  for (const std::vector<Index>& offsets :
       {std::vector<Index>{}, {0}, {0, 1}, {1, 2}, {0, 2, 1, 2}}) {
    EXPECT_THAT(message_of([&] { detect_scheme(tags, offsets); }),
                HasSubstr("must rise from 0 to the number of tokens, 2"));
  }
}

}  // namespace
}  // namespace tailgrad
