// Training taggers: the same bits on any number of threads and after a resume, no allocation in a
// steady step.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <memory>

#include <support/count_allocations.h>
#include <tailgrad/core/parallel.h>
#include <tailgrad/core/pool.h>
#include <tailgrad/losses/table.h>
#include <tailgrad/models/trainer.h>
#include <tailgrad/nn/weights.h>

#include "models/support.h"

namespace tailgrad {
namespace {

struct Training {
  Training(const std::string& model_text, const char* loss_text, int epochs, Index length = 0)
      : sentences(toy_sentences(120, 1, length)),
        encoding(sentences.words, {.affix_buckets = 64}),
        train(encode(encoding, sentences)),
        dev(encode(encoding, toy_sentences(40, 2, length))),
        loss(make_loss(loss_text, ClassCounts::of_labels(train.classes, 3))),
        model(make_model(model_text, "tags", tagger_setup(encoding))) {
    trainer = std::make_unique<Trainer>(
        *model, *loss, train, dev, MetricsContext{},
        TrainerOptions{.optimizer = "adam:lr=1e-2", .epochs = epochs, .batch_tokens = 100},
        [](const Examples& split, const Outputs& outputs) {
          return compute_metrics(
              predictions_from_classes(outputs.classes, split.classes, split.class_count));
        });
  }
  ToySentences sentences;
  WordFormEncoding encoding;
  Examples train;
  Examples dev;
  std::unique_ptr<Loss> loss;
  std::unique_ptr<Model> model;
  std::unique_ptr<Trainer> trainer;
};

const char* const kModels[] = {"bilstm-crf:width=8,words=8,char_width=8,affixes=8",
                               "bilstm-crf:width=8,words=8,char=lstm,char_width=8,layers=2",
                               "transformer-crf:width=8,heads=2,layers=1,feedforward=16"};

TEST(TaggerTraining, LearnsWhatCanBeLearnt) {
  Training run(kModels[0], "crf", 12);
  EXPECT_TRUE(run.trainer->run());
  EXPECT_GT(run.trainer->history().back().dev.at("macro_f1"), 0.95);
}

TEST(TaggerTraining, SameBitsOnAnyNumberOfThreads) {
  const int before = threads();
  for (const char* model : kModels) {
    for (const char* loss : {"crf", "dsc:scope=batch"}) {
      SCOPED_TRACE(std::string(model) + " " + loss);
      const auto hash = [&](int count) {
        set_threads(count);
        Training run(model, loss, 2);
        run.trainer->run();
        return weights_hash(*run.model);
      };
      const std::string one = hash(1);
      for (const int count : {2, 3, 4}) EXPECT_EQ(hash(count), one) << count << " threads";
    }
  }
  set_threads(before);
}

TEST(TaggerTraining, StoppedAnywhereAndResumedGivesTheSameBits) {
  const std::string path = ::testing::TempDir() + "/tagger_checkpoint.safetensors";
  for (const char* model : kModels) {
    SCOPED_TRACE(model);
    Training whole(model, "crf", 3);
    EXPECT_TRUE(whole.trainer->run());
    const std::uint64_t steps = whole.trainer->total_steps();
    for (const std::uint64_t stop : {std::uint64_t{1}, steps / 2, steps - 1}) {
      Training first(model, "crf", 3);
      EXPECT_FALSE(first.trainer->run(
          {.after_step = [stop](const TrainProgress& now) { return now.total_step < stop; }}));
      first.trainer->save(path);
      Training second(model, "crf", 3);
      second.trainer->load(path);
      EXPECT_TRUE(second.trainer->run());
      EXPECT_EQ(weights_hash(*second.model), weights_hash(*whole.model)) << "after step " << stop;
    }
  }
  std::filesystem::remove(path);
}

TEST(TaggerTraining, NoAllocationInASteadyStep) {
  if (!COUNTS_ALLOCATIONS) GTEST_SKIP() << "malloc belongs to a sanitizer here";
  const int before = threads();
  for (const char* model : kModels) {
    for (const int count : {1, 2}) {
      SCOPED_TRACE(std::string(model) + ", threads: " + std::to_string(count));
      set_threads(count);
      constexpr int kEpochs = 16;
      // Sentences of one length; the number of forms still differs from batch to batch, so the
      // pool may grow in early epochs.
      Training run(model, "crf", kEpochs, 10);
      std::uint64_t fewest = ~std::uint64_t{0};
      std::uint64_t in_epoch = 0;
      std::uint64_t last = 0;
      run.trainer->run({.after_step =
                            [&](const TrainProgress& now) {
                              in_epoch = now.step > 1 ? in_epoch + allocations.load() - last : 0;
                              if (now.epoch > kEpochs / 2 && now.step == now.epoch_steps)
                                fewest = std::min(fewest, in_epoch);
                              last = allocations.load();
                              return true;
                            },
                        .after_epoch = {}});
      EXPECT_EQ(fewest, 0U);
    }
  }
  set_threads(before);
}

}  // namespace
}  // namespace tailgrad
