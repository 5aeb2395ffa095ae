#include <tailgrad/data/text_dataset.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <tailgrad/core/error.h>

#include <support/messages.h>
#include <support/temporary_folder.h>

namespace tailgrad {
namespace {

using test::message_of;
using test::TemporaryFolder;
using testing::ElementsAre;
using testing::HasSubstr;

TEST(LoadTexts, TrainDevTest) {
  const TemporaryFolder folder;
  const TextSplits splits =
      load_texts({.train = folder.write("train.csv", "text,label\n\"a, b\",yes\nc,no\n"),
                  .dev = folder.write("dev.tsv", "label\ttext\nno\t\"d\" e\n"),
                  .test = folder.write("test.csv", "id,text,label\r\n1,f,yes\r\n")},
                 {}, 1);
  EXPECT_THAT(splits.labels.names(), ElementsAre("no", "yes"));
  EXPECT_THAT(splits.train.texts, ElementsAre("a, b", "c"));
  EXPECT_THAT(splits.train.labels, ElementsAre(1, 0));
  EXPECT_THAT(splits.train.lines, ElementsAre(2, 3));
  EXPECT_THAT(splits.dev.texts, ElementsAre("\"d\" e"));
  EXPECT_THAT(splits.test.labels, ElementsAre(1));
  EXPECT_FALSE(splits.held_out);
}

TEST(LoadTexts, HoldsOutATenthWithoutDev) {
  const TemporaryFolder folder;
  std::string text = "text,label\n";
  for (int i = 0; i < 200; ++i) text += std::to_string(i) + (i % 4 == 0 ? ",rare\n" : ",often\n");
  const std::string path = folder.write("train.csv", text);
  const TextSplits splits = load_texts({.train = path, .dev = "", .test = ""}, {}, 3);
  EXPECT_TRUE(splits.held_out);
  EXPECT_EQ(splits.train.size(), 180U);
  EXPECT_THAT(class_counts(splits.dev.labels, 2), ElementsAre(15, 5));
  EXPECT_EQ(splits.dev.lines[0], 2U + std::stoul(splits.dev.texts[0]));
  const TextSplits again = load_texts({.train = path, .dev = "", .test = ""}, {}, 3);
  EXPECT_EQ(again.dev.texts, splits.dev.texts);
}

TEST(LoadTexts, NamedColumnsAndFormat) {
  const TemporaryFolder folder;
  const TextSplits splits = load_texts(
      {.train = folder.write("train.txt", "body\tclass\nx\ta\ny\tb\n"), .dev = "", .test = ""},
      {.text = "body", .label = "class", .file = {.format = "tsv"}}, 1);
  EXPECT_EQ(splits.labels.size(), 2);
}

std::string failure(std::string train, std::string test = "") {
  const TemporaryFolder folder;
  const std::string message = message_of([&] {
    load_texts({.train = folder.write("train.csv", train),
                .dev = "",
                .test = test.empty() ? "" : folder.write("test.csv", test)},
               {}, 1);
  });
  const std::string prefix = folder.at("");
  return message.starts_with(prefix) ? message.substr(prefix.size()) : message;
}

TEST(LoadTexts, BadInput) {
  EXPECT_EQ(failure(""), "train.csv: is empty; a header line with the column names is needed");
  EXPECT_EQ(failure("text,label\n"), "train.csv: has a header but no rows");
  EXPECT_EQ(failure("body,label\nx,a\n"),
            "train.csv: there is no column 'text'; the columns are 'body', 'label'");
  EXPECT_EQ(failure("text,class\nx,a\n"),
            "train.csv: there is no column 'label'; the columns are 'text', 'class'");
  EXPECT_EQ(failure("text,label\nx,a\n,b\n"), "train.csv:3: the text in column 'text' is empty");
  EXPECT_EQ(failure("text,label\nx,a\n\" \t\r\n\",b\n"),
            "train.csv:3: the text in column 'text' is empty");
  EXPECT_EQ(failure("text,label\nx,a\ny,\n"), "train.csv:3: the label in column 'label' is empty");
  EXPECT_EQ(failure("text,label\nx,a\ny,a\n"),
            "train.csv: every row has the label 'a' in column 'label'; at least two classes are "
            "needed");
  EXPECT_EQ(failure("text,label\nx,a\ny,b\n", "text,label\nx,b\nz,c\n"),
            "test.csv:3: the label 'c' does not occur in the training data, whose labels are 'a', "
            "'b'");
  EXPECT_EQ(failure("text,label\nx,a\ny,b\n", "text,label\n"),
            "test.csv: has a header but no rows");
  EXPECT_THAT(failure("text,label\nx,a\n\"y,b\n"), HasSubstr("train.csv:3:1: a quote opens"));
  EXPECT_THAT(failure("text,label\ncaf\xe9,a\n"), HasSubstr("train.csv:2:4: byte 0xe9"));
}

TEST(ReadTexts, WithoutLabelsForPrediction) {
  const Table table(TextFile("t.csv", "text\nx\ny\n"), kCsv);
  const TextDataset data = read_texts(table, {}, nullptr);
  EXPECT_EQ(data.size(), 2U);
  EXPECT_TRUE(data.labels.empty());
}

TEST(SelectTexts, KeepsOrderAndLines) {
  const LabelSet labels({"a", "b"});
  const Table table(TextFile("t.csv", "text,label\nx,a\ny,b\nz,a\n"), kCsv);
  const TextDataset data = read_texts(table, {}, &labels);
  const std::vector<Index> items = {2, 1};
  const TextDataset part = select(data, items);
  EXPECT_THAT(part.texts, ElementsAre("z", "y"));
  EXPECT_THAT(part.labels, ElementsAre(0, 1));
  EXPECT_THAT(part.lines, ElementsAre(4, 3));
  const std::vector<Index> outside = {3};
  EXPECT_THROW(select(data, outside), Error);
}

}  // namespace
}  // namespace tailgrad
