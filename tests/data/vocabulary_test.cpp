#include <tailgrad/data/vocabulary.h>

#include <algorithm>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <tailgrad/core/error.h>
#include <tailgrad/data/encoded_texts.h>

#include <support/messages.h>
#include <support/temporary_folder.h>

namespace tailgrad {
namespace {

using test::message_of;
using testing::ElementsAre;
using testing::HasSubstr;

const std::vector<std::string> kTexts = {"b b b a a", "c a d d", "\xc3\xa9 c"};

TEST(WordCounts, OrderIsFrequencyThenBytes) {
  const WordCounts counts = count_words(kTexts, {});
  EXPECT_EQ(counts.count("a"), 3U);
  EXPECT_EQ(counts.count("z"), 0U);
  EXPECT_EQ(counts.distinct(), 5U);
  EXPECT_THAT(counts.most_frequent({}), ElementsAre("a", "b", "c", "d", "\xc3\xa9"));
  EXPECT_THAT(counts.most_frequent({.min_count = 2}), ElementsAre("a", "b", "c", "d"));
  EXPECT_THAT(counts.most_frequent({.max_words = 3}), ElementsAre("a", "b", "c"));
  EXPECT_THAT(counts.most_frequent({.min_count = 9}), ElementsAre());
}

TEST(Vocabulary, Ids) {
  const Vocabulary vocabulary(count_words(kTexts, {}), {.min_count = 2});
  EXPECT_EQ(vocabulary.size(), 5);
  EXPECT_EQ(vocabulary.find("a"), 1);
  EXPECT_EQ(vocabulary.find("d"), 4);
  EXPECT_EQ(vocabulary.find("\xc3\xa9"), Vocabulary::kUnknown);
  EXPECT_EQ(vocabulary.name(0), "<unk>");
  EXPECT_EQ(vocabulary.name(2), "b");
  EXPECT_THROW(vocabulary.name(5), Error);
  EXPECT_THROW(vocabulary.name(-1), Error);
}

TEST(Vocabulary, RoundTripThroughItsWords) {
  const VocabularyOptions options{.buckets = 7};
  const Vocabulary first(count_words(kTexts, {}), options);
  const Vocabulary second({first.words().begin(), first.words().end()}, options);
  EXPECT_EQ(second.size(), first.size());
  for (const char* word : {"a", "\xc3\xa9", "unseen"}) {
    std::vector<Index> a, b;
    first.append_ids(word, a);
    second.append_ids(word, b);
    EXPECT_EQ(a, b);
  }
}

TEST(Vocabulary, EmptyOneKnowsNothing) {
  const Vocabulary vocabulary;
  EXPECT_EQ(vocabulary.size(), 1);
  EXPECT_EQ(vocabulary.find("a"), 0);
}

TEST(Vocabulary, RefusesBadWordsAndOptions) {
  EXPECT_THAT(message_of([] { Vocabulary({"a", "b", "a"}); }), HasSubstr("'a' occurs twice"));
  EXPECT_THAT(message_of([] { Vocabulary({"a", ""}); }), HasSubstr("word 1 is empty"));
  EXPECT_THAT(message_of([] { Vocabulary(WordCounts(), {.min_count = 0}); }),
              HasSubstr("min_count must be at least 1; got 0"));
  EXPECT_THAT(message_of([] { Vocabulary(WordCounts(), {.buckets = -1}); }), HasSubstr("buckets"));
  EXPECT_THAT(message_of([] { Vocabulary(WordCounts(), {.min_ngram = 4, .max_ngram = 3}); }),
              HasSubstr("max_ngram must be at least min_ngram; got 3"));
}

Index bucket(std::string_view ngram, const Vocabulary& vocabulary) {
  return static_cast<Index>(vocabulary.words().size()) + 1 +
         static_cast<Index>(fnv1a(ngram) %
                            static_cast<std::uint64_t>(vocabulary.options().buckets));
}

TEST(Vocabulary, UnseenWordsBecomeNgrams) {
  const Vocabulary vocabulary({"cat"}, {.buckets = 1000, .min_ngram = 3, .max_ngram = 4});
  std::vector<Index> ids;
  vocabulary.append_ids("cat", ids);
  EXPECT_THAT(ids, ElementsAre(1));
  ids.clear();
  vocabulary.append_ids("d\xc3\xa9j", ids);  // <déj>: characters, not bytes
  std::vector<Index> expected;
  for (const char* ngram :
       {"<d\xc3\xa9", "<d\xc3\xa9j", "d\xc3\xa9j", "d\xc3\xa9j>", "\xc3\xa9j>"}) {
    expected.push_back(bucket(ngram, vocabulary));
  }
  EXPECT_EQ(ids, expected);
  for (const Index id : ids) EXPECT_LT(id, vocabulary.size());
  EXPECT_THAT(vocabulary.name(2), "<n-gram 0>");
}

TEST(Vocabulary, NgramsOfAllWordsFollowTheirOwnId) {
  const Vocabulary vocabulary({"ab"}, {.buckets = 50, .max_ngram = 3, .ngrams_of_all_words = true});
  std::vector<Index> ids;
  vocabulary.append_ids("ab", ids);
  EXPECT_THAT(ids, ElementsAre(1, bucket("<ab", vocabulary), bucket("ab>", vocabulary)));
}

TEST(Vocabulary, WordTooShortForNgramsIsUnknown) {
  const Vocabulary vocabulary({"ab"}, {.buckets = 50, .min_ngram = 4});
  std::vector<Index> ids;
  vocabulary.append_ids("x", ids);
  EXPECT_THAT(ids, ElementsAre(Vocabulary::kUnknown));
}

TEST(Encode, IdsOffsetsAndUnknown) {
  const Vocabulary vocabulary({"a", "b"});
  const std::vector<std::string> texts = {"a b z", "B", " \t ", "A, a"};
  const EncodedTexts encoded = encode(texts, {}, vocabulary, 100);
  EXPECT_THAT(encoded.ids, ElementsAre(1, 2, 0, 2, 0, 1, 0, 1));
  EXPECT_THAT(encoded.offsets, ElementsAre(0, 3, 4, 5, 8));
  EXPECT_TRUE(encoded.id_offsets.empty());
  EXPECT_EQ(encoded.truncated, 0);
  EXPECT_EQ(encoded.size(), 4);
  EXPECT_EQ(encoded.tokens(), 8);
  EXPECT_THAT(encoded.lengths(), ElementsAre(3, 1, 1, 3));
}

TEST(Encode, TruncationIsCounted) {
  std::string huge;
  for (int i = 0; i < 100000; ++i) huge += "a ";
  const std::vector<std::string> texts = {huge, "a a a", "a a a a"};
  const EncodedTexts encoded = encode(texts, {}, Vocabulary({"a"}), 3);
  EXPECT_EQ(encoded.truncated, 2);
  EXPECT_THAT(encoded.lengths(), ElementsAre(3, 3, 3));
  EXPECT_THAT(message_of([&] { encode(texts, {}, Vocabulary(), 0); }),
              HasSubstr("max_tokens must be at least 1; got 0"));
}

TEST(EncodePairs, OneSequenceWithKinds) {
  const Vocabulary vocabulary({"a", "b"});
  const std::vector<std::string> first = {"a zebra b", "a", ".", "b b b"};
  const std::vector<std::string> second = {"Zebra a a", "b", " ", "b"};
  const EncodedTexts encoded = encode_pairs(first, second, {}, vocabulary, 3);
  EXPECT_THAT(encoded.ids, ElementsAre(1, 0, 2, 0, 1, 1, 1, 2, 0, 0, 2, 2, 2, 2));
  EXPECT_THAT(encoded.offsets, ElementsAre(0, 6, 8, 10, 14));
  // A word that the vocabulary does not know is shared as well as any other.
  EXPECT_THAT(encoded.kinds, ElementsAre(1, 1, 0, 3, 3, 3, 0, 2, 0, 2, 1, 1, 1, 3));
  EXPECT_EQ(encoded.truncated, 0);

  EncodedTexts some;
  const std::vector<Index> items = {3, 1};
  select(encoded, items, some);
  EXPECT_THAT(some.kinds, ElementsAre(1, 1, 1, 3, 0, 2));
  EXPECT_THAT(some.offsets, ElementsAre(0, 4, 6));
}

// What is cut off is shared with nothing.
TEST(EncodePairs, EachTextIsCut) {
  const std::vector<std::string> first = {"a b c", "a"};
  const std::vector<std::string> second = {"c b a", "a b"};
  const EncodedTexts encoded = encode_pairs(first, second, {}, Vocabulary({"a", "b", "c"}), 2);
  EXPECT_THAT(encoded.ids, ElementsAre(1, 2, 3, 2, 1, 1, 2));
  EXPECT_THAT(encoded.kinds, ElementsAre(0, 1, 2, 3, 1, 3, 2));
  EXPECT_EQ(encoded.truncated, 1);
  EXPECT_THAT(message_of([&] { encode_pairs(first, {}, {}, Vocabulary(), 2); }),
              HasSubstr("as many second texts as first ones; got 0 and 2"));
}

TEST(EncodePairs, SeveralIdsATokenHaveOneKind) {
  const Vocabulary vocabulary({"a"}, {.buckets = 20, .max_ngram = 3});
  const std::vector<std::string> first = {"a xy"};
  const std::vector<std::string> second = {"xy"};
  const EncodedTexts encoded = encode_pairs(first, second, {}, vocabulary, 9);
  EXPECT_THAT(encoded.id_offsets, ElementsAre(0, 1, 3, 5));
  EXPECT_THAT(encoded.kinds, ElementsAre(0, 1, 3));
}

TEST(Encode, NothingToEncode) {
  const EncodedTexts encoded = encode({}, {}, Vocabulary(), 5);
  EXPECT_EQ(encoded.size(), 0);
  EXPECT_EQ(encoded.tokens(), 0);
}

TEST(Encode, SeveralIdsAToken) {
  const Vocabulary vocabulary({"a"}, {.buckets = 20, .max_ngram = 3});
  const std::vector<std::string> texts = {"a xy", "a", "pqr"};
  const EncodedTexts encoded = encode(texts, {}, vocabulary, 100);
  EXPECT_THAT(encoded.offsets, ElementsAre(0, 2, 3, 4));
  EXPECT_THAT(encoded.id_offsets, ElementsAre(0, 1, 3, 4, 7));  // <xy> has 2, <pqr> 3
  EXPECT_EQ(encoded.ids.size(), 7U);

  EncodedTexts some;
  const std::vector<Index> items = {2, 0};
  select(encoded, items, some);
  EXPECT_THAT(some.offsets, ElementsAre(0, 1, 3));
  EXPECT_THAT(some.id_offsets, ElementsAre(0, 3, 4, 6));
  EXPECT_TRUE(std::equal(some.ids.begin(), some.ids.begin() + 3, encoded.ids.begin() + 4));
  EXPECT_TRUE(std::equal(some.ids.begin() + 3, some.ids.end(), encoded.ids.begin()));
}

TEST(Select, PicksTextsInOrder) {
  const Vocabulary vocabulary({"a", "b", "c"});
  const std::vector<std::string> texts = {"a b", "c", "a a a"};
  const EncodedTexts encoded = encode(texts, {}, vocabulary, 10);
  EncodedTexts some;
  const std::vector<Index> items = {2, 1, 2};
  select(encoded, items, some);
  EXPECT_THAT(some.ids, ElementsAre(1, 1, 1, 3, 1, 1, 1));
  EXPECT_THAT(some.offsets, ElementsAre(0, 3, 4, 7));
  select(encoded, {}, some);
  EXPECT_EQ(some.size(), 0);
  const std::vector<Index> outside = {3};
  EXPECT_THROW(select(encoded, outside, some), Error);
}

}  // namespace
}  // namespace tailgrad
