#include <tailgrad/models/trainer.h>

#include <gtest/gtest.h>

#include <memory>

#include <tailgrad/core/parallel.h>
#include <tailgrad/losses/table.h>
#include <tailgrad/models/model_table.h>
#include <tailgrad/nn/weights.h>

#include "models/support.h"

namespace tailgrad {
namespace {

constexpr Index kClasses = 4;
constexpr Index kWords = 40;

struct Training {
  explicit Training(const std::string& loss_text = "ce", TrainerOptions options = {},
                    int epochs = 3)
      : train(toy_texts(300, kClasses, kWords, 1)),
        dev(toy_texts(100, kClasses, kWords, 2)),
        loss(make_loss(loss_text, ClassCounts::of_labels(train.classes, kClasses))),
        model(make_model("transformer:layers=1,width=16,heads=2,feedforward=32,dropout=0.1", "text",
                         {.classes = kClasses, .vocabulary = kWords, .max_tokens = 16})) {
    options.epochs = epochs;
    options.batch_tokens = 200;
    trainer = std::make_unique<Trainer>(*model, *loss, train, dev, MetricsContext{}, options);
  }
  Examples train;
  Examples dev;
  std::unique_ptr<Loss> loss;
  std::unique_ptr<Model> model;
  std::unique_ptr<Trainer> trainer;
};

std::string trained_hash(const std::string& loss = "ce", TrainerOptions options = {}) {
  Training run(loss, options);
  run.trainer->run();
  return weights_hash(*run.model);
}

TEST(Trainer, LearnsWhatCanBeLearnt) {
  Training run("ce", {}, 10);
  EXPECT_TRUE(run.trainer->run());
  const auto& history = run.trainer->history();
  ASSERT_EQ(history.size(), 10u);
  EXPECT_LT(history.back().train_loss, history.front().train_loss);
  EXPECT_GT(history.back().dev.at("macro_f1"), 0.8);
}

TEST(Trainer, SameBitsOnAnyNumberOfThreads) {
  const int before = threads();
  set_threads(1);
  const std::string one = trained_hash();
  for (const int count : {2, 3, 4}) {
    set_threads(count);
    EXPECT_EQ(trained_hash(), one) << count << " threads";
  }
  set_threads(before);
  EXPECT_NE(trained_hash("ce", {.seed = 2}), one) << "the seed must matter";
}

TEST(Trainer, SetLevelLossGivesTheSameBitsOnAnyNumberOfThreads) {
  if (loss_table().size() < 4) GTEST_SKIP() << "no set-level loss yet";
  const int before = threads();
  set_threads(1);
  const std::string one = trained_hash("dice:scope=class");
  set_threads(4);
  EXPECT_EQ(trained_hash("dice:scope=class"), one);
  set_threads(before);
}

TEST(Trainer, StoppedAnywhereAndResumedGivesTheSameBits) {
  const std::string whole = trained_hash();
  CheckpointFiles files(testing::TempDir() + "/trainer_checkpoint");
  Training probe;
  for (const std::uint64_t stop :
       {std::uint64_t{1}, probe.trainer->total_steps() / 2, probe.trainer->total_steps() - 1}) {
    Training first;
    EXPECT_FALSE(first.trainer->run(
        {.after_step = [stop](const TrainProgress& now) { return now.total_step < stop; }}));
    first.trainer->save(files);
    Training second;
    ASSERT_TRUE(second.trainer->load(files));
    EXPECT_TRUE(second.trainer->run());
    EXPECT_EQ(weights_hash(*second.model), whole) << "stopped after step " << stop;
    EXPECT_EQ(second.trainer->history().size(), 3u);
  }
  files.remove();
}

TEST(Trainer, RefusesACheckpointOfAnotherRun) {
  CheckpointFiles files(testing::TempDir() + "/other_run");
  Training first;
  first.trainer->save(files);
  Training other("la:tau=1");
  try {
    other.trainer->load(files);
    FAIL() << "loaded a checkpoint of another loss";
  } catch (const Error& error) {
    EXPECT_NE(std::string(error.what()).find("of another run"), std::string::npos) << error.what();
  }
  files.remove();
}

TEST(Trainer, NamesStepAndOpWhenTrainingDiverges) {
  Training run("ce", {.optimizer = "sgd:lr=1e30", .schedule = "constant", .clip_norm = 0});
  try {
    run.trainer->run();
    FAIL() << "a learning rate of 1e30 did not diverge";
  } catch (const Diverged& error) {
    const std::string text = error.what();
    EXPECT_NE(text.find("diverged at step " + std::to_string(error.step)), std::string::npos);
    EXPECT_NE(text.find("NaN or infinity"), std::string::npos) << text;
    EXPECT_NE(text.find("inputs:"), std::string::npos) << text;
  }
}

TEST(Trainer, KeepsTheBestEpochByDev) {
  Training run;
  run.trainer->run();
  double best = -1;
  int epoch = 0;
  for (const EpochRecord& record : run.trainer->history())
    if (record.dev.at("macro_f1") > best) {
      best = record.dev.at("macro_f1");
      epoch = record.epoch;
    }
  EXPECT_EQ(run.trainer->best_epoch(), epoch);
}

TEST(Trainer, RefusesBadOptions) {
  const auto message = [](TrainerOptions options) -> std::string {
    try {
      Training run("ce", options);
    } catch (const Error& error) {
      return error.what();
    }
    return "";
  };
  EXPECT_NE(message({.select = "f17"}).find("f17"), std::string::npos);
  EXPECT_NE(message({.shards = 0}).find("at least 1"), std::string::npos);
  EXPECT_NE(message({.optimizer = "adamw:lr=-1"}).find("lr"), std::string::npos);
  EXPECT_NE(message({.sampler = "nonsense"}).find("nonsense"), std::string::npos);
}

}  // namespace
}  // namespace tailgrad
