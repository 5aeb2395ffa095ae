// Whole programs on a file system that fails: every call of a short run in turn, and all of them
// with signals and short transfers (see support/file_faults.h).
#include <atomic>
#include <cstring>
#include <filesystem>
#include <functional>
#include <regex>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <tailgrad/core/error.h>
#include <tailgrad/core/npy.h>
#include <tailgrad/core/safetensors.h>

#include "cli/run_program.h"
#include "cli/train_data.h"

namespace tailgrad::test {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

// Environment with which the program runs so.
std::vector<std::string> faults(const std::string& what, const std::string& report) {
  return {std::string("LD_PRELOAD=") + TAILGRAD_FILE_FAULTS, "TAILGRAD_FAULT_FOLDER=.", what,
          "TAILGRAD_FAULT_REPORT=" + report};
}

// One command that is tried: in a folder that holds its input, with relative paths.
struct Command {
  std::vector<std::string> arguments;
  std::vector<std::string> again;    // added when it is run once more after a fault
  std::vector<std::string> outputs;  // what counts in the end
  std::function<void(const std::string& folder)> prepare;
};

// Equal runs differ in these alone.
std::string without_times(const std::string& text) {
  static const std::regex times(
      "\"(seconds|peak_memory_bytes)\": ?[0-9.e+-]+|[0-9.]+ s, peak memory [0-9]+ MB");
  return std::regex_replace(text, times, "");
}

std::string outputs_of(const Command& command, const TemporaryFolder& folder) {
  std::string all;
  for (const std::string& name : command.outputs)
    all += "== " + name + "\n" + without_times(slurp(folder.at(name)));
  return all;
}

bool is_whole(const fs::path& path) {
  const std::string text = slurp(path.string());
  const std::string kind = path.extension().string();
  if (kind == ".json") return nlohmann::json::accept(text);
  if (kind == ".html") return text.ends_with("</html>\n");
  if (kind == ".toml") return text.ends_with("\n");
  try {
    if (kind == ".safetensors") Safetensors::read(path.string());
    if (kind == ".npy") read_npy(path.string());
  } catch (const Error&) {
    return false;
  }
  if (kind != ".jsonl") return true;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);)
    if (!nlohmann::json::accept(line)) return false;
  return text.empty() || text.ends_with("\n");
}

class FileFaultsOf : public ::testing::Test {
 protected:
  // What the command leaves where nothing fails.
  std::string left_alone(const Command& command) {
    const TemporaryFolder folder;
    command.prepare(folder.path().string());
    const Ran ran = run_program(command.arguments, folder.path().string());
    EXPECT_EQ(ran.status, 0) << ran.err;
    out_ = without_times(ran.out);
    return outputs_of(command, folder);
  }

  // Signals before every second call, and three bytes a transfer: nobody notices.
  void expect_patience(const Command& command, const std::string& whole) {
    const TemporaryFolder folder;
    const TemporaryFolder elsewhere;
    command.prepare(folder.path().string());
    std::vector<std::string> environment = faults("TAILGRAD_FAULT_SHORT=1", elsewhere.at("report"));
    environment.push_back("TAILGRAD_FAULT_INTERRUPTS=1");
    const Ran ran = Running(command.arguments, folder.path().string(), environment).wait();
    EXPECT_EQ(ran.status, 0) << ran.err;
    EXPECT_EQ(without_times(ran.out), out_);
    EXPECT_EQ(outputs_of(command, folder), whole);
    EXPECT_NE(slurp(elsewhere.at("report")), "") << "the faults were not there";
  }

  // Call `call` fails; false when there were fewer.
  bool expect_safety(const Command& command, const std::string& whole, int call, int reason) {
    const TemporaryFolder folder;
    const TemporaryFolder elsewhere;
    command.prepare(folder.path().string());
    std::vector<std::string> environment =
        faults("TAILGRAD_FAULT_AT=" + std::to_string(call), elsewhere.at("report"));
    environment.push_back("TAILGRAD_FAULT_ERRNO=" + std::to_string(reason));
    const Ran ran = Running(command.arguments, folder.path().string(), environment).wait();
    std::istringstream report(slurp(elsewhere.at("report")));
    std::string calls;
    std::string failed;
    std::getline(report, calls);
    std::getline(report, failed);
    if (calls.empty()) ADD_FAILURE() << "call " << call << ": ended by a crash\n" << ran.err;
    SCOPED_TRACE("call " + std::to_string(call) + ": " + failed + ": " + std::strerror(reason) +
                 "\n" + ran.err);
    for (const auto& entry : fs::recursive_directory_iterator(folder.path())) {
      if (!entry.is_regular_file()) continue;
      const std::string name = entry.path().filename().string();
      if (name.starts_with(".tailgrad-")) {
        EXPECT_TRUE(failed.starts_with("unlink")) << "left behind: " << name;
      } else {
        EXPECT_TRUE(is_whole(entry.path())) << name;
      }
    }
    if (ran.status != 0) {
      EXPECT_EQ(ran.status, 2);
      const std::size_t last = ran.err.rfind('\n', ran.err.size() - 2) + 1;
      EXPECT_TRUE(last == 0 || ran.err.starts_with("warning: ")) << "more than one line";
      EXPECT_EQ(ran.err.substr(last, 7), "error: ");
      EXPECT_THAT(ran.err, HasSubstr(std::strerror(reason)));
      EXPECT_EQ(ran.out, "");
      std::vector<std::string> again = command.arguments;
      again.insert(again.end(), command.again.begin(), command.again.end());
      const Ran second = run_program(again, folder.path().string());
      EXPECT_EQ(second.status, 0) << second.err;
      EXPECT_EQ(without_times(second.out), out_);
    }
    EXPECT_EQ(outputs_of(command, folder), whole);
    return !failed.empty();
  }

