// `tailgrad train`: what it writes, that runs repeat to the bit, and how it stops and goes on.
#include <algorithm>
#include <chrono>
#include <filesystem>
#include <sstream>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cli/run_program.h"
#include "cli/train_data.h"

namespace tailgrad::test {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;

const std::string kSmall = "transformer:layers=1,width=16,heads=2,feedforward=32";

class TrainVerb : public ::testing::Test {
 protected:
  TrainVerb() {
    spill(folder_.at("train.csv"), texts_csv(200, 1));
    spill(folder_.at("test.csv"), texts_csv(60, 2));
    spill(folder_.at("numbers.csv"), numbers_csv(200, 3));
  }
  std::vector<std::string> text_run(const std::string& out, std::vector<std::string> more = {}) {
    std::vector<std::string> arguments = {"train",          folder_.at("train.csv"),
                                          "--test",         folder_.at("test.csv"),
                                          "--model",        kSmall,
                                          "--epochs",       "3",
                                          "--batch-tokens", "200",
                                          "--out",          folder_.at(out)};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return arguments;
  }
  std::string hash_of(const std::string& out) const {
    return json::parse(slurp(folder_.at(out + "/result.json"))).at("weights_hash");
  }

  TemporaryFolder folder_;
};

TEST_F(TrainVerb, WritesTheFilesOfARun) {
  const Ran ran = run_program(text_run("run", {"--loss", "la:tau=1"}));
  ASSERT_EQ(ran.status, 0) << ran.err;
  for (const char* name : {"model.safetensors", "model.json", "config.toml", "history.jsonl",
                           "result.json", "report.html", "checkpoint"})
    EXPECT_TRUE(std::filesystem::exists(folder_.at("run/" + std::string(name)))) << name;
  EXPECT_THAT(ran.out, HasSubstr("macro F1"));
  EXPECT_THAT(ran.out, HasSubstr("peak memory"));
  EXPECT_THAT(ran.out, HasSubstr("report.html"));
  EXPECT_THAT(ran.err, HasSubstr("held out"));
  EXPECT_THAT(ran.err, HasSubstr("epoch 3"));

  const json result = json::parse(slurp(folder_.at("run/result.json")));
  for (const char* key : {"version", "cpu_level", "blas_kernel", "threads", "seed", "config",
                          "data", "parameters", "weights_hash", "seconds", "epochs", "dev", "test"})
    EXPECT_TRUE(result.contains(key)) << key;
  EXPECT_EQ(result["epochs"], 3);
  EXPECT_EQ(result["data"]["items"]["test"], 60);
  EXPECT_EQ(result["data"]["items"]["train"].get<int>() + result["data"]["items"]["dev"].get<int>(),
            200);
  EXPECT_EQ(result["data"]["classes"].size(), 3U);
  EXPECT_THAT(result["config"]["loss"].get<std::string>(), HasSubstr("la:"));
  EXPECT_GT(result["peak_memory_bytes"], 1000000);
  for (const char* split : {"dev", "test"}) {
    const json& metrics = result[split];
    for (const char* key : {"n", "accuracy", "balanced_error", "macro_f1", "micro_f1", "loss",
                            "ece", "per_class", "groups"})
      EXPECT_TRUE(metrics.contains(key)) << split << " " << key;
    ASSERT_EQ(metrics["per_class"].size(), 3U);
    for (const char* key : {"label", "train_count", "support", "precision", "recall", "f1"})
      EXPECT_TRUE(metrics["per_class"][0].contains(key)) << key;
    for (const char* group : {"many", "medium", "few"})
      EXPECT_TRUE(metrics["groups"].contains(group)) << group;
  }
  EXPECT_EQ(result["test"]["n"], 60);

  std::istringstream history(slurp(folder_.at("run/history.jsonl")));
  int epochs = 0;
  for (std::string line; std::getline(history, line); ++epochs)
    EXPECT_EQ(json::parse(line).at("epoch"), epochs + 1);
  EXPECT_EQ(epochs, 3);
}

TEST_F(TrainVerb, LearnsTextsAndTables) {
  const Ran texts = run_program(
      text_run("texts", {"--epochs", "20", "--optimizer", "adamw:lr=1e-2", "--json", "--quiet"}));
  ASSERT_EQ(texts.status, 0) << texts.err;
  EXPECT_EQ(texts.err, "");
  EXPECT_GT(texts.json()["test"]["macro_f1"], 0.9);
  const Ran table =
      run_program({"train", folder_.at("numbers.csv"), "--task", "table", "--model",
                   "mlp:hidden=16", "--optimizer", "adamw:lr=2e-2", "--epochs", "20",
                   "--batch-tokens", "16", "--out", folder_.at("table"), "--json", "--quiet"});
  ASSERT_EQ(table.status, 0) << table.err;
  EXPECT_GT(table.json()["dev"]["macro_f1"], 0.8);
  EXPECT_TRUE(table.json()["test"].is_null());
  EXPECT_THAT(table.json()["reason"].get<std::string>(), HasSubstr("--test"));
}

TEST_F(TrainVerb, PrintsResultJsonAndNothingElse) {
  const Ran ran = run_program(text_run("run", {"--json"}));
  ASSERT_EQ(ran.status, 0) << ran.err;
  EXPECT_EQ(ran.json(), json::parse(slurp(folder_.at("run/result.json"))));
}

TEST_F(TrainVerb, TheNumberOfThreadsChangesNoBit) {
  ASSERT_EQ(run_program(text_run("one", {"--threads", "1"})).status, 0);
  for (const char* threads : {"2", "3", "4"}) {
    ASSERT_EQ(run_program(text_run(threads, {"--threads", threads})).status, 0);
    EXPECT_EQ(hash_of(threads), hash_of("one")) << threads << " threads";
  }
  ASSERT_EQ(run_program(text_run("seed", {"--seed", "2"})).status, 0);
  EXPECT_NE(hash_of("seed"), hash_of("one"));
}

TEST_F(TrainVerb, NgramsOfAllWordsAreLearntAndKept) {
  const std::vector<std::string> all = {"--buckets", "64",
                                        "--ngrams",  "all",
                                        "--model",   "transformer:layers=1,embedding_dropout=0.2"};
  ASSERT_EQ(run_program(text_run("all", all)).status, 0);
  ASSERT_EQ(run_program(text_run("unknown", {"--buckets", "64"})).status, 0);
  EXPECT_NE(hash_of("all"), hash_of("unknown"));
  const Ran again = run_program(
      {"train", "--config", folder_.at("all/config.toml"), "--out", folder_.at("again")});
  ASSERT_EQ(again.status, 0) << again.err;
  EXPECT_EQ(hash_of("again"), hash_of("all"));
  const json model = json::parse(slurp(folder_.at("all/model.json")));
  EXPECT_TRUE(model["encoding"]["vocabulary"]["ngrams_of_all_words"]);
  EXPECT_THAT(run_program(text_run("bad", {"--ngrams", "all"})).err,
              HasSubstr("--ngrams: all needs --buckets"));
  EXPECT_THAT(run_program(text_run("bad", {"--buckets", "9", "--ngrams", "some"})).err,
              HasSubstr("Known: unknown, all"));
}

TEST_F(TrainVerb, TheConfigOfARunRepeatsIt) {
  ASSERT_EQ(run_program(text_run("first", {"--loss", "focal:gamma=2", "--seed", "7"})).status, 0);
  const Ran again = run_program(
      {"train", "--config", folder_.at("first/config.toml"), "--out", folder_.at("again")});
  ASSERT_EQ(again.status, 0) << again.err;
  EXPECT_EQ(hash_of("again"), hash_of("first"));
}

TEST_F(TrainVerb, AnOccupiedFolderIsRefusedReplacedOrResumed) {
  ASSERT_EQ(run_program(text_run("run")).status, 0);
  const std::string hash = hash_of("run");
  spill(folder_.at("run/notes.txt"), "mine");

  const Ran refused = run_program(text_run("run", {"--quiet", "--seed", "2"}));
  EXPECT_TRUE(refused.is_callers_fault()) << refused.err;
  EXPECT_THAT(refused.err, HasSubstr("--force"));
  EXPECT_EQ(hash_of("run"), hash);

  const Ran resumed = run_program(text_run("run", {"--resume"}));
  EXPECT_EQ(resumed.status, 0) << resumed.err;
  EXPECT_EQ(hash_of("run"), hash);

  const Ran other = run_program(text_run("run", {"--quiet", "--resume", "--seed", "2"}));
  EXPECT_TRUE(other.is_callers_fault()) << other.err;
  EXPECT_THAT(other.err, HasSubstr("another run"));
  EXPECT_EQ(hash_of("run"), hash);

  const Ran forced = run_program(text_run("run", {"--force", "--seed", "2"}));
  EXPECT_EQ(forced.status, 0) << forced.err;
  EXPECT_NE(hash_of("run"), hash);
  EXPECT_EQ(slurp(folder_.at("run/notes.txt")), "mine");
}

TEST_F(TrainVerb, StopsAtASignalAndGoesOnToTheSameBits) {
  const std::vector<std::string> longer = {"--epochs", "60", "--threads", "1", "--quiet"};
  ASSERT_EQ(run_program(text_run("whole", longer)).status, 0);

  Running running(text_run("stopped", longer));
  const std::string history = folder_.at("stopped/history.jsonl");
  const auto patience = std::chrono::steady_clock::now() + std::chrono::seconds(60);
  while (slurp(history).empty() && std::chrono::steady_clock::now() < patience)
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  running.signal(SIGINT);
  const Ran stopped = running.wait();
  ASSERT_EQ(stopped.status, 3) << stopped.err;
  EXPECT_THAT(stopped.err, HasSubstr("--resume"));
  EXPECT_FALSE(std::filesystem::exists(folder_.at("stopped/result.json")));

  std::vector<std::string> resume = longer;
  resume.push_back("--resume");
  const Ran resumed = run_program(text_run("stopped", resume));
  ASSERT_EQ(resumed.status, 0) << resumed.err;
  EXPECT_EQ(hash_of("stopped"), hash_of("whole"));
  const std::string lines = slurp(history);
  EXPECT_EQ(std::count(lines.begin(), lines.end(), '\n'), 60);
}

TEST_F(TrainVerb, ADamagedCheckpointIsPassedOverForTheOneBefore) {
  const std::vector<std::string> three = {"--epochs", "3"};
  ASSERT_EQ(run_program(text_run("run", three)).status, 0);
  const std::string weights = slurp(folder_.at("run/model.safetensors"));
  const std::string before = folder_.at("run/checkpoint/state-0.safetensors");
  const std::string newest = folder_.at("run/checkpoint/state-1.safetensors");
  const std::vector<std::string> resume = {"--epochs", "3", "--resume"};
  const std::string whole = slurp(newest);
  std::string flipped = whole;
  flipped.back() ^= 1;
  for (const std::string& damaged : {flipped, whole.substr(0, whole.size() / 2)}) {
    spill(newest, damaged);
    std::filesystem::remove(folder_.at("run/model.safetensors"));
    const Ran resumed = run_program(text_run("run", resume));
    ASSERT_EQ(resumed.status, 0) << resumed.err;
    EXPECT_THAT(resumed.err, HasSubstr("warning: " + newest + ": "));
    EXPECT_THAT(resumed.err, HasSubstr("going on from " + before));
    EXPECT_THAT(resumed.err, HasSubstr("resuming after epoch 2 of 3"));
    EXPECT_EQ(slurp(folder_.at("run/model.safetensors")), weights);
    const std::string lines = slurp(folder_.at("run/history.jsonl"));
    EXPECT_EQ(std::count(lines.begin(), lines.end(), '\n'), 3);
  }
  spill(newest, flipped);
  spill(before, "");
  const Ran lost = run_program(text_run("run", {"--quiet", "--epochs", "3", "--resume"}));
  EXPECT_TRUE(lost.is_callers_fault()) << lost.err;
  EXPECT_EQ(std::count(lost.err.begin(), lost.err.end(), '\n'), 1);
  EXPECT_THAT(lost.err, HasSubstr("no checkpoint of this run is whole"));
  EXPECT_EQ(slurp(folder_.at("run/model.safetensors")), weights);
}

TEST_F(TrainVerb, ARunThatDivergesNamesStepOpAndCheckpoint) {
  const std::vector<std::string> wild = {"--optimizer", "sgd:lr=1e30", "--schedule", "constant",
                                         "--clip-norm", "0",           "--quiet"};
  const Ran ran = run_program(text_run("run", wild));
  EXPECT_TRUE(ran.is_callers_fault()) << ran.err;
  EXPECT_THAT(ran.err, HasSubstr("diverged at step 2: "));
  EXPECT_THAT(ran.err, HasSubstr("inputs:"));
  EXPECT_THAT(ran.err, HasSubstr("there is no good checkpoint"));
  EXPECT_FALSE(std::filesystem::exists(folder_.at("run/result.json")));
}

TEST_F(TrainVerb, ARunThatDivergesLateNamesTheCheckpointBefore) {
  // A decay of 21 at a rate of 1 makes the weights 20 times as large a step: too large for a float
  // after about 30 steps, of which an epoch has some 5.
  const Ran ran = run_program(
      text_run("run", {"--model", "bag:width=4", "--optimizer", "sgd:lr=1,weight_decay=21",
                       "--schedule", "constant", "--epochs", "50", "--clip-norm", "0", "--quiet"}));
  EXPECT_TRUE(ran.is_callers_fault()) << ran.err;
  EXPECT_THAT(ran.err,
              HasSubstr("the last good checkpoint is " + folder_.at("run/checkpoint/state-")));
}

}  // namespace
}  // namespace tailgrad::test
