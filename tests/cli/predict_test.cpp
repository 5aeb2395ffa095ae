// `tailgrad predict`: the input with one more column, logits and probabilities; faults.
#include <algorithm>
#include <cmath>
#include <filesystem>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <tailgrad/core/npy.h>
#include <tailgrad/data/csv.h>

#include "cli/run_program.h"
#include "cli/train_data.h"

namespace tailgrad::test {
namespace {

using nlohmann::json;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

// One model of each task, trained once.
class PredictVerb : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    folder_ = new TemporaryFolder;
    spill(at("train.csv"), texts_csv(200, 1));
    spill(at("new.csv"), texts_csv(40, 5, false));
    spill(at("numbers.csv"), numbers_csv(200, 3));
    trained_ = run_program({"train", at("train.csv"), "--model", "bag:width=16", "--optimizer",
                            "adamw:lr=3e-2", "--epochs", "30", "--batch-tokens", "100", "--out",
                            at("texts")});
    table_ = run_program({"train", at("numbers.csv"), "--task", "table", "--model", "mlp:hidden=16",
                          "--optimizer", "adamw:lr=2e-2", "--epochs", "20", "--batch-tokens", "16",
                          "--out", at("table")});
  }
  static void TearDownTestSuite() {
    delete folder_;
    folder_ = nullptr;
  }
  void SetUp() override {
    ASSERT_EQ(trained_.status, 0) << trained_.err;
    ASSERT_EQ(table_.status, 0) << table_.err;
  }
  static std::string at(std::string_view name) { return folder_->at(name); }
  static Table table_of(const Ran& ran) {
    spill(at("out.csv"), ran.out);
    return Table::read(at("out.csv"), kCsv);
  }

  inline static TemporaryFolder* folder_ = nullptr;
  inline static Ran trained_, table_;
};

TEST_F(PredictVerb, LabelsAFileWithoutLabels) {
  const Ran ran = run_program({"predict", at("texts"), at("new.csv")});
  ASSERT_EQ(ran.status, 0) << ran.err;
  const Table out = table_of(ran);
  EXPECT_THAT(out.columns(), ElementsAre("text", "predicted"));
  ASSERT_EQ(out.rows(), 40U);
  // The same seed writes the same texts with their labels.
  spill(at("truth.csv"), texts_csv(40, 5));
  const Table truth = Table::read(at("truth.csv"), kCsv);
  std::size_t right = 0;
  for (std::size_t row = 0; row < out.rows(); ++row) {
    EXPECT_EQ(out.at(row, 0), truth.at(row, 1));
    right += out.at(row, 1) == truth.at(row, 0);
  }
  EXPECT_GE(right, 36U);
}

TEST_F(PredictVerb, KeepsTheColumnsThatAreThere) {
  spill(at("labelled.csv"), "id,label,text\n7,fruit,\"an owl, small\"\n");
  const Ran ran = run_program({"predict", at("texts"), at("labelled.csv")});
  ASSERT_EQ(ran.status, 0) << ran.err;
  EXPECT_EQ(ran.out, "id,label,text,predicted\n7,fruit,\"an owl, small\",bird\n");
}

TEST_F(PredictVerb, WritesLogitsAndProbabilitiesThatAgree) {
  const Ran ran = run_program(
      {"predict", at("texts"), at("new.csv"), "--logits", at("z.npy"), "--probabilities"});
  ASSERT_EQ(ran.status, 0) << ran.err;
  const Table out = table_of(ran);
  EXPECT_THAT(out.columns(), ElementsAre("text", "predicted", "p(bird)", "p(fruit)", "p(metal)"));
  const NpyArray logits = read_npy(at("z.npy"));
  ASSERT_THAT(logits.shape, ElementsAre(40U, 3U));
  const std::vector<double> z = logits.as_doubles();
  for (std::size_t row = 0; row < out.rows(); ++row) {
    double sum = 0;
    for (std::size_t k = 0; k < 3; ++k) sum += std::exp(z[row * 3 + k]);
    for (std::size_t k = 0; k < 3; ++k)
      EXPECT_NEAR(std::stod(std::string(out.at(row, 2 + k))), std::exp(z[row * 3 + k]) / sum, 1e-6);
    const std::size_t best = static_cast<std::size_t>(
        std::max_element(z.begin() + static_cast<std::ptrdiff_t>(row * 3),
                         z.begin() + static_cast<std::ptrdiff_t>(row * 3 + 3)) -
        z.begin() - static_cast<std::ptrdiff_t>(row * 3));
    EXPECT_EQ(out.columns()[2 + best], "p(" + std::string(out.at(row, 1)) + ")");
  }
}

TEST_F(PredictVerb, LabelsRowsOfNumbersWhateverTheOrderOfTheColumns) {
  spill(at("rows.csv"), "y,name,x\n3,a,2\n-0.9,b,-0.9\n");
  const Ran ran = run_program({"predict", at("table"), at("rows.csv")});
  ASSERT_EQ(ran.status, 0) << ran.err;
  EXPECT_EQ(ran.out, "y,name,x,predicted\n3,a,2,yes\n-0.9,b,-0.9,no\n");
}

TEST_F(PredictVerb, PrintsJson) {
  const Ran ran =
      run_program({"predict", at("texts"), at("new.csv"), "--json", "--probabilities", "--quiet"});
  ASSERT_EQ(ran.status, 0) << ran.err;
  const json out = ran.json();
  EXPECT_EQ(out["n"], 40);
  EXPECT_EQ(out["labels"], json({"bird", "fruit", "metal"}));
  EXPECT_EQ(out["predicted"].size(), 40U);
  EXPECT_EQ(out["probabilities"][39].size(), 3U);
}

TEST_F(PredictVerb, RefusesWhatItCannotRead) {
  spill(at("headless.csv"), "body\nsome text\n");
  spill(at("words.csv"), "x,y\n1,two\n");
  std::filesystem::create_directory(at("empty"));
  struct Row {
    std::vector<std::string> arguments;
    const char* says;
  };
  for (const Row& row :
       {Row{{at("nowhere"), at("new.csv")}, "nowhere"}, Row{{at("empty"), at("new.csv")}, "model"},
        Row{{at("texts"), at("nothing.csv")}, "nothing.csv"},
        Row{{at("texts"), at("headless.csv")}, "'body'"},
        Row{{at("table"), at("words.csv")}, "'two'"},
        Row{{at("table"), at("new.csv")}, "there is no column"},
        Row{{at("texts"), at("new.csv"), "--logits", at("nowhere/z.npy")}, "nowhere"}}) {
    std::vector<std::string> arguments = {"predict"};
    arguments.insert(arguments.end(), row.arguments.begin(), row.arguments.end());
    const Ran ran = run_program(arguments);
    EXPECT_TRUE(ran.is_callers_fault()) << ran.status << " " << ran.out << ran.err;
    EXPECT_THAT(ran.err, HasSubstr(row.says));
  }
}

}  // namespace
}  // namespace tailgrad::test
