// What must hold for any tags and any text: conversion there and back, repair, writing back.
#include <algorithm>

#include <gtest/gtest.h>

#include <tailgrad/core/error.h>
#include <tailgrad/core/random.h>
#include <tailgrad/data/tag_faults.h>
#include <tailgrad/data/tag_set.h>

namespace tailgrad {
namespace {

using Tags = std::vector<std::string>;
constexpr TagScheme kSchemes[] = {TagScheme::iob1, TagScheme::iob2, TagScheme::iobes,
                                  TagScheme::bmes};

std::size_t draw(Random& random, std::size_t n) {
  return static_cast<std::size_t>(random.below(n));
}

struct RandomSpans {
  std::vector<TokenSpan> spans;
  Tags types = {"", "LOC", "a-b"};
  std::vector<Index> offsets = {0};
};

RandomSpans random_spans(Random& random) {
  RandomSpans out;
  Index at = 0;
  for (std::size_t s = 1 + draw(random, 4); s > 0; --s) {
    const Index end = at + static_cast<Index>(1 + draw(random, 9));
    out.offsets.push_back(end);
    while (at < end) {
      const Index length = std::min(end - at, static_cast<Index>(1 + draw(random, 4)));
      if (draw(random, 3) > 0)
        out.spans.push_back({at, at + length, static_cast<Index>(draw(random, 3))});
      at += length;
    }
  }
  return out;
}

TaggedSentences data_of(Tags tags, const std::vector<Index>& offsets) {
  TaggedSentences data;
  data.words.assign(tags.size(), "w");
  data.lines.assign(tags.size(), 1);
  data.tags = std::move(tags);
  data.offsets = offsets;
  return data;
}

// Spans with the names of their types.
std::vector<std::pair<TokenSpan, std::string>> read(const TaggedSentences& data, TagScheme scheme,
                                                    SpanReading reading) {
  const std::vector<std::string_view> names(data.tags.begin(), data.tags.end());
  const TagSet tags(LabelSet::of(names), scheme);
  std::vector<Index> ids;
  for (const std::string& tag : data.tags) ids.push_back(*tags.labels().find(tag));
  std::vector<std::pair<TokenSpan, std::string>> out;
  for (TokenSpan span : read_spans(tags, ids, data.offsets, reading)) {
    const std::string name = tags.types()[static_cast<std::size_t>(span.type)];
    span.type = 0;
    out.emplace_back(span, name);
  }
  return out;
}

TEST(AnySpans, AreReadBackFromEverySchemeInBothReadings) {
  for (std::uint64_t round = 0; round < 500; ++round) {
    Random random(round, "any spans");
    const RandomSpans any = random_spans(random);
    std::vector<std::pair<TokenSpan, std::string>> expected;
    for (const TokenSpan& span : any.spans) {
      expected.emplace_back(TokenSpan{span.begin, span.end, 0},
                            any.types[static_cast<std::size_t>(span.type)]);
    }
    for (const TagScheme scheme : kSchemes) {
      const TaggedSentences data =
          data_of(spell_spans(any.spans, any.types, any.offsets, scheme), any.offsets);
      EXPECT_TRUE(find_tag_faults(data, scheme).empty());
      EXPECT_EQ(read(data, scheme, SpanReading::strict), expected) << scheme_name(scheme);
      EXPECT_EQ(read(data, scheme, SpanReading::conlleval), expected) << scheme_name(scheme);
      EXPECT_EQ(detect_scheme(data.tags, data.offsets).faults, 0U) << scheme_name(scheme);
      TaggedSentences repaired = data;
      EXPECT_EQ(repair_tags(repaired, scheme), 0U);
      for (const TagScheme other : kSchemes) {
        TaggedSentences there = data;
        convert_tags(there, scheme, other);
        convert_tags(there, other, scheme);
        EXPECT_EQ(there.tags, data.tags) << scheme_name(scheme) << " " << scheme_name(other);
      }
      if (testing::Test::HasFailure()) FAIL() << "round " << round;
    }
  }
}

TEST(AnyTags, ReadingsAgreeExactlyWhereThereAreNoFaultsAndRepairRemovesThem) {
  const Tags alphabet = {"O", "B-x", "I-x", "E-x", "S-x", "M-x", "B-y", "I-y", "E-y", "NN"};
  std::size_t well_formed = 0;
  for (std::uint64_t round = 0; round < 2000; ++round) {
    Random random(round, "any tags");
    Tags tags;
    std::vector<Index> offsets = {0};
    for (std::size_t s = 1 + draw(random, 2); s > 0; --s) {
      for (std::size_t t = 1 + draw(random, 4); t > 0; --t)
        tags.push_back(alphabet[draw(random, alphabet.size())]);
      offsets.push_back(static_cast<Index>(tags.size()));
    }
    for (const TagScheme scheme : kSchemes) {
      TaggedSentences data = data_of(tags, offsets);
      const auto strict = read(data, scheme, SpanReading::strict);
      const auto loose = read(data, scheme, SpanReading::conlleval);
      const bool clean = find_tag_faults(data, scheme).empty();
      well_formed += clean ? 1 : 0;
      if (clean) {
        EXPECT_EQ(strict, loose);
      }
      repair_tags(data, scheme);
      EXPECT_TRUE(find_tag_faults(data, scheme).empty());
      EXPECT_EQ(read(data, scheme, SpanReading::strict), loose);
      if (testing::Test::HasFailure()) FAIL() << "round " << round;
    }
  }
  EXPECT_GT(well_formed, 100U);
}

std::vector<std::string_view> lines_of(std::string_view text) {
  std::vector<std::string_view> out;
  for (std::size_t at = 0; at <= text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    out.push_back(text.substr(at, end - at));
    if (out.back().ends_with('\r')) out.back().remove_suffix(1);
    at = end + 1;
  }
  return out;
}

// Any text is refused with an Error or written back with one more column: no other byte changes.
TEST(AnyText, IsRefusedOrWrittenBack) {
  const Tags pieces = {"a",  "b",       "O",    " ",     "\t",        "\t",
                       "\n", "\n",      "\n\n", "#",     "# ",        "\r\n",
                       " ",  "é",       "-",    "B-x\n", "a\tO\n",    "a O\n",
                       "#a", "# i 5\n", "1",    "_",     "w\tN\tO\n", "-DOCSTART- O\n"};
  std::size_t accepted = 0;
  std::size_t refused = 0;
  for (std::uint64_t round = 0; round < 20000; ++round) {
    Random random(round, "any text");
    std::string text;
    const std::string& unit = pieces[draw(random, pieces.size())];
    for (std::size_t k = 1 + draw(random, 12); k > 0; --k)
      text += draw(random, 3) == 0 ? unit : pieces[draw(random, pieces.size())];
    std::optional<ColumnFile> file;
    try {
      file.emplace(TextFile("t", text), ColumnFormat::conll);
      read_tagged(*file, {}, false);
    } catch (const Error&) {
      ++refused;
      continue;
    }
    ++accepted;
    const std::vector<std::string> values(file->tokens(), "@Q@");
    const std::string out = file->with_column(values);
    const auto before = lines_of(text);
    const auto after = lines_of(out);
    ASSERT_EQ(before.size(), after.size()) << text;
    std::size_t longer = 0;
    for (std::size_t k = 0; k < before.size(); ++k) {
      ASSERT_TRUE(after[k].starts_with(before[k])) << text;
      const std::string_view more = after[k].substr(before[k].size());
      if (more.empty() || before[k].starts_with("-DOCSTART-")) continue;
      ASSERT_TRUE(more.ends_with("@Q@") && more.size() <= 4) << text;
      ++longer;
    }
    ASSERT_EQ(longer, file->tokens()) << text;
    ASSERT_EQ(std::count(out.begin(), out.end(), '\r'), std::count(text.begin(), text.end(), '\r'));
    // And it can be read again: the same words, and the new column last.
    SCOPED_TRACE(testing::PrintToString(text) + " became " + testing::PrintToString(out));
    std::optional<ColumnFile> read_again;
    ASSERT_NO_THROW(read_again.emplace(TextFile("t2", out), ColumnFormat::conll));
    const ColumnFile& again = *read_again;
    ASSERT_EQ(read_tagged(again, {}, true).tags, values) << text;
    for (std::size_t t = 0; t < file->tokens(); ++t)
      ASSERT_EQ(again.cell(t, 0), file->cell(t, 0)) << text;
  }
  EXPECT_GT(accepted, 3000U);
  EXPECT_GT(refused, 3000U);
}

}  // namespace
}  // namespace tailgrad
