// `tailgrad train` with bad input: exit 2, one line that says what is wrong, nothing written.
#include <algorithm>
#include <filesystem>
#include <sstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cli/run_program.h"
#include "cli/train_data.h"

namespace tailgrad::test {
namespace {

using ::testing::HasSubstr;

std::size_t error_lines(const std::string& text) {
  std::size_t count = 0;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) count += line.starts_with("error: ");
  return count;
}

class TrainFaults : public ::testing::Test {
 protected:
  // Trains on train.csv with these options, for one short epoch.
  Ran train(const std::string& data, const std::vector<std::string>& options) const {
    std::vector<std::string> arguments = {"train",       folder_.at(data), "--model",
                                          "bag:width=4", "--epochs",       "1"};
    arguments.insert(arguments.end(), options.begin(), options.end());
    if (std::find(options.begin(), options.end(), "--out") == options.end())
      arguments.insert(arguments.end(), {"--out", folder_.at("out")});
    return run_program(arguments);
  }
  void expect_refused(const std::string& data, const std::vector<std::string>& options,
                      const std::vector<std::string>& says) const {
    const std::size_t before = folder_.entries();
    const Ran ran = train(data, options);
    SCOPED_TRACE(data + " " + (options.empty() ? "" : options.front()) + "\n" + ran.err);
    EXPECT_EQ(ran.status, 2);
    EXPECT_EQ(ran.out, "");
    EXPECT_EQ(error_lines(ran.err), 1U);
    for (const std::string& part : says) EXPECT_THAT(ran.err, HasSubstr(part));
    EXPECT_EQ(folder_.entries(), before) << "something was written";
    EXPECT_FALSE(std::filesystem::exists(folder_.at("out")));
  }

  TemporaryFolder folder_;
};

TEST_F(TrainFaults, OfDataFiles) {
  struct Row {
    const char* name;
    std::string content;
    std::vector<std::string> says;
  };
  const Row rows[] = {
      {"empty.csv", "", {"empty.csv", "is empty"}},
      {"header.csv", "label,text\n", {"header.csv", "no rows"}},
      {"columns.csv", "class,body\na,b\n", {"'class', 'body'"}},
      {"quote.csv", "label,text\na,one\nb,\"two\na,three\n", {"quote.csv:3", "never closed"}},
      {"bytes.csv", "label,text\na,one\nb,t\xff\n", {"bytes.csv:3", "UTF-8"}},
      {"single.csv", "label,text\na,one\na,two\na,three\n", {"single.csv", "class"}},
      {"blank.csv", "label,text\na,one\nb,\na,three\n", {"blank.csv:3", "text"}},
      {"cells.csv", "label,text\na,one\nb,two,three\n", {"cells.csv:3", "3 cells"}},
      {"ending.dat", "label,text\na,one\n", {"ending.dat", "csv or tsv"}},
  };
  for (const Row& row : rows) {
    spill(folder_.at(row.name), row.content);
    expect_refused(row.name, {}, row.says);
  }
  expect_refused("missing.csv", {}, {"missing.csv"});
  std::filesystem::create_directory(folder_.at("folder.csv"));
  expect_refused("folder.csv", {}, {"folder.csv", "is a folder"});
}

TEST_F(TrainFaults, OfDataThatDoesNotFitTogether) {
  spill(folder_.at("train.csv"), texts_csv(40, 1));
  spill(folder_.at("test.csv"), "label,text\nfruit,apple\nplanet,mars\n");
  expect_refused("train.csv", {"--test", folder_.at("test.csv")}, {"test.csv:3", "planet"});
  expect_refused("train.csv", {"--dev", folder_.at("test.csv")}, {"test.csv:3", "planet"});
  expect_refused("train.csv", {"--test", folder_.at("none.csv")}, {"none.csv"});
  expect_refused("train.csv", {"--text-column", "body"}, {"'body'", "'label', 'text'"});
  expect_refused("train.csv", {"--task", "table", "--model", "mlp"}, {"train.csv:2", "'text'"});
  spill(folder_.at("nan.csv"), "x,label\n1,a\nnan,b\n2,a\n");
  expect_refused("nan.csv", {"--task", "table", "--model", "mlp"}, {"nan.csv:3", "'x'", "finite"});
}

TEST_F(TrainFaults, OfOptions) {
  spill(folder_.at("train.csv"), texts_csv(40, 1));
  struct Row {
    std::vector<std::string> options;
    std::vector<std::string> says;
  };
  const Row rows[] = {
      {{"--model", "transformer:width=63,heads=4"}, {"width 63 and 4 heads"}},
      {{"--model", "transformr"}, {"transformr", "transformer"}},
      {{"--model", "bag:widht=4"}, {"widht", "width"}},
      {{"--model", "mlp"}, {"task table"}},
      {{"--loss", "cee"}, {"cee", "ce"}},
      {{"--loss", "focal:gamma=-1"}, {"gamma", "-1"}},
      {{"--optimizer", "adamm"}, {"adamm", "adam"}},
      {{"--optimizer", "adam:lr=0x"}, {"lr"}},
      {{"--schedule", "sometimes"}, {"sometimes"}},
      {{"--sampler", "sometimes"}, {"sometimes"}},
      {{"--select", "f17"}, {"f17", "macro_f1"}},
      {{"--task", "txt"}, {"txt", "text"}},
      {{"--epochs", "0"}, {"epochs", "at least 1"}},
      {{"--epochs", "many"}, {"epochs"}},
      {{"--batch-tokens", "0"}, {"at least 1"}},
      {{"--shards", "0"}, {"hard", "at least 1"}},
      {{"--max-tokens", "0"}, {"max-tokens", "at least 1"}},
      {{"--clip-norm", "-1"}, {"clip-norm"}},
      {{"--clip-norm", "nan"}, {"clip-norm"}},
      {{"--threads", "-1"}, {"threads"}},
      {{"--epoch", "1"}, {"--epoch"}},
      {{"--force", "--resume"}, {"exclude"}},
  };
  for (const Row& row : rows) expect_refused("train.csv", row.options, row.says);
}

TEST_F(TrainFaults, OfTheOutputFolder) {
  spill(folder_.at("train.csv"), texts_csv(40, 1));
  spill(folder_.at("file"), "");
  expect_refused("train.csv", {"--out", folder_.at("file")}, {"is a file"});
  expect_refused("train.csv", {"--out", folder_.at("file/below")}, {"file/below"});
  expect_refused("train.csv", {"--out", "/proc/tailgrad/run"}, {"/proc/tailgrad/run", "cannot"});
  expect_refused("train.csv", {"--out", ""}, {"--out"});
}

// Attention memory grows with the square of a text's length, so texts are cut, and that is said.
TEST_F(TrainFaults, NotOfAVeryLongText) {
  std::string csv = texts_csv(40, 1) + "fruit,";
  for (int i = 0; i < 100000; ++i) csv += "apple ";
  spill(folder_.at("long.csv"), csv + "\n");
  const Ran ran = train("long.csv", {"--model", "transformer:layers=1,width=8,heads=1"});
  EXPECT_EQ(ran.status, 0) << ran.err;
  EXPECT_THAT(ran.err, HasSubstr("1 text of more than 128 words cut"));
}

}  // namespace
}  // namespace tailgrad::test
