// Tasks multilabel and pair end to end: train, predict, evaluate, compare, and what bad input gets.
#include <algorithm>
#include <cmath>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <tailgrad/data/csv.h>

#include <support/temporary_folder.h>
#include "cli/run_program.h"
#include "cli/text_tasks_data.h"

namespace tailgrad::test {
namespace {

using nlohmann::json;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

// A model of each task, trained once.
class TextTasks : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    folder_ = new TemporaryFolder;
    spill(at("several.csv"), several_csv(300, 1));
    spill(at("several_test.csv"), several_csv(100, 2));
    spill(at("pairs.csv"), pairs_csv(400, 1));
    spill(at("pairs_test.csv"), pairs_csv(100, 2));
    const std::vector<std::string> model = {
        "--model", "bag:width=16,dropout=0", "--optimizer", "adamw:lr=3e-2", "--epochs",
        "25",      "--batch-tokens",         "100",         "--min-count",   "1",
        "--json"};
    several_ = run({"train", at("several.csv"), "--test", at("several_test.csv"), "--task",
                    "multilabel", "--label-separator", "|", "--out", at("several")},
                   model);
    pair_ = run({"train", at("pairs.csv"), "--test", at("pairs_test.csv"), "--task", "pair",
                 "--text-column", "a", "--second-column", "b", "--out", at("pair")},
                model);
  }
  static void TearDownTestSuite() {
    delete folder_;
    folder_ = nullptr;
  }
  void SetUp() override {
    ASSERT_EQ(several_.status, 0) << several_.err;
    ASSERT_EQ(pair_.status, 0) << pair_.err;
  }
  static Ran run(std::vector<std::string> arguments, const std::vector<std::string>& more = {}) {
    arguments.insert(arguments.end(), more.begin(), more.end());
    return run_program(arguments);
  }
  static std::string at(std::string_view name) { return folder_->at(name); }

  inline static TemporaryFolder* folder_ = nullptr;
  inline static Ran several_, pair_;
};

TEST_F(TextTasks, LearnsSeveralLabels) {
  const json result = several_.json();
  EXPECT_GT(result["test"]["macro_f1"].get<double>(), 0.95);
  EXPECT_GT(result["test"]["accuracy"].get<double>(), 0.9);
  EXPECT_EQ(result["test"]["n"], 100);
  EXPECT_EQ(result["config"]["loss"].get<std::string>().substr(0, 3), "bce");
  EXPECT_TRUE(result["test"]["per_class"][0]["balanced_error"].is_number());
}

// No word tells the label: only the match of the two texts does.
TEST_F(TextTasks, LearnsWhetherTwoTextsMatch) {
  EXPECT_GT(pair_.json()["test"]["accuracy"].get<double>(), 0.95);
}

TEST_F(TextTasks, EvaluateSaysWhatTrainSaid) {
  for (const auto& [folder, data, trained] :
       {std::tuple{"several", "several_test.csv", &several_}, {"pair", "pairs_test.csv", &pair_}}) {
    const Ran ran =
        run({"evaluate", "--model", at(folder), at(data), "--json", "--bootstrap", "20"});
    ASSERT_EQ(ran.status, 0) << ran.err;
    const json now = ran.json();
    const json then = trained->json()["test"];
    for (const char* metric : {"n", "accuracy", "balanced_error", "macro_f1", "micro_f1", "loss"})
      EXPECT_EQ(now[metric], then[metric]) << folder << " " << metric;
    EXPECT_TRUE(now["intervals"]["macro_f1"]["low"].is_number());
  }
}

TEST_F(TextTasks, PredictWritesAllLabelsOfAnItem) {
  spill(at("new.csv"), "text\nwe was and ice night end\nthe house was end\nvery we the drum end\n");
  const Ran ran = run({"predict", at("several"), at("new.csv")});
  ASSERT_EQ(ran.status, 0) << ran.err;
  EXPECT_EQ(ran.out,
            "text,predicted\nwe was and ice night end,cold|dark\nthe house was end,\nvery we the "
            "drum end,loud\n");
  const Ran with = run({"predict", at("several"), at("new.csv"), "--json", "--probabilities"});
  ASSERT_EQ(with.status, 0) << with.err;
  const json out = with.json();
  EXPECT_EQ(out["predicted"], json({{"cold", "dark"}, json::array(), {"loud"}}));
  EXPECT_GT(out["probabilities"][0][0].get<double>(), 0.5);
  EXPECT_GT(out["probabilities"][0][1].get<double>(), 0.5);
  EXPECT_LT(out["probabilities"][1][0].get<double>(), 0.5);
}

TEST_F(TextTasks, PredictReadsPairsWithoutAHeader) {
  spill(at("new.tsv"), "w1 w2 w3 w4\tw4 w3 w2 w1\nw1 w2 w3 w4\tw9 w8 w7 w6\n");
  const Ran ran = run({"predict", at("pair"), at("new.tsv"), "--no-header", "--text-column", "1",
                       "--second-column", "2"});
  ASSERT_EQ(ran.status, 0) << ran.err;
  EXPECT_EQ(ran.out, "w1 w2 w3 w4\tw4 w3 w2 w1\tsame\nw1 w2 w3 w4\tw9 w8 w7 w6\tother\n");
}

