// Tags as numbers: the mask of transitions, spans in both readings (golden: seqeval), spelling.
#include <tailgrad/data/tag_set.h>

#include <algorithm>
#include <fstream>
#include <tuple>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <support/messages.h>
#include <support/temporary_folder.h>

namespace tailgrad {
namespace {

using test::message_of;
using testing::ElementsAre;
using testing::HasSubstr;
using Tags = std::vector<std::string>;
using Spans = std::vector<std::tuple<std::string, Index, Index>>;

TagSet set_of(const Tags& tags, TagScheme scheme) {
  const std::vector<std::string_view> names(tags.begin(), tags.end());
  return TagSet(LabelSet::of(names), scheme);
}

// Spans of one sentence, or of several.
Spans spans_of(const Tags& tags, TagScheme scheme, SpanReading reading,
               std::vector<Index> offsets = {}) {
  const TagSet set = set_of(tags, scheme);
  std::vector<Index> ids;
  for (const std::string& tag : tags) ids.push_back(*set.labels().find(tag));
  if (offsets.empty()) offsets = {0, static_cast<Index>(tags.size())};
  Spans out;
  for (const TokenSpan& span : read_spans(set, ids, offsets, reading))
    out.emplace_back(set.types()[static_cast<std::size_t>(span.type)], span.begin, span.end);
  return out;
}

TEST(TagSet, TypesAndPrefixes) {
  const TagSet tags = set_of({"O", "B-y", "I-y", "I-x", "NN"}, TagScheme::iob2);
  EXPECT_THAT(tags.types(), ElementsAre("x", "y"));
  const auto at = [&](const char* name) { return *tags.labels().find(name); };
  EXPECT_EQ(tags.type(at("B-y")), 1);
  EXPECT_EQ(tags.type(at("I-x")), 0);
  EXPECT_EQ(tags.type(at("O")), -1);
  EXPECT_EQ(tags.type(at("NN")), -1);
  EXPECT_EQ(tags.prefix(at("I-y")), TagPrefix::inside);
  EXPECT_TRUE(set_of({"B-y", "NN"}, TagScheme::none).types().empty());
}

TEST(TagSet, MaskHasBeginAndEndLast) {
  const TagSet tags(LabelSet({"O", "B-x", "E-x"}), TagScheme::iobes);
  EXPECT_THAT(tags.transition_mask(), ElementsAre(1, 1, 0, 0, 1,  // from O
                                                  0, 0, 1, 0, 0,  // from B-x
                                                  1, 1, 0, 0, 1,  // from E-x
                                                  1, 1, 0, 0, 0,  // from the begin
                                                  0, 0, 0, 0, 0));
  EXPECT_TRUE(tags.allowed(1, 2));
  EXPECT_FALSE(tags.allowed(2, 2));
  EXPECT_TRUE(tags.may_begin(1));
  EXPECT_FALSE(tags.may_begin(2));
  EXPECT_FALSE(tags.may_end(1));
  EXPECT_TRUE(tags.may_end(2));
}

TEST(ReadSpans, IllFormedTagsByHand) {
  const auto both = [](const Tags& tags, TagScheme scheme, const Spans& strict,
                       const Spans& loose) {
    EXPECT_EQ(spans_of(tags, scheme, SpanReading::strict), strict) << testing::PrintToString(tags);
    EXPECT_EQ(spans_of(tags, scheme, SpanReading::conlleval), loose)
        << testing::PrintToString(tags);
  };
  using enum TagScheme;
  both({"I-x", "I-x", "O", "B-x", "I-y"}, iob2, {{"x", 3, 4}},
       {{"x", 0, 2}, {"x", 3, 4}, {"y", 4, 5}});
  both({"B-x", "I-x", "O", "I-x", "B-x"}, iob1, {{"x", 3, 4}, {"x", 4, 5}},
       {{"x", 0, 2}, {"x", 3, 4}, {"x", 4, 5}});
  both({"B-x", "I-x", "O"}, iobes, {}, {{"x", 0, 2}});
  both({"B-x", "B-x", "E-x", "I-x", "S-x"}, iobes, {{"x", 1, 3}, {"x", 4, 5}},
       {{"x", 0, 1}, {"x", 1, 3}, {"x", 3, 4}, {"x", 4, 5}});
  both({"B-x", "E-y", "E-y"}, iobes, {}, {{"x", 0, 1}, {"y", 1, 2}, {"y", 2, 3}});
  both({"B", "M", "M", "E", "M", "S"}, bmes, {{"", 0, 4}, {"", 5, 6}},
       {{"", 0, 4}, {"", 4, 5}, {"", 5, 6}});
  // Letters of another scheme end strict spans and are none.
  both({"B-x", "E-x", "S-x", "I-x"}, iob2, {{"x", 0, 1}}, {{"x", 0, 2}, {"x", 2, 3}, {"x", 3, 4}});
  both({"NN", "I-x"}, none, {}, {});
}

TEST(ReadSpans, EndWithTheirSentence) {
  const Tags tags = {"O", "B-x", "I-x", "I-x"};
  EXPECT_EQ(spans_of(tags, TagScheme::iob2, SpanReading::conlleval, {0, 2, 4}),
            (Spans{{"x", 1, 2}, {"x", 2, 4}}));
  EXPECT_EQ(spans_of(tags, TagScheme::iob2, SpanReading::strict, {0, 2, 2, 4}),
            (Spans{{"x", 1, 2}}));
}

TEST(ReadSpans, BadInput) {
  const TagSet tags = set_of({"O", "B-x"}, TagScheme::iob2);
  EXPECT_THAT(
      message_of([&] {
        read_spans(tags, std::vector<Index>{2}, std::vector<Index>{0, 1}, SpanReading::strict);
      }),
      HasSubstr("needs tags from 0 to 1; got 2"));
}

// tests/golden/make_spans.py says what the file holds.
TEST(ReadSpans, AsSeqevalDoes) {
  std::ifstream file(TAILGRAD_SOURCE_DIR "/tests/golden/spans.json");
  const auto golden = nlohmann::json::parse(file);
  int compared = 0;
  for (const auto& one : golden.at("cases")) {
    const TagScheme scheme = scheme_from_name(one.at("scheme").get<std::string>());
    for (const char* mode : {"loose", "strict"}) {
      if (!one.contains(mode)) continue;
      for (const char* side : {"gold", "predicted"}) {
        std::vector<std::tuple<int, std::string, int, int>> found;
        int s = 0;
        for (const Tags sentence : one.at(side)) {
          const SpanReading reading = mode[0] == 'l' ? SpanReading::conlleval : SpanReading::strict;
          for (const auto& [type, begin, end] : spans_of(sentence, scheme, reading))
            found.emplace_back(s, type, begin, end);
          ++s;
        }
        std::ranges::sort(found);
        EXPECT_EQ(nlohmann::json(found), one.at(mode).at(side)) << one.at(side);
        ++compared;
      }
    }
  }
  EXPECT_EQ(compared, 2 * (36 + 36 + 24 + 24));
}

TEST(SpellSpans, EachScheme) {
  const std::vector<TokenSpan> spans = {{0, 1, 0}, {1, 4, 0}, {4, 6, 1}, {7, 8, 0}, {8, 9, 0}};
  const std::vector<std::string> types = {"x", "y"};
  const std::vector<Index> offsets = {0, 8, 10};
  const auto spell = [&](TagScheme scheme) { return spell_spans(spans, types, offsets, scheme); };
  EXPECT_THAT(spell(TagScheme::iob1),
              ElementsAre("I-x", "B-x", "I-x", "I-x", "I-y", "I-y", "O", "I-x", "I-x", "O"));
  EXPECT_THAT(spell(TagScheme::iob2),
              ElementsAre("B-x", "B-x", "I-x", "I-x", "B-y", "I-y", "O", "B-x", "B-x", "O"));
  EXPECT_THAT(spell(TagScheme::iobes),
              ElementsAre("S-x", "B-x", "I-x", "E-x", "B-y", "E-y", "O", "S-x", "S-x", "O"));
  EXPECT_THAT(spell(TagScheme::bmes),
              ElementsAre("S-x", "B-x", "M-x", "E-x", "B-y", "E-y", "O", "S-x", "S-x", "O"));
}

TEST(SpellSpans, BadInput) {
  const std::vector<std::string> types = {"x"};
  const auto message = [&](std::vector<TokenSpan> spans, TagScheme scheme = TagScheme::iob2) {
    return message_of([&] { spell_spans(spans, types, std::vector<Index>{0, 2, 4}, scheme); });
  };
  EXPECT_THAT(message({{1, 3, 0}}),
              HasSubstr("the span 1 .. 3 crosses the end of a sentence at 2"));
  EXPECT_THAT(message({{0, 2, 0}, {1, 2, 0}}), HasSubstr("must be in order and not overlap"));
  EXPECT_THAT(message({{1, 1, 0}}), HasSubstr("must be in order and not overlap"));
  EXPECT_THAT(message({{3, 5, 0}}), HasSubstr("got 3 .. 5"));
  EXPECT_THAT(message({{0, 1, 1}}), HasSubstr("needs types below 1; got 1"));
  EXPECT_THAT(message({}, TagScheme::none), HasSubstr("the scheme none spells no spans"));
}

TEST(TagsInScheme, IllFormedPredictionsAreReadLoosely) {
  const TagSet tags = set_of({"O", "B-x", "I-x", "E-x", "S-x"}, TagScheme::iobes);
  std::vector<Index> ids;
  for (const char* tag : {"B-x", "O", "I-x", "E-x", "S-x"}) ids.push_back(*tags.labels().find(tag));
  const std::vector<Index> offsets = {0, 5};
  EXPECT_THAT(tags_in_scheme(tags, ids, offsets, TagScheme::iob2),
              ElementsAre("B-x", "O", "B-x", "I-x", "B-x"));
  EXPECT_THAT(tags_in_scheme(tags, ids, offsets, TagScheme::iobes),
              ElementsAre("B-x", "O", "I-x", "E-x", "S-x"));
}

}  // namespace
}  // namespace tailgrad
