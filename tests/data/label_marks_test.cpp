// Several labels an item: cells, names in a file, held-out parts.
#include <tailgrad/data/labels.h>

#include <algorithm>
#include <cstdlib>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <tailgrad/core/random.h>
#include <tailgrad/data/split.h>
#include <tailgrad/data/text_dataset.h>

#include <support/messages.h>
#include <support/temporary_folder.h>

namespace tailgrad {
namespace {

using test::message_of;
using test::TemporaryFolder;
using testing::ElementsAre;
using testing::HasSubstr;

Table tsv_table(std::string text) {
  return Table(TextFile("t.tsv", std::move(text)), kTsv);
}
const LabelCells kCommas{.separator = ","};

TEST(LabelMarks, CellsHoldAnyNumberOfLabels) {
  const Table table = tsv_table("id\tlabel\n1\tb,a\n2\t\n3\t c \n4\tc, c\n");
  const LabelSet labels = training_labels(table, "label", kCommas);
  EXPECT_THAT(labels.names(), ElementsAre("a", "b", "c"));
  EXPECT_THAT(label_marks(table, "label", labels, kCommas),
              ElementsAre(1, 1, 0, 0, 0, 0, 0, 0, 1, 0, 0, 1));
}

TEST(LabelMarks, AnySeparator) {
  const Table table = tsv_table("label\nb|a, x\nb\n");
  const LabelSet labels = training_labels(table, "label", {.separator = "|"});
  EXPECT_THAT(labels.names(), ElementsAre("a, x", "b"));
}

TEST(LabelMarks, NumbersStandForNames) {
  const Table table = tsv_table("label\n2,0\njoy\n");
  const LabelSet labels({"joy", "fear", "awe"});
  const LabelCells numbers{.separator = ",", .numbers = true};
  EXPECT_THAT(label_marks(table, "label", labels, numbers), ElementsAre(1, 0, 1, 1, 0, 0));
  EXPECT_THAT(label_ids(tsv_table("label\n1\nawe\n"), "label", labels, {.numbers = true}),
              ElementsAre(1, 2));
  for (const char* bad : {"3", "-1", "grief", "1.0"}) {
    EXPECT_THAT(message_of([&] {
                  label_marks(tsv_table("label\n0\n" + std::string(bad) + "\n"), "label", labels,
                              numbers);
                }),
                HasSubstr("t.tsv:3: the label '" + std::string(bad) +
                          "' is neither a label name nor a number from 0 to 2"));
  }
}

TEST(LabelMarks, RefusesNothingBetweenSeparatorsAndWhatIsNotKnown) {
  for (const char* bad : {"a,,b", ",a", "a,", "a, ,b"}) {
    EXPECT_THAT(message_of([&] {
                  training_labels(tsv_table("label\nx\n" + std::string(bad) + "\n"), "label",
                                  kCommas);
                }),
                HasSubstr("t.tsv:3: a label in column 'label' is empty: '" + std::string(bad)));
  }
  EXPECT_THAT(message_of([] {
                label_marks(tsv_table("label\na,z\n"), "label", LabelSet({"a", "b"}), kCommas);
              }),
              HasSubstr("t.tsv:2: the label 'z' does not occur in the training data"));
  EXPECT_THAT(message_of([] { training_labels(tsv_table("label\tx\n\t1\n"), "label", kCommas); }),
              HasSubstr("no row has a label in 'label'"));
}

TEST(LabelNames, OneALine) {
  const TemporaryFolder folder;
  EXPECT_THAT(read_label_names(folder.write("names.txt", "joy\r\n fear \nawe")).names(),
              ElementsAre("joy", "fear", "awe"));
  EXPECT_THAT(message_of([&] { read_label_names(folder.write("gap.txt", "joy\n\nfear\n")); }),
              HasSubstr("gap.txt:2: a label name must not be empty"));
  EXPECT_THAT(message_of([&] { read_label_names(folder.write("twice.txt", "joy\njoy\n")); }),
              HasSubstr("'joy' occurs twice"));
  EXPECT_THAT(message_of([&] { read_label_names(folder.write("one.txt", "joy\n")); }),
              HasSubstr("at least two label names"));
}

// Items of 6 classes with frequencies from one half to one in two hundred; some have no class.
std::vector<std::uint8_t> long_tail(std::size_t items) {
  const double shares[] = {0.5, 0.25, 0.1, 0.05, 0.02, 0.005};
  Random random(7, "long tail");
  std::vector<std::uint8_t> marks;
  for (std::size_t i = 0; i < items; ++i)
    for (const double share : shares) marks.push_back(random.uniform() < share);
  return marks;
}

TEST(StratifiedSplitMarks, EveryClassGetsItsShare) {
  const std::vector<std::uint8_t> marks = long_tail(2000);
  const Split split = stratified_split_marks(marks, 6, 0.1, 3);
  EXPECT_EQ(split.kept.size() + split.held_out.size(), 2000U);
  EXPECT_NEAR(static_cast<double>(split.held_out.size()), 200, 10);
  for (std::size_t k = 0; k < 6; ++k) {
    double all = 0;
    double held = 0;
    for (std::size_t i = 0; i < 2000; ++i) all += marks[i * 6 + k];
    for (const Index item : split.held_out) held += marks[static_cast<std::size_t>(item) * 6 + k];
    EXPECT_NEAR(held, 0.1 * all, 1 + 0.02 * all) << "class " << k << " of " << all;
    EXPECT_GT(held, 0) << "class " << k << " of " << all;
  }
}

TEST(StratifiedSplitMarks, TheSeedSaysWhichOnes) {
  const std::vector<std::uint8_t> marks = long_tail(500);
  const Split one = stratified_split_marks(marks, 6, 0.2, 1);
  EXPECT_EQ(one.held_out, stratified_split_marks(marks, 6, 0.2, 1).held_out);
  EXPECT_NE(one.held_out, stratified_split_marks(marks, 6, 0.2, 2).held_out);
  EXPECT_TRUE(std::ranges::is_sorted(one.kept));
  EXPECT_TRUE(std::ranges::is_sorted(one.held_out));
}

// Whatever the share, training keeps an item of every class that has any.
TEST(StratifiedSplitMarks, KeepsOneOfEveryClass) {
  const std::vector<std::uint8_t> marks = long_tail(300);
  for (const double share : {0.1, 0.5, 0.9, 0.99}) {
    const Split split = stratified_split_marks(marks, 6, share, 5);
    for (std::size_t k = 0; k < 6; ++k) {
      const auto with = [&](Index i) { return marks[static_cast<std::size_t>(i) * 6 + k] != 0; };
      EXPECT_TRUE(std::ranges::any_of(split.kept, with) ||
                  std::ranges::none_of(split.held_out, with))
          << share << ", class " << k;
    }
  }
}

TEST(StratifiedSplitMarks, RefusesShares) {
  const std::vector<std::uint8_t> marks = {1, 0, 0, 1};
  for (const double share : {0.0, 1.0, -0.5})
    EXPECT_THAT(message_of([&] { stratified_split_marks(marks, 2, share, 1); }),
                HasSubstr("share must be between 0 and 1"));
}

TEST(LoadTexts, SeveralLabelsAndNamesOfAFile) {
  const TemporaryFolder folder;
  const std::string names = folder.write("names.txt", "joy\nfear\nawe\n");
  const TextColumns columns{.text = "1",
                            .label = "2",
                            .file = {.header = false},
                            .cells = {.separator = ",", .numbers = true},
                            .names = names};
  const TextSplits splits = load_texts({.train = folder.write("train.tsv", "a\t0,1\nb\t\n"),
                                        .dev = folder.write("dev.tsv", "c\t2\n"),
                                        .test = ""},
                                       columns, 1);
  EXPECT_THAT(splits.labels.names(), ElementsAre("joy", "fear", "awe"));
  EXPECT_THAT(splits.train.marks, ElementsAre(1, 1, 0, 0, 0, 0));
  EXPECT_THAT(splits.dev.marks, ElementsAre(0, 0, 1));
  EXPECT_TRUE(splits.train.labels.empty());
  const std::vector<Index> items = {1, 0};
  EXPECT_THAT(select(splits.train, items).marks, ElementsAre(0, 0, 0, 1, 1, 0));
  TextColumns dots = columns;
  dots.cells.separator = "e";
  EXPECT_THAT(message_of([&] {
                load_texts({.train = folder.at("train.tsv"), .dev = "", .test = ""}, dots, 1);
              }),
              HasSubstr("the label name 'fear' contains the separator 'e'"));
}

TEST(LoadTexts, PairsNeedBothColumns) {
  const TemporaryFolder folder;
  const std::string path = folder.write("p.csv", "a,b,label\nx,y,1\nz,w,0\n");
  const TextSplits splits =
      load_texts({.train = path, .dev = path, .test = ""}, {.text = "a", .second = "b"}, 1);
  EXPECT_THAT(splits.train.texts, ElementsAre("x", "z"));
  EXPECT_THAT(splits.train.second, ElementsAre("y", "w"));
  const std::vector<Index> items = {1};
  EXPECT_THAT(select(splits.dev, items).second, ElementsAre("w"));
  EXPECT_THAT(message_of([&] {
                load_texts({.train = path, .dev = "", .test = ""}, {.text = "a", .second = "c"}, 1);
              }),
              HasSubstr("there is no column 'c'"));
  const std::string empty = folder.write("e.csv", "a,b,label\nx,y,1\nz, ,0\n");
  EXPECT_THAT(message_of([&] {
                load_texts({.train = empty, .dev = "", .test = ""}, {.text = "a", .second = "b"},
                           1);
              }),
              HasSubstr("e.csv:3: the text in column 'b' is empty"));
}

TEST(RealData, GoEmotionsMrpcAndTrec) {
  const char* folder = std::getenv("TAILGRAD_DATA");
  if (folder == nullptr) GTEST_SKIP() << "TAILGRAD_DATA is not set";
  const std::string emotions = folder + std::string("/text_goemotions/");
  const TextSplits go = load_texts(
      {.train = emotions + "train.tsv", .dev = emotions + "dev.tsv", .test = emotions + "test.tsv"},
      {.text = "1",
       .label = "2",
       .file = {.header = false},
       .cells = {.separator = ",", .numbers = true},
       .names = emotions + "labels.txt"},
      1);
  EXPECT_EQ(go.train.size(), 43410U);
  EXPECT_EQ(go.dev.size(), 5426U);
  EXPECT_EQ(go.test.size(), 5427U);
  EXPECT_EQ(go.labels.size(), 28);
  EXPECT_EQ(go.labels.name(27), "neutral");

  const std::string pairs = folder + std::string("/pair_mrpc/msr_paraphrase_");
  const TextSplits mrpc =
      load_texts({.train = pairs + "train.txt", .dev = "", .test = pairs + "test.txt"},
                 {.text = "#1 String",
                  .label = "Quality",
                  .file = {.format = "tsv", .quotes = "none"},
                  .second = "#2 String"},
                 1);
  EXPECT_EQ(mrpc.train.size() + mrpc.dev.size(), 4076U);
  EXPECT_EQ(mrpc.test.size(), 1725U);

  const std::string questions = folder + std::string("/text_trec_qc/train.txt");
  EXPECT_THAT(message_of([&] { TextFile::read(questions); }),
              HasSubstr("train.txt:66:60: byte 0xf0 is not valid UTF-8"));
  EXPECT_THAT(TextFile::read(questions, Encoding::latin1).text(), HasSubstr("sister\xc3\xb0"
                                                                            "city"));
}

}  // namespace
}  // namespace tailgrad
