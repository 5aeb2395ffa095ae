// Faults of tags: named, repaired on request, refused by conversion.
#include <tailgrad/data/tag_faults.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <support/messages.h>
#include <support/temporary_folder.h>

namespace tailgrad {
namespace {

using test::message_of;
using testing::ElementsAre;
using testing::HasSubstr;

// One word a line; a blank one between sentences.
TaggedSentences data_of(std::vector<std::vector<std::string>> sentences) {
  TaggedSentences data;
  data.path = "t.conll";
  std::size_t line = 0;
  for (const std::vector<std::string>& tags : sentences) {
    for (const std::string& tag : tags) {
      data.words.push_back("w");
      data.tags.push_back(tag);
      data.lines.push_back(++line);
    }
    ++line;
    data.offsets.push_back(static_cast<Index>(data.words.size()));
  }
  return data;
}

TEST(TagFaults, AreNamedWithLines) {
  const TaggedSentences data = data_of({{"O", "I-x", "I-x"}, {"I-y", "I-x", "NN"}, {"B-x", "I-x"}});
  const std::vector<TagFault> faults = find_tag_faults(data, TagScheme::iob2);
  ASSERT_EQ(faults.size(), 4U);
  EXPECT_EQ(faults[0].token, 1U);
  EXPECT_EQ(
      tag_faults_text(data, faults, TagScheme::iob2),
      "t.conll: 4 faults of the scheme iob2: line 2: I-x after O: a span begins with B-; line "
      "5: I-y at the beginning of a sentence: a span begins with B-; line 6: I-x after I-y: a "
      "span begins with B-; and 1 more");
  EXPECT_EQ(faults[3].what, "NN is no tag of the scheme");
}

TEST(TagFaults, SpansThatNeverEnd) {
  const TaggedSentences data = data_of({{"B-x", "I-x"}, {"B-x", "S-x"}});
  const std::vector<TagFault> faults = find_tag_faults(data, TagScheme::iobes);
  ASSERT_EQ(faults.size(), 2U);
  EXPECT_EQ(faults[0].what, "I-x at the end of a sentence: a span is B- I- E-, or S- alone");
  EXPECT_EQ(faults[1].token, 3U);
  EXPECT_TRUE(find_tag_faults(data, TagScheme::none).empty());
}

TEST(RepairTags, ReadsAsConllevalAndSpellsRightly) {
  TaggedSentences data = data_of({{"O", "I-x", "I-x"}, {"B-x", "I-y"}});
  EXPECT_EQ(repair_tags(data, TagScheme::iob2), 2U);
  EXPECT_THAT(data.tags, ElementsAre("O", "B-x", "I-x", "B-x", "B-y"));
  EXPECT_EQ(repair_tags(data, TagScheme::iob2), 0U);
}

TEST(ConvertTags, ThereAndBack) {
  const std::vector<std::string> iob2 = {"B-x", "I-x", "I-x", "B-x", "B-y", "I-y", "O"};
  TaggedSentences data = data_of({iob2});
  convert_tags(data, TagScheme::iob2, TagScheme::iobes);
  EXPECT_THAT(data.tags, ElementsAre("B-x", "I-x", "E-x", "S-x", "B-y", "E-y", "O"));
  convert_tags(data, TagScheme::iobes, TagScheme::bmes);
  EXPECT_THAT(data.tags, ElementsAre("B-x", "M-x", "E-x", "S-x", "B-y", "E-y", "O"));
  convert_tags(data, TagScheme::bmes, TagScheme::iob1);
  EXPECT_THAT(data.tags, ElementsAre("I-x", "I-x", "I-x", "B-x", "I-y", "I-y", "O"));
  convert_tags(data, TagScheme::iob1, TagScheme::iob2);
  EXPECT_EQ(data.tags, iob2);
}

TEST(ConvertTags, RefusesFaults) {
  TaggedSentences data = data_of({{"O", "I-x"}});
  EXPECT_EQ(message_of([&] { convert_tags(data, TagScheme::iob2, TagScheme::iobes); }),
            "t.conll: 1 fault of the scheme iob2: line 2: I-x after O: a span begins with B-; they "
            "must be repaired before the tags can be converted to iobes");
  EXPECT_THAT(data.tags, ElementsAre("O", "I-x"));
  EXPECT_THAT(message_of([&] { convert_tags(data, TagScheme::none, TagScheme::iobes); }),
              HasSubstr("cannot convert none to iobes"));
  data.tags.clear();
  EXPECT_THAT(message_of([&] { find_tag_faults(data, TagScheme::iob2); }),
              HasSubstr("needs a tag for each of the 2 tokens; got 0"));
}

}  // namespace
}  // namespace tailgrad
