#include <tailgrad/data/labels.h>

#include <algorithm>
#include <cmath>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <tailgrad/core/error.h>
#include <tailgrad/data/split.h>

#include <support/messages.h>
#include <support/temporary_folder.h>

namespace tailgrad {
namespace {

using test::message_of;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

LabelSet set_of(std::vector<std::string_view> labels) {
  return LabelSet::of(labels);
}
Table csv_table(std::string text) {
  return Table(TextFile("t.csv", std::move(text)), kCsv);
}

TEST(LabelSet, SortsNamesByBytesAndIntegersByValue) {
  EXPECT_THAT(set_of({"b", "a", "B", "b", "\xc3\xa9"}).names(),
              ElementsAre("B", "a", "b", "\xc3\xa9"));
  EXPECT_THAT(set_of({"10", "9", "-1", "2", "10"}).names(), ElementsAre("-1", "2", "9", "10"));
  EXPECT_THAT(set_of({"10", "9", "x"}).names(), ElementsAre("10", "9", "x"));
  EXPECT_THAT(set_of({"1.5", "10", "2"}).names(), ElementsAre("1.5", "10", "2"));
}

TEST(LabelSet, FindsNamesWhateverTheirOrder) {
  const LabelSet labels({"noun", "adj", "verb"});
  EXPECT_EQ(labels.find("adj"), 1);
  EXPECT_EQ(labels.find("verb"), 2);
  EXPECT_EQ(labels.find("adv"), std::nullopt);
  EXPECT_EQ(labels.find(""), std::nullopt);
  EXPECT_EQ(labels.name(0), "noun");
  EXPECT_THROW(labels.name(3), Error);
  EXPECT_THROW(labels.name(-1), Error);
}

TEST(LabelSet, RefusesDoubleAndEmptyNames) {
  EXPECT_THAT(message_of([] { LabelSet({"a", "b", "a"}); }), HasSubstr("'a' occurs twice"));
  EXPECT_THAT(message_of([] { LabelSet({"a", ""}); }), HasSubstr("must not be empty"));
}

TEST(Labels, OfATable) {
  const Table table = csv_table("text,label\nx,b\ny,a\nz,b\n");
  const LabelSet labels = training_labels(table, "label");
  EXPECT_THAT(labels.names(), ElementsAre("a", "b"));
  const std::vector<Index> ids = label_ids(table, "label", labels);
  EXPECT_THAT(ids, ElementsAre(1, 0, 1));
  EXPECT_THAT(class_counts(ids, 3), ElementsAre(1, 2, 0));
}

TEST(Labels, BadInput) {
  EXPECT_EQ(message_of([] { training_labels(csv_table("text,label\n"), "label"); }),
            "t.csv: has a header but no rows");
  EXPECT_EQ(
      message_of([] { training_labels(csv_table("text,label\nx,a\ny,a\n"), "label"); }),
      "t.csv: every row has the label 'a' in column 'label'; at least two classes are needed");
  EXPECT_EQ(message_of([] { training_labels(csv_table("text,label\nx,a\ny,\n"), "label"); }),
            "t.csv:3: the label in column 'label' is empty");
  EXPECT_EQ(message_of([] { training_labels(csv_table("text,class\nx,a\n"), "label"); }),
            "t.csv: there is no column 'label'; the columns are 'text', 'class'");
  EXPECT_EQ(
      message_of([] {
        label_ids(csv_table("text,label\nx,a\ny,c\n"), "label", LabelSet({"a", "b"}));
      }),
      "t.csv:3: the label 'c' does not occur in the training data, whose labels are 'a', 'b'");
  std::vector<std::string> many;
  for (int i = 0; i < 45; ++i) many.push_back(std::to_string(i));
  EXPECT_THAT(message_of([&] { label_ids(csv_table("label\nx\n"), "label", LabelSet(many)); }),
              HasSubstr("'8', '9', … (45 in all)"));
  const std::vector<Index> outside = {0, 2};
  EXPECT_THROW(class_counts(outside, 2), Error);
}

std::vector<Index> labels_with_counts(std::vector<int> counts) {
  std::vector<Index> labels;
  for (std::size_t k = 0; k < counts.size(); ++k) {
    labels.insert(labels.end(), static_cast<std::size_t>(counts[k]), static_cast<Index>(k));
  }
  return labels;
}

std::vector<std::size_t> held_out_counts(std::vector<int> counts, double share) {
  const std::vector<Index> labels = labels_with_counts(counts);
  const Split split = stratified_split(labels, static_cast<Index>(counts.size()), share, 1);
  std::vector<Index> held;
  for (const Index item : split.held_out) held.push_back(labels[static_cast<std::size_t>(item)]);
  return class_counts(held, static_cast<Index>(counts.size()));
}

TEST(StratifiedSplit, HoldsOutARoundedShareOfEveryClass) {
  EXPECT_THAT(held_out_counts({100, 14, 15, 5, 4, 1, 0}, 0.1), ElementsAre(10, 1, 2, 1, 0, 0, 0));
  EXPECT_THAT(held_out_counts({2, 1, 10}, 0.9), ElementsAre(1, 0, 9));  // one of each is kept
}

TEST(StratifiedSplit, NeverNothingIfThereIsAChoice) {
  EXPECT_THAT(held_out_counts({4, 3, 1}, 0.1), ElementsAre(1, 1, 0));
  EXPECT_THAT(held_out_counts({1, 1}, 0.1), ElementsAre(0, 0));
}

TEST(StratifiedSplit, EveryItemOnceInOrderAndBySeed) {
  const std::vector<Index> labels = labels_with_counts({50, 30, 20});
  const Split split = stratified_split(labels, 3, 0.1, 7);
  std::vector<Index> all = split.kept;
  all.insert(all.end(), split.held_out.begin(), split.held_out.end());
  std::sort(all.begin(), all.end());
  for (Index i = 0; i < 100; ++i) EXPECT_EQ(all[static_cast<std::size_t>(i)], i);
  EXPECT_TRUE(std::is_sorted(split.kept.begin(), split.kept.end()));
  EXPECT_TRUE(std::is_sorted(split.held_out.begin(), split.held_out.end()));
  EXPECT_EQ(stratified_split(labels, 3, 0.1, 7).held_out, split.held_out);
  EXPECT_NE(stratified_split(labels, 3, 0.1, 8).held_out, split.held_out);
}

TEST(StratifiedSplit, BadInput) {
  EXPECT_THAT(stratified_split({}, 2, 0.1, 1).kept, IsEmpty());
  const std::vector<Index> labels = {0, 5};
  EXPECT_THROW(stratified_split(labels, 2, 0.1, 1), Error);
  for (const double share : {0.0, 1.0, -1.0, std::nan("")}) {
    EXPECT_THAT(message_of([&] { stratified_split({}, 2, share, 1); }),
                HasSubstr("share must be between 0 and 1"));
  }
}

}  // namespace
}  // namespace tailgrad
