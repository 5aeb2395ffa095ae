// tailgrad study: what it prints and writes, and what it refuses.
#include <filesystem>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <support/temporary_folder.h>
#include "run_program.h"

namespace tailgrad::test {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

TEST(Study, ListNamesEveryStudy) {
  const Ran ran = run_program({"study", "list"});
  EXPECT_EQ(ran.status, 0);
  for (const char* name : {"gaussian", "consistency", "separable", "negative-scores", "calibration",
                           "absorb-prior", "weight-norms", "optimisers", "long-tail-images"})
    EXPECT_THAT(ran.out, HasSubstr(std::string(name) + "\n")) << name;
  EXPECT_EQ(run_program({"study", "list", "--json"}).json()[0]["name"], "gaussian");
}

TEST(Study, WritesResultReportAndPage) {
  const TemporaryFolder folder;
  const std::string out = folder.at("out");
  const Ran ran = run_program({"study", "separable", "--tiny", "--json", "--quiet", "--out", out});
  ASSERT_EQ(ran.status, 0) << ran.err;
  EXPECT_EQ(ran.err, "");
  const nlohmann::json written = ran.json();
  EXPECT_EQ(written["study"], "separable");
  EXPECT_FALSE(written["claims"].empty());
  EXPECT_FALSE(written["rows"].empty());
  EXPECT_EQ(slurp(out + "/result.json"), ran.out);
  EXPECT_THAT(slurp(out + "/report.html"), HasSubstr("</html>"));
  EXPECT_THAT(slurp(out + "/separable.md"), HasSubstr("separable-1.svg"));
  EXPECT_TRUE(std::filesystem::exists(out + "/separable-1.svg"));
  EXPECT_TRUE(std::filesystem::exists(out + "/config.toml"));
}

TEST(Study, GoesOnToTheSameBytesOnAnyNumberOfThreads) {
  const TemporaryFolder folder;
  const std::string whole = folder.at("whole");
  const std::string parts = folder.at("parts");
  ASSERT_EQ(run_program({"study", "separable", "--tiny", "--threads", "1", "--out", whole}).status,
            0);
  ASSERT_EQ(run_program({"study", "separable", "--tiny", "--threads", "2", "--out", parts}).status,
            0);
  bool even = false;
  for (const auto& cell : std::filesystem::directory_iterator(parts + "/cells"))
    if ((even = !even)) std::filesystem::remove(cell.path());
  std::filesystem::remove(parts + "/result.json");
  std::filesystem::remove(parts + "/report.html");
  ASSERT_EQ(run_program({"study", "separable", "--tiny", "--out", parts}).status, 0);
  EXPECT_EQ(slurp(whole + "/result.json"), slurp(parts + "/result.json"));
  EXPECT_EQ(slurp(whole + "/report.html"), slurp(parts + "/report.html"));
}

TEST(Study, AnotherPlanAsksFirst) {
  const TemporaryFolder folder;
  const std::string out = folder.at("out");
  ASSERT_EQ(run_program({"study", "separable", "--tiny", "--out", out}).status, 0);
  const Ran other = run_program({"study", "separable", "--tiny", "--seeds", "3", "--out", out});
  EXPECT_TRUE(other.is_callers_fault()) << other.err;
  EXPECT_EQ(
      run_program({"study", "separable", "--tiny", "--seeds", "3", "--out", out, "--force"}).status,
      0);
}

TEST(Study, RefusesWhatMakesNoSense) {
  const TemporaryFolder folder;
  const std::string out = folder.at("out");
  const auto refused = [&](std::vector<std::string> arguments, const std::string& words) {
    arguments.insert(arguments.begin(), "study");
    const Ran ran = run_program(arguments);
    EXPECT_TRUE(ran.is_callers_fault()) << ran.err;
    EXPECT_THAT(ran.err, HasSubstr(words));
    EXPECT_FALSE(std::filesystem::exists(out)) << words;
  };
  refused({"gausian", "--out", out}, "did you mean 'gaussian'?");
  refused({"gaussian", "--quick", "--full", "--out", out}, "exclude each other");
  refused({"gaussian", "--seeds", "-1", "--out", out}, "--seeds");
  refused({"gaussian", "--data", "x", "--out", out}, "draws its own data");
  refused({"gaussian"}, "--out");
  refused({"gaussian", "--out", out, "--seeds", "some"}, "--seeds");
}

}  // namespace
}  // namespace tailgrad::test
