#include <tailgrad/metrics/confusion.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <support/messages.h>

namespace tailgrad {
namespace {

using test::message_of;
using ::testing::HasSubstr;

// truth 0: 3 items (2 right, 1 called 1); truth 1: 2 items (1 right, 1 called 0); truth 2: 1 item
// called 0; class 3 never occurs and is never predicted.
const std::vector<Index> kTruth = {0, 0, 0, 1, 1, 2};
const std::vector<Index> kPredicted = {0, 0, 1, 1, 0, 0};

TEST(Confusion, ScoresByHand) {
  const OutcomeCounts counts = count_classes(kTruth, kPredicted, 4);
  EXPECT_EQ(counts.items, 6);
  EXPECT_DOUBLE_EQ(*precision(counts, 0), 2.0 / 4);
  EXPECT_DOUBLE_EQ(*recall(counts, 0), 2.0 / 3);
  EXPECT_DOUBLE_EQ(*f1(counts, 0), 4.0 / 7);
  EXPECT_DOUBLE_EQ(*f1(counts, 1), 2.0 / 4);
  EXPECT_EQ(precision(counts, 2), std::nullopt);  // never predicted
  EXPECT_EQ(recall(counts, 2), 0.0);
  EXPECT_EQ(f1(counts, 2), 0.0);
  EXPECT_EQ(recall(counts, 3), std::nullopt);
  EXPECT_EQ(f1(counts, 3), std::nullopt);
  EXPECT_DOUBLE_EQ(*accuracy(counts), 0.5);
  EXPECT_DOUBLE_EQ(*balanced_error(counts), 1 - (2.0 / 3 + 0.5 + 0) / 3);
  EXPECT_DOUBLE_EQ(*macro_f1(counts), (4.0 / 7 + 0.5 + 0) / 3);
  EXPECT_DOUBLE_EQ(*micro_f1(counts), *accuracy(counts));
}

TEST(Confusion, F1IsTheDiceOfPredictedAndTrueItems) {
  // Dice of two sets of items = 2 |A and B| / (|A| + |B|), counted here without the library.
  const OutcomeCounts counts = count_classes(kTruth, kPredicted, 4);
  for (Index k = 0; k < 3; ++k) {
    double both = 0, sizes = 0;
    for (std::size_t i = 0; i < kTruth.size(); ++i) {
      both += kTruth[i] == k && kPredicted[i] == k;
      sizes += (kTruth[i] == k) + (kPredicted[i] == k);
    }
    EXPECT_DOUBLE_EQ(*f1(counts, k), 2 * both / sizes);
  }
}

TEST(Confusion, IgnoredItemsEqualRemovedItems) {
  const std::vector<Index> truth = {0, -100, 0, 0, 1, -100, 1, 2};
  const std::vector<Index> predicted = {0, 3, 0, 1, 1, 0, 0, 0};
  const OutcomeCounts with = count_classes(truth, predicted, 4, -100);
  const OutcomeCounts without = count_classes(kTruth, kPredicted, 4);
  EXPECT_EQ(with.items, without.items);
  EXPECT_EQ(with.support, without.support);
  EXPECT_EQ(with.predicted, without.predicted);
  EXPECT_EQ(with.correct, without.correct);
}

TEST(Confusion, MatrixAndLargestMistakes) {
  EXPECT_EQ(confusion_matrix(kTruth, kPredicted, 3),
            (std::vector<std::int64_t>{2, 1, 0, 1, 1, 0, 1, 0, 0}));
  const std::vector<Index> truth = {0, 1, 1, 2, 2, 2};
  const std::vector<Index> predicted = {1, 0, 0, 2, 0, 1};
  EXPECT_EQ(largest_mistakes(truth, predicted, 3, 3),
            (std::vector<ConfusionCell>{{1, 0, 2}, {0, 1, 1}, {2, 0, 1}}));
}

TEST(Confusion, NoItemsNoScores) {
  const OutcomeCounts counts = count_classes({}, {}, 2);
  EXPECT_EQ(accuracy(counts), std::nullopt);
  EXPECT_EQ(balanced_error(counts), std::nullopt);
  EXPECT_EQ(macro_f1(counts), std::nullopt);
  EXPECT_EQ(micro_f1(counts), std::nullopt);
}

TEST(Confusion, BadInputSaysWhere) {
  const std::vector<Index> bad = {0, 2};
  const std::vector<Index> good = {0, 1};
  EXPECT_THAT(message_of([&] { count_classes(bad, good, 2); }),
              HasSubstr("the label of item 1 must be a class in 0 … 1; got 2"));
  EXPECT_THAT(message_of([&] { count_classes(good, bad, 2); }),
              HasSubstr("the prediction of item 1 must be a class in 0 … 1; got 2"));
  EXPECT_THAT(message_of([&] { count_classes(good, kTruth, 2); }),
              HasSubstr("2 labels, 6 predictions"));
}

}  // namespace
}  // namespace tailgrad
