// `tailgrad doctor`: text, JSON, faults.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cli/run_program.h"
#include "cli/train_data.h"

namespace tailgrad::test {
namespace {

using ::testing::HasSubstr;

class DoctorVerb : public ::testing::Test {
 protected:
  TemporaryFolder folder_;
};

TEST_F(DoctorVerb, SaysWhatItFoundAndSucceeds) {
  spill(folder_.at("train.csv"), texts_csv(60, 1) + "fruit,lost \xef\xbf\xbd word\n");
  spill(folder_.at("test.csv"), texts_csv(30, 2) + "bird,lost \xef\xbf\xbd word\n");
  const std::vector<std::string> words = {
      "doctor", folder_.at("train.csv"), "--test", folder_.at("test.csv"), "--batch-tokens", "20"};
  const Ran ran = run_program(words);
  ASSERT_EQ(ran.status, 0) << ran.err;
  for (const char* said : {"imbalance ratio", "batches without", "replacement character",
                           "Therefore: ", "Do: ", "train.csv:62", "held out"})
    EXPECT_THAT(ran.out, HasSubstr(said));
  auto with_json = words;
  with_json.emplace_back("--json");
  const auto json = run_program(with_json).json();
  EXPECT_EQ(json["task"], "text");
  EXPECT_EQ(json["splits"].size(), 3u);
  EXPECT_EQ(json["classes"].size(), 3u);
  std::vector<std::string> ids;
  for (const auto& finding : json["findings"]) ids.push_back(finding["id"]);
  EXPECT_THAT(ids, ::testing::IsSupersetOf(
                       {"replacement-character", "duplicates-across", "conflicting-labels"}));
  EXPECT_TRUE(json.contains("version"));
}

TEST_F(DoctorVerb, RefusesWhatCannotBeRead) {
  spill(folder_.at("bad.csv"), "label,text\na,one\nb,two\nb,\n");
  const Ran ran = run_program({"doctor", folder_.at("bad.csv")});
  EXPECT_TRUE(ran.is_callers_fault());
  EXPECT_THAT(ran.err, HasSubstr("bad.csv:4: the text in column 'text' is empty"));
  EXPECT_TRUE(run_program({"doctor", folder_.at("missing.csv")}).is_callers_fault());
  spill(folder_.at("good.csv"), texts_csv(20, 1));
  EXPECT_TRUE(
      run_program({"doctor", folder_.at("good.csv"), "--batch-tokens", "0"}).is_callers_fault());
}

TEST_F(DoctorVerb, CompareCarriesItsWarningsIntoResultAndReport) {
  spill(folder_.at("train.csv"), numbers_csv(120, 1));
  spill(folder_.at("test.csv"), numbers_csv(120, 1));  // the same rows: a leak
  const Ran ran = run_program({"compare", folder_.at("train.csv"), "--test", folder_.at("test.csv"),
                               "--task", "table", "--losses", "ce;la:tau=1", "--seeds", "2",
                               "--epochs", "1", "--bootstrap", "50", "--out", folder_.at("out")});
  ASSERT_EQ(ran.status, 0) << ran.err;
  EXPECT_THAT(ran.err, HasSubstr("rows in a split that another split has too"));
  const auto result = nlohmann::json::parse(slurp(folder_.at("out") + "/result.json"));
  EXPECT_THAT(result["warnings"].dump(), HasSubstr("that another split has too"));
  EXPECT_THAT(slurp(folder_.at("out") + "/report.html"),
              HasSubstr("rows in a split that another split has too"));
}

}  // namespace
}  // namespace tailgrad::test
