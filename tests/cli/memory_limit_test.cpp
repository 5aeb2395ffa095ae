// --memory-limit: whatever the limit, a run ends well or with one line; never with a signal.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cli/run_program.h"
#include "cli/train_data.h"

namespace tailgrad::test {
namespace {

using ::testing::AnyOf;
using ::testing::HasSubstr;

class MemoryLimit : public ::testing::Test {
 protected:
  MemoryLimit() { spill(folder_.at("train.csv"), numbers_csv(60, 3)); }

  // A net whose weights, gradients and moments take some 25 MB.
  Ran run(const std::string& verb, const std::string& out, std::vector<std::string> more) const {
    std::vector<std::string> all = {verb,           folder_.at("train.csv"),
                                    "--task",       "table",
                                    "--model",      "mlp:hidden=1024/1024",
                                    "--epochs",     "2",
                                    "--threads",    "2",
                                    "--quiet",      "--out",
                                    folder_.at(out)};
    all.insert(all.end(), more.begin(), more.end());
    return run_program(all);
  }
  // Status 0, or 2 with one line.
  static void expect_order(const Ran& ran) {
    if (ran.status == 0) return;
    EXPECT_EQ(ran.status, 2) << ran.err;
    EXPECT_EQ(ran.out, "");
    EXPECT_EQ(std::count(ran.err.begin(), ran.err.end(), '\n'), 1) << ran.err;
    EXPECT_THAT(ran.err, AnyOf(HasSubstr("error: out of memory: "),
                               HasSubstr("error: memory limit: needs more than the ")));
  }

  TemporaryFolder folder_;
};

TEST_F(MemoryLimit, EveryLimitEndsInOrderAndMoreMemoryGoesOn) {
  const Ran whole = run("train", "whole", {});
  ASSERT_EQ(whole.status, 0) << whole.err;
  const std::string weights = slurp(folder_.at("whole/model.safetensors"));
  int refused = 0;
  int done = 0;
  for (int megabytes = 8; megabytes <= 104; megabytes += 8) {
    SCOPED_TRACE(megabytes);
    const std::string out = "limit" + std::to_string(megabytes);
    const Ran ran = run("train", out, {"--memory-limit", std::to_string(megabytes) + "M"});
    expect_order(ran);
    if (ran.status == 0) ++done;
    if (ran.err.find("out of memory") == std::string::npos) continue;
    ++refused;
    EXPECT_THAT(ran.err, HasSubstr("GB more were wanted, and "));
    EXPECT_THAT(ran.err, HasSubstr("--memory-limit may allow more"));
    EXPECT_EQ(run("train", out, {"--resume"}).status, 0);
    EXPECT_EQ(slurp(folder_.at(out + "/model.safetensors")), weights);
  }
  EXPECT_GT(refused, 2);
  EXPECT_GT(done, 2);
}

TEST_F(MemoryLimit, HoldsForEveryVerbThatTrainsOrJudges) {
  ASSERT_EQ(run("train", "model", {}).status, 0);
  const std::vector<std::string> tight = {"--memory-limit", "20M"};
  const auto refused = [](const Ran& ran) {
    expect_order(ran);
    EXPECT_THAT(ran.err, HasSubstr("error: out of memory: "));
  };
  refused(run("compare", "grid", {"--losses", "ce;focal", "--memory-limit", "20M"}));
  refused(run_program(
      {"predict", folder_.at("model"), folder_.at("train.csv"), "--memory-limit", "16M"}));
  refused(run_program({"evaluate", "--model", folder_.at("model"), folder_.at("train.csv"),
                       "--memory-limit", "16M"}));
}

TEST_F(MemoryLimit, ASizeIsANumberWithAUnit) {
  for (const char* size : {"much", "2X", "-1", "G", "0", "1e30", "2GB"}) {
    const Ran ran = run("train", "out", {"--memory-limit", size});
    EXPECT_TRUE(ran.is_callers_fault()) << ran.err;
    EXPECT_THAT(ran.err, HasSubstr("needs a size such as 512M or 2G"));
  }
  for (const char* size : {"2G", "1.5G", "1T", "3000M", "2000000K", "2000000000"})
    EXPECT_EQ(run("train", "out", {"--force", "--memory-limit", size}).status, 0) << size;
}

// Refused before it is touched: 17 GB of weights.
TEST_F(MemoryLimit, AModelBeyondItIsRefusedAtOnce) {
  const Ran ran =
      run("train", "out", {"--model", "mlp:hidden=65536/65536", "--memory-limit", "2G"});
  expect_order(ran);
  EXPECT_THAT(ran.err, HasSubstr("error: out of memory: "));
  EXPECT_THAT(ran.err, HasSubstr("of the limit of 2.000 GB"));
}

}  // namespace
}  // namespace tailgrad::test