  // Every call in turn, on two threads. Both reasons for each call take twice as long: then, with
  // TAILGRAD_ALL_FAULTS set, they are tried, else one of the two.
  void expect_all(const Command& command) {
    const std::string whole = left_alone(command);
    expect_patience(command, whole);
    const bool both = std::getenv("TAILGRAD_ALL_FAULTS") != nullptr;
    std::atomic<int> next{0};
    std::atomic<bool> more{true};
    const auto work = [&] {
      while (more && !HasFailure()) {
        const int call = next++;
        bool happened = false;
        for (const int reason : {EIO, ENOSPC})
          if (both || (reason == EIO) == (call % 2 == 0))
            happened = expect_safety(command, whole, call, reason) || happened;
        if (!happened) more = false;
      }
    };
    std::thread other(work);
    work();
    other.join();
    RecordProperty("calls", next.load());
    EXPECT_GT(next, 5);
  }

 private:
  std::string out_;
};

const std::vector<std::string> kTrain = {
    "train",        "train.csv",      "--task", "table",     "--model",
    "mlp:hidden=4", "--epochs",       "2",      "--threads", "1",
    "--quiet",      "--batch-tokens", "16",     "--out",     "out"};

void put_table(const std::string& folder) {
  spill(folder + "/train.csv", numbers_csv(60, 3));
}

TEST_F(FileFaultsOf, Train) {
  expect_all({.arguments = kTrain,
              .again = {"--resume"},
              .outputs = {"out/model.safetensors", "out/model.json", "out/config.toml",
                          "out/history.jsonl", "out/result.json"},
              .prepare = put_table});
}

TEST_F(FileFaultsOf, Predict) {
  const TemporaryFolder trained;
  put_table(trained.path().string());
  ASSERT_EQ(run_program(kTrain, trained.path().string()).status, 0);
  expect_all({.arguments = {"predict", "out", "train.csv", "--logits", "z.npy", "--threads", "1"},
              .again = {},
              .outputs = {"z.npy"},
              .prepare = [&](const std::string& folder) {
                put_table(folder);
                fs::copy(trained.at("out"), folder + "/out", fs::copy_options::recursive);
              }});
}

// Logits and labels of six items of two classes.
void put_logits(const std::string& folder) {
  const std::vector<double> logits = {2, 0, 1, 0, 3, 1, 0, 1, 1, 0, 0, 2};
  const std::vector<std::int64_t> labels = {0, 0, 0, 1, 1, 1};
  const std::vector<std::int64_t> counts = {5, 1};
  write_npy(folder + "/z.npy", std::span<const double>(logits), std::vector<std::size_t>{6, 2});
  write_npy(folder + "/y.npy", std::span<const std::int64_t>(labels), std::vector<std::size_t>{6});
  write_npy(folder + "/n.npy", std::span<const std::int64_t>(counts), std::vector<std::size_t>{2});
}

TEST_F(FileFaultsOf, Loss) {
  expect_all({.arguments = {"loss", "la:tau=1", "--logits", "z.npy", "--targets", "y.npy",
                            "--counts", "n.npy", "--gradient", "g.npy"},
              .again = {},
              .outputs = {"g.npy"},
              .prepare = put_logits});
}

TEST_F(FileFaultsOf, Adjust) {
  expect_all({.arguments = {"adjust", "la:tau=1", "--logits", "z.npy", "--labels", "y.npy",
                            "--train-counts", "n.npy", "--apply", "z.npy", "--out", "a.npy"},
              .again = {"--force"},
              .outputs = {"a.npy"},
              .prepare = put_logits});
}

TEST_F(FileFaultsOf, Compare) {
  expect_all({.arguments = {"compare", "train.csv", "--task", "table", "--model", "mlp:hidden=4",
                            "--losses", "ce;focal", "--seeds", "1", "--epochs", "1", "--bootstrap",
                            "20", "--threads", "1", "--quiet", "--out", "out"},
              .again = {},
              .outputs = {"out/result.json"},
              .prepare = put_table});
}

// The operating system's own full disk.
TEST(StandardOutput, ThatIsFullIsAnError) {
  const std::string errors = ::testing::TempDir() + "/full_output";
  for (const char* verb : {"version", "list losses", "list losses --json"}) {
    const std::string line =
        std::string("'") + TAILGRAD_PROGRAM + "' " + verb + " > /dev/full 2> '" + errors + "'";
    EXPECT_EQ(WEXITSTATUS(std::system(line.c_str())), 2) << verb;
    EXPECT_THAT(slurp(errors), ::testing::StartsWith("error: standard output: "));
    EXPECT_THAT(slurp(errors), HasSubstr("No space left on device"));
  }
  fs::remove(errors);
}

}  // namespace
}  // namespace tailgrad::test
