#include <tailgrad/data/wordnet.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <tailgrad/core/error.h>
#include <tailgrad/data/encoded_texts.h>

#include <support/messages.h>
#include <support/temporary_folder.h>

namespace tailgrad {
namespace {

using test::message_of;
using test::TemporaryFolder;
using testing::HasSubstr;
using testing::StartsWith;

TEST(WordNet, ReadsTheFormat) {
  const TemporaryFolder folder;
  folder.write("data.noun",
               "  1 This is the licence  \n"
               "00001740 03 n 01 entity 0 000 | that which is; \"a | b\"  \n"
               "00001930 05 n 01 dog 0 000 | that which is; \"a | b\"  \n");
  folder.write("data.verb", "00001740 29 v 01 breathe 0 000 | draw air\r\n");
  folder.write("data.adj", "00001740 44 a 01 able 0 000 | being able");
  folder.write("data.adv", "");
  const TextSplits splits = load_wordnet(folder.at("."));
  EXPECT_EQ(splits.labels.size(), 45);
  std::map<std::string, std::multiset<std::string>> texts_of;  // by class
  for (const TextDataset* part : {&splits.train, &splits.dev, &splits.test}) {
    for (std::size_t i = 0; i < part->size(); ++i) {
      texts_of[splits.labels.name(part->labels[i])].insert(part->texts[i]);
      EXPECT_EQ(part,
                std::vector({&splits.train, &splits.dev, &splits.test})[static_cast<std::size_t>(
                    std::max(0, wordnet_part(part->texts[i]) - 7))]);
    }
  }
  const std::map<std::string, std::multiset<std::string>> expected = {
      {"noun.Tops", {"that which is; \"a | b\""}},
      {"noun.animal", {"that which is; \"a | b\""}},
      {"verb.body", {"draw air"}},
      {"adj.ppl", {"being able"}}};
  EXPECT_EQ(texts_of, expected);
}

TEST(WordNet, MissingPackage) {
  EXPECT_THAT(message_of([] { load_wordnet("/nowhere"); }),
              AllOf(StartsWith("/nowhere/data.noun: there is no such file"),
                    HasSubstr("apt-get install wordnet-base")));
}

TEST(WordNet, BadLines) {
  const TemporaryFolder folder;
  const auto failure = [&](std::string line) {
    folder.write("data.noun", "00001740 03 n 01 entity 0 000 | fine\n" + line + "\n");
    return message_of([&] { load_wordnet(folder.at(".")); });
  };
  EXPECT_THAT(failure("nonsense"),
              HasSubstr("data.noun:2:1: is not a line of a WordNet data file"));
  EXPECT_THAT(failure("00001740 3 n 01 x 0 000 | y"), HasSubstr("data.noun:2:1: is not a line"));
  EXPECT_THAT(failure("00001740 45 n 01 x 0 000 | y"),
              HasSubstr("data.noun:2:10: there is no lexicographer file 45"));
  EXPECT_THAT(failure("00001740 03 n 01 x 0 000"), HasSubstr("2:1: this synset has no gloss"));
  EXPECT_THAT(failure("00001740 03 n 01 x 0 000 |   "), HasSubstr("this synset has no gloss"));
}

TEST(WordNet, PartIsPinned) {
  // fnv1a, by an independent computation: a change would move glosses between published splits.
  EXPECT_EQ(wordnet_part(""), static_cast<int>(0xcbf29ce484222325ULL % 10));
  EXPECT_EQ(wordnet_part("foobar"), static_cast<int>(0x85944171f73967e8ULL % 10));
}

TEST(WordNet, RealGlosses) {
  if (!std::filesystem::exists(std::string(kWordNetFolder) + "/data.noun")) {
    GTEST_SKIP() << "the package wordnet-base is not installed";
  }
  const TextSplits splits = load_wordnet();
  std::vector<std::size_t> counts(45, 0);
  std::set<std::string> train(splits.train.texts.begin(), splits.train.texts.end());
  std::set<std::string> dev(splits.dev.texts.begin(), splits.dev.texts.end());
  for (const TextDataset* part : {&splits.train, &splits.dev, &splits.test}) {
    const std::vector<std::size_t> part_counts = class_counts(part->labels, 45);
    for (std::size_t k = 0; k < 45; ++k) counts[k] += part_counts[k];
  }
  std::size_t total = 0;
  for (const std::size_t count : counts) total += count;
  EXPECT_EQ(total, 117659U);
  const auto count_of = [&](std::string_view name) {
    return counts[static_cast<std::size_t>(*splits.labels.find(name))];
  };
  EXPECT_EQ(count_of("adj.all"), 14435U);
  EXPECT_EQ(count_of("noun.motive"), 42U);
  EXPECT_EQ(*std::max_element(counts.begin(), counts.end()), 14435U);
  EXPECT_EQ(*std::min_element(counts.begin(), counts.end()), 42U);
  const auto n = static_cast<double>(total);
  EXPECT_NEAR(static_cast<double>(splits.train.size()) / n, 0.8, 0.005);
  EXPECT_NEAR(static_cast<double>(splits.dev.size()) / n, 0.1, 0.005);
  // Every class can be learnt, chosen by and tested on.
  for (const TextDataset* part : {&splits.train, &splits.dev, &splits.test}) {
    for (const std::size_t count : class_counts(part->labels, 45)) EXPECT_GT(count, 0U);
  }
  for (const std::string& text : splits.dev.texts) EXPECT_FALSE(train.contains(text)) << text;
  for (const std::string& text : splits.test.texts) {
    EXPECT_FALSE(train.contains(text) || dev.contains(text)) << text;
  }
}

}  // namespace
}  // namespace tailgrad
