#include <tailgrad/data/long_tail.h>

#include <filesystem>
#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <support/image_files.h>
#include <support/messages.h>
#include <tailgrad/data/labels.h>

namespace tailgrad {
namespace {

using test::message_of;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

// CIFAR-10-LT and CIFAR-100-LT at ratio 100, as the code of Cao et al. 2019 counts.
TEST(LongTailCounts, AreThoseOfThePapers) {
  EXPECT_THAT(long_tail_counts(5000, 10, 100, "exp"),
              ElementsAre(5000, 2997, 1796, 1077, 645, 387, 232, 139, 83, 50));
  std::size_t total = 0;
  for (const std::size_t count : long_tail_counts(500, 100, 100, "exp")) total += count;
  EXPECT_EQ(total, 10847U);
  EXPECT_THAT(long_tail_counts(5000, 4, 100, "step"), ElementsAre(5000, 5000, 50, 50));
  EXPECT_THAT(long_tail_counts(500, 5, 10, "step"), ElementsAre(500, 500, 50, 50, 50));
  EXPECT_THAT(long_tail_counts(7, 3, 1, "exp"), ElementsAre(7, 7, 7));
}

TEST(LongTailCounts, BadRatiosAreRefused) {
  EXPECT_THAT(message_of([] { long_tail_counts(10, 3, 0.5, "exp"); }),
              HasSubstr("ratio: needs a number >= 1"));
  EXPECT_THAT(message_of([] { long_tail_counts(10, 3, 11, "exp"); }),
              HasSubstr("class 2 of 3 would get 0 training items: 10 / 11 leaves 0.909; choose a "
                        "ratio of at most 10"));
}

// Images that say their own number.
ImageSplits numbered(std::size_t per_class, Index classes) {
  ImageSplits all;
  std::vector<std::string> names;
  for (Index k = 0; k < classes; ++k) names.push_back("c" + std::to_string(k));
  all.labels = LabelSet(names);
  all.train = {.path = "numbered", .height = 1, .width = 2, .channels = 1, .pixels = {}};
  for (std::size_t i = 0; i < per_class * static_cast<std::size_t>(classes); ++i) {
    all.train.pixels.push_back(static_cast<std::uint8_t>(i / 256));
    all.train.pixels.push_back(static_cast<std::uint8_t>(i % 256));
    all.train.labels.push_back(static_cast<Index>(i) % classes);
  }
  all.test = all.train;
  return all;
}

std::set<int> numbers_of(const ImageDataset& data) {
  std::set<int> all;
  for (std::size_t i = 0; i < data.size(); ++i)
    all.insert(data.pixels[2 * i] * 256 + data.pixels[2 * i + 1]);
  return all;
}

TEST(LongTail, DevIsBalancedAndApartFromTraining) {
  const ImageSplits all = numbered(100, 4);
  const ImageSplits thin = make_long_tail(all, 80, 8, "exp", 20, 1);
  EXPECT_THAT(class_counts(thin.train.labels, 4), ElementsAre(80, 40, 20, 10));
  EXPECT_THAT(class_counts(thin.dev.labels, 4), ElementsAre(20, 20, 20, 20));
  EXPECT_EQ(thin.test.size(), all.test.size());
  std::set<int> both = numbers_of(thin.train);
  EXPECT_EQ(both.size(), thin.train.size());
  for (const int one : numbers_of(thin.dev)) EXPECT_TRUE(both.insert(one).second);
  for (std::size_t i = 0; i < thin.train.size(); ++i)  // an image keeps its label
    EXPECT_EQ((thin.train.pixels[2 * i] * 256 + thin.train.pixels[2 * i + 1]) % 4,
              thin.train.labels[i]);
  EXPECT_EQ(numbers_of(thin.train), numbers_of(make_long_tail(all, 80, 8, "exp", 20, 1).train));
  EXPECT_NE(numbers_of(thin.train), numbers_of(make_long_tail(all, 80, 8, "exp", 20, 2).train));
}

TEST(LongTail, TooFewImagesAreNamed) {
  EXPECT_THAT(message_of([] { make_long_tail(numbered(100, 4), 90, 2, "exp", 20, 1); }),
              HasSubstr("numbered: class 'c0' has 100 training images; 90 to train and 20 for "
                        "development were asked for"));
}

TEST(LongTail, FormsAreRead) {
  EXPECT_TRUE(is_long_tail("fashion-mnist-lt"));
  EXPECT_TRUE(is_long_tail("cifar-lt:folder=x"));
  EXPECT_FALSE(is_long_tail("wordnet"));
  EXPECT_THAT(message_of([] { load_long_tail("fashion-mnist-lt:ratio=0.5"); }), HasSubstr("ratio"));
  EXPECT_THAT(message_of([] { load_long_tail("fashion-mnist-lt:folder=/nowhere"); }),
              HasSubstr("apt-get install dataset-fashion-mnist"));
  const test::ImageFolder folder;
  folder.write_cifar10(30);
  const ImageSplits thin = load_long_tail("cifar-lt:ratio=2,dev=2,folder=" + folder.path());
  EXPECT_EQ(class_counts(thin.train.labels, 10).front(), 13U);
  EXPECT_EQ(class_counts(thin.train.labels, 10).back(), 6U);
  EXPECT_EQ(thin.dev.size(), 20U);
  EXPECT_EQ(thin.test.size(), 30U);
}

TEST(LongTail, FashionMnistOfDebian) {
  if (!std::filesystem::exists(kFashionMnistFolder)) GTEST_SKIP() << "dataset-fashion-mnist";
  const ImageSplits data = load_long_tail("fashion-mnist-lt:ratio=100");
  EXPECT_THAT(class_counts(data.train.labels, 10),
              ElementsAre(5000, 2997, 1796, 1077, 645, 387, 232, 139, 83, 50));
  EXPECT_EQ(data.dev.size(), 5000U);
  EXPECT_EQ(data.test.size(), 10000U);
  EXPECT_EQ(data.labels.name(9), "Ankle boot");
  EXPECT_EQ(data.train.height, 28);
}

}  // namespace
}  // namespace tailgrad