TEST_F(TextTasks, ReadsLatin1AndNamesOfLabels) {
  spill(at("latin1.tsv"), "caf\xe9 noir\t0\nth\xe9 vert\t1\ncaf\xe9 au lait\t0\nth\xe9\t1\n");
  spill(at("names.txt"), "coffee\ntea\n");
  const Ran ran =
      run({"train",   at("latin1.tsv"), "--dev", at("latin1.tsv"), "--no-header",   "--text-column",
           "1",       "--label-column", "2",     "--label-names",  at("names.txt"), "--encoding",
           "latin-1", "--min-count",    "1",     "--model",        "bag",           "--epochs",
           "1",       "--json",         "--out", at("latin1")});
  ASSERT_EQ(ran.status, 0) << ran.err;
  EXPECT_EQ(ran.json()["data"]["classes"][0]["label"], "coffee");
  // The numbers are still understood where the model judges, and the column names are known.
  const Ran judged = run({"evaluate", "--model", at("latin1"), at("latin1.tsv"), "--no-header",
                          "--encoding", "latin-1", "--json"});
  ASSERT_EQ(judged.status, 0) << judged.err;
  EXPECT_EQ(judged.json()["accuracy"], ran.json()["dev"]["accuracy"]);
  const Ran words =
      run({"predict", at("latin1"), at("latin1.tsv"), "--no-header", "--encoding", "latin-1"});
  EXPECT_EQ(words.out.substr(0, 11), "caf\xc3\xa9 noir\t");
}

TEST_F(TextTasks, ComparesLossesOfSeveralLabels) {
  const Ran ran = run({"compare",
                       at("several.csv"),
                       "--test",
                       at("several_test.csv"),
                       "--task",
                       "multilabel",
                       "--label-separator",
                       "|",
                       "--losses",
                       "bce;asl",
                       "--seeds",
                       "2",
                       "--epochs",
                       "1",
                       "--model",
                       "bag:width=8",
                       "--bootstrap",
                       "20",
                       "--json",
                       "--out",
                       at("compare")});
  ASSERT_EQ(ran.status, 0) << ran.err;
  const json result = ran.json();
  EXPECT_EQ(result["baseline"], "bce");
  for (const json& row : result["losses"]) {
    EXPECT_TRUE(row["test"]["macro_f1"]["mean"].is_number());
    EXPECT_TRUE(row["test_tuned"]["macro_f1"]["mean"].is_number());
  }
}

TEST_F(TextTasks, RefusesWhatDoesNotFit) {
  spill(at("gap.csv"), "text,label\na,cold|dark\nb,cold||dark\n");
  spill(at("unknown.csv"), "text,label\na,warm\n");
  const std::vector<std::string> several = {
      "train", at("several.csv"), "--task", "multilabel", "--label-separator",
      "|",     "--out",           at("bad")};
  const std::vector<std::string> pair = {
      "train", at("pairs.csv"), "--task", "pair", "--text-column", "a", "--out", at("bad")};
  struct Row {
    std::vector<std::string> arguments;
    std::vector<std::string> more;
    const char* says;
  };
  for (const Row& row :
       {Row{several, {"--loss", "ce"}, "needs exactly one class an item"},
        Row{several, {"--loss", "focal"}, "mode=sigmoid where a loss has that option"},
        Row{several, {"--loss", "crf"}, "needs exactly one class an item"},
        Row{several, {"--sampler", "class-balanced"}, "needs one class an item"},
        Row{several, {"--dev", at("gap.csv")}, "gap.csv:3: a label in column 'label' is empty"},
        Row{several, {"--dev", at("unknown.csv")}, "unknown.csv:2: the label 'warm'"},
        Row{several, {"--label-separator", " "}, "--label-separator"},
        Row{several, {"--second-column", "b"}, "--second-column: belongs to --task pair"},
        Row{several, {"--model", "mlp"}, "mlp is for task table, not multilabel"},
        Row{pair, {}, "there is no column 'text2'; the columns are 'a', 'b', 'label'"},
        Row{pair, {"--second-column", "a"}, "names the column of the first text"},
        Row{pair, {"--second-column", "b", "--quotes", "some"}, "there is no rule 'some'"},
        Row{pair, {"--second-column", "b", "--encoding", "ebcdic"}, "no encoding 'ebcdic'"},
        Row{{"train", "wordnet", "--task", "pair", "--out", at("bad")}, {}, "its task is text"},
        Row{{"predict", at("pair"), at("several.csv")}, {}, "there is no column 'a'"},
        Row{{"predict", at("several"), at("pairs.csv"), "--second-column", "b"},
            {},
            "the model reads single texts"},
        Row{{"evaluate", "--model", at("several"), at("unknown.csv")}, {}, "unknown.csv:2"}}) {
    std::vector<std::string> arguments = row.arguments;
    // An option that is given again replaces the one before it.
    for (std::size_t i = 0; i + 1 < row.more.size(); i += 2) {
      const auto old = std::find(arguments.begin(), arguments.end(), row.more[i]);
      if (old != arguments.end()) arguments.erase(old, old + 2);
    }
    const Ran ran = run(arguments, row.more);
    EXPECT_TRUE(ran.is_callers_fault()) << ran.status << " " << ran.out << ran.err;
    EXPECT_THAT(ran.err, HasSubstr(row.says));
  }
}

}  // namespace
}  // namespace tailgrad::test
