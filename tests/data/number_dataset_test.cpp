#include <tailgrad/data/number_dataset.h>

#include <cmath>
#include <cstdlib>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <tailgrad/core/error.h>
#include <tailgrad/data/standardizer.h>

#include <support/messages.h>
#include <support/temporary_folder.h>

namespace tailgrad {
namespace {

using test::message_of;
using test::TemporaryFolder;
using testing::DoubleNear;
using testing::ElementsAre;
using testing::HasSubstr;

Table numbers_table(std::string text) {
  return Table(TextFile("t.csv", std::move(text)), kCsv);
}

TEST(NumberAt, ReadsWhatNumbersLookLike) {
  const Table table = numbers_table("x\n1\n-2.5\n+3\n1e-3\n 7 \n\"4\"\n.5\n5.\n-0\n1E+2\n");
  const double expected[] = {1, -2.5, 3, 1e-3, 7, 4, 0.5, 5, 0, 100};
  for (std::size_t row = 0; row < table.rows(); ++row) {
    EXPECT_EQ(number_at(table, row, 0), expected[row]);
  }
}

TEST(NumberAt, RefusesAllElse) {
  for (const std::string cell : {"NaN", "nan", "inf", "-Infinity", "1e999", "x", "1,5", "1 2",
                                 "0x10", "12abc", "+-1", "+", "--1", "NA", "?"}) {
    const Table table = numbers_table("Na,label\n1,a\n\"" + cell + "\",b\n");
    EXPECT_EQ(message_of([&] { number_at(table, 1, 0); }),
              "t.csv:3: column 'Na' must hold finite numbers; got '" + cell + "'");
  }
  EXPECT_EQ(message_of([] { number_at(numbers_table("a,b\n,1\n"), 0, 0); }),
            "t.csv:2: column 'a' must hold finite numbers; got an empty cell");
  EXPECT_EQ(message_of([] { number_at(numbers_table("a,b\n ,1\n"), 0, 0); }),
            "t.csv:2: column 'a' must hold finite numbers; got ' '");
}

TEST(FeatureColumns, AllButTheLabelAndTheUnnamed) {
  EXPECT_THAT(feature_columns(numbers_table(",a,label,b\n"), {}), ElementsAre("a", "b"));
  EXPECT_THAT(feature_columns(numbers_table("a,label,b\n"), {.label = "b", .features = {}}),
              ElementsAre("a", "label"));
  EXPECT_THAT(feature_columns(numbers_table("a,label,b\n"), {.label = "label", .features = {"b"}}),
              ElementsAre("b"));
}

TEST(FeatureColumns, BadInput) {
  const auto failure = [](std::vector<std::string> features) {
    return message_of([&] {
      feature_columns(numbers_table("a,label\n"),
                      {.label = "label", .features = std::move(features)});
    });
  };
  EXPECT_THAT(failure({"z"}), HasSubstr("no column 'z'; the columns are 'a', 'label'"));
  EXPECT_THAT(failure({"label"}), HasSubstr("'label' is the label"));
  EXPECT_THAT(failure({"a", "a"}), HasSubstr("'a' is named twice"));
  EXPECT_THAT(message_of([] { feature_columns(numbers_table("label\n"), {}); }),
              HasSubstr("no column with numbers"));
}

TEST(LoadNumbers, ColumnsOfOtherFilesGoByName) {
  const TemporaryFolder folder;
  const NumberSplits splits =
      load_numbers({.train = folder.write("train.csv", "a,b,label\n1,2,x\n3,4,y\n"),
                    .dev = folder.write("dev.csv", "label,b,extra,a\ny,20,-,10\n"),
                    .test = ""},
                   {}, 1);
  EXPECT_THAT(splits.train.columns, ElementsAre("a", "b"));
  EXPECT_THAT(splits.train.values, ElementsAre(1, 2, 3, 4));
  EXPECT_THAT(splits.dev.values, ElementsAre(10, 20));
  EXPECT_THAT(splits.dev.labels, ElementsAre(1));
  EXPECT_THAT(splits.train.row(1), ElementsAre(3, 4));
}

TEST(LoadNumbers, BadInput) {
  const TemporaryFolder folder;
  const auto failure = [&](std::string train, std::string dev) {
    const std::string message = message_of([&] {
      load_numbers({.train = folder.write("train.csv", train),
                    .dev = folder.write("dev.csv", dev),
                    .test = ""},
                   {}, 1);
    });
    return message.substr(std::min(folder.at("").size(), message.size()));
  };
  EXPECT_EQ(failure("a,label\n1,x\nNaN,y\n", ""),
            "train.csv:3: column 'a' must hold finite numbers; got 'NaN'");
  EXPECT_EQ(failure("a,label\n1,x\n2,y\n", "b,label\n1,x\n"),
            "dev.csv: there is no column 'a'; the columns are 'b', 'label'");
  EXPECT_EQ(failure("a,label\n1,x\n2,y\n", "a,label\n1,z\n"),
            "dev.csv:2: the label 'z' does not occur in the training data, whose labels are 'x', "
            "'y'");
  EXPECT_EQ(failure("a,label\n1,x\n2,x\n", ""),
            "train.csv: every row has the label 'x' in column 'label'; at least two classes are "
            "needed");
}

TEST(SelectNumbers, Rows) {
  const Table table = numbers_table("a,b\n1,2\n3,4\n5,6\n");
  const std::vector<std::string> features = {"a", "b"};
  const NumberDataset data = read_numbers(table, features, "label", nullptr);
  const std::vector<Index> items = {2, 0};
  const NumberDataset part = select(data, items);
  EXPECT_THAT(part.values, ElementsAre(5, 6, 1, 2));
  EXPECT_THAT(part.lines, ElementsAre(4, 2));
  EXPECT_TRUE(part.labels.empty());
}

TEST(LoadNumbers, RealGlassAndShuttle) {
  const char* folder = std::getenv("TAILGRAD_DATA");
  if (folder == nullptr) GTEST_SKIP() << "TAILGRAD_DATA is not set";
  const std::string tabular = std::string(folder) + "/tabular/mlbench_";
  const NumberSplits glass = load_numbers({.train = tabular + "Glass.csv", .dev = "", .test = ""},
                                          {.label = "Type", .features = {}}, 1);
  EXPECT_THAT(glass.labels.names(), ElementsAre("1", "2", "3", "5", "6", "7"));
  EXPECT_EQ(glass.train.size() + glass.dev.size(), 214U);
  EXPECT_EQ(glass.train.columns.size(), 9U);
  const NumberSplits shuttle =
      load_numbers({.train = tabular + "Shuttle.csv", .dev = "", .test = ""},
                   {.label = "Class", .features = {}}, 1);
  EXPECT_EQ(shuttle.labels.size(), 7);
  EXPECT_EQ(shuttle.train.size() + shuttle.dev.size(), 58000U);
}

TEST(Standardizer, MeanZeroDeviationOne) {
  std::vector<double> values = {1, 10, 2, 10, 3, 10, 6, 10};
  const std::vector<std::string> columns = {"a", "constant"};
  const Standardizer standardizer = Standardizer::fit(values, columns);
  EXPECT_THAT(standardizer.mean, ElementsAre(3, 10));
  EXPECT_THAT(standardizer.scale, ElementsAre(DoubleNear(std::sqrt(3.5), 1e-15), 1));
  standardizer.apply(values);
  EXPECT_DOUBLE_EQ(values[0], -2 / std::sqrt(3.5));
  EXPECT_DOUBLE_EQ(values[6], 3 / std::sqrt(3.5));
  EXPECT_EQ(values[1], 0);
  std::vector<double> other = {3, 12};
  standardizer.apply(other);
  EXPECT_THAT(other, ElementsAre(0, 2));
}

TEST(Standardizer, ConstantThatBinaryCannotHold) {
  std::vector<double> values(1001, 0.1);
  const std::vector<std::string> columns = {"a"};
  const Standardizer standardizer = Standardizer::fit(values, columns);
  EXPECT_EQ(standardizer.scale[0], 1.0);
  standardizer.apply(values);
  EXPECT_EQ(values[500], 0.0);
}

TEST(Standardizer, LargeOffsetKeepsItsDigits) {
  const std::vector<double> values = {1e9, 1e9 + 1, 1e9 + 2};
  const std::vector<std::string> columns = {"a"};
  EXPECT_NEAR(Standardizer::fit(values, columns).scale[0], std::sqrt(2.0 / 3.0), 1e-12);
}

TEST(Standardizer, BadInput) {
  const std::vector<std::string> columns = {"a", "b"};
  const std::vector<double> ragged = {1, 2, 3};
  EXPECT_THROW(Standardizer::fit(ragged, columns), Error);
  EXPECT_THROW(Standardizer::fit({}, columns), Error);
  const std::vector<double> huge = {1e300, 1, -1e300, 2};
  EXPECT_THAT(message_of([&] { Standardizer::fit(huge, columns); }),
              HasSubstr("column 'a' are too large"));
  std::vector<double> three = {1, 2, 3};
  const Standardizer two{{0, 0}, {1, 1}};
  EXPECT_THROW(two.apply(three), Error);
}

}  // namespace
}  // namespace tailgrad
