#include <tailgrad/metrics/groups.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <support/messages.h>

namespace tailgrad {
namespace {

using test::message_of;
using ::testing::HasSubstr;

TEST(Groups, BordersGoOutwards) {
  EXPECT_EQ(group_of(100), Group::many);
  EXPECT_EQ(group_of(99), Group::medium);
  EXPECT_EQ(group_of(21), Group::medium);
  EXPECT_EQ(group_of(20), Group::few);
  EXPECT_EQ(group_of(0), Group::few);
}

TEST(Groups, RecallIsTheMeanOverClassesNotItems) {
  // Class 0 (many): 1/4 right, class 1 (many): 1/1, class 2 (few): does not occur, none medium.
  const std::vector<Index> truth = {0, 0, 0, 0, 1};
  const std::vector<Index> predicted = {0, 1, 1, 1, 1};
  const std::vector<std::int64_t> train = {500, 100, 3};
  const GroupScores scores = score_groups(count_classes(truth, predicted, 3), train);
  EXPECT_DOUBLE_EQ(*scores[0].recall, (0.25 + 1) / 2);
  EXPECT_EQ(scores[0].classes, 2);
  EXPECT_EQ(scores[1].classes, 0);
  EXPECT_EQ(scores[1].recall, std::nullopt);
  EXPECT_EQ(scores[2].classes, 1);
  EXPECT_EQ(scores[2].scored, 0);
  EXPECT_EQ(scores[2].recall, std::nullopt);
}

TEST(Groups, BadInput) {
  const OutcomeCounts counts(3);
  EXPECT_THAT(message_of([&] {
                score_groups(counts, std::vector<std::int64_t>{1, 2});
              }),
              HasSubstr("one count for each of the 3 classes; got 2"));
  EXPECT_THAT(message_of([&] {
                score_groups(counts, std::vector<std::int64_t>{1, -2, 3});
              }),
              HasSubstr("the count of class 1 must be >= 0; got -2"));
  EXPECT_THAT(
      message_of([&] {
        score_groups(counts, std::vector<std::int64_t>{1, 2, 3}, {.many_from = 5, .few_to = 5});
      }),
      HasSubstr("few_to must be below many_from"));
}

}  // namespace
}  // namespace tailgrad
