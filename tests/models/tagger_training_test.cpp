// Training taggers: the same bits on any number of threads and after a resume, no allocation in a
// steady step.
#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <vector>

#include <support/count_allocations.h>
#include <support/temporary_folder.h>
#include <tailgrad/core/parallel.h>
#include <tailgrad/core/pool.h>
#include <tailgrad/core/tape.h>
#include <tailgrad/losses/table.h>
#include <tailgrad/models/trainer.h>
#include <tailgrad/nn/weights.h>

#include "models/support.h"

namespace tailgrad {
namespace {

struct TaggerTraining {
  TaggerTraining(const std::string& model_text, const char* loss_text, int epochs, Index length = 0)
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
  TaggerTraining run(kModels[0], "crf", 12);
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
        TaggerTraining run(model, loss, 2);
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
  const test::TemporaryFolder folder;
  CheckpointFiles files(folder.at("checkpoint"));
  for (const char* model : kModels) {
    SCOPED_TRACE(model);
    TaggerTraining whole(model, "crf", 3);
    EXPECT_TRUE(whole.trainer->run());
    const std::uint64_t steps = whole.trainer->total_steps();
    for (const std::uint64_t stop : {std::uint64_t{1}, steps / 2, steps - 1}) {
      TaggerTraining first(model, "crf", 3);
      EXPECT_FALSE(first.trainer->run(
          {.after_step = [stop](const TrainProgress& now) { return now.total_step < stop; }}));
      first.trainer->save(files);
      TaggerTraining second(model, "crf", 3);
      ASSERT_TRUE(second.trainer->load(files));
      EXPECT_TRUE(second.trainer->run());
      EXPECT_EQ(weights_hash(*second.model), weights_hash(*whole.model)) << "after step " << stop;
    }
  }
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
      TaggerTraining run(model, "crf", kEpochs, 10);
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

// Sentences of as many tokens, all of one length or one of them 32 times as long as the others:
// padded to the longest, the second batch would be sixteen times the first.
TEST(TaggerTraining, MemoryDoesNotDependOnTheLongestSentence) {
  constexpr Index kShort = 16;
  constexpr Index kLong = 512;
  const ToySentences even = toy_sentences(2 * kLong / kShort, 1, kShort);
  ToySentences uneven = toy_sentences(kLong / kShort, 2, kShort);
  const ToySentences one = toy_sentences(1, 3, kLong);
  uneven.words.insert(uneven.words.end(), one.words.begin(), one.words.end());
  uneven.tags.insert(uneven.tags.end(), one.tags.begin(), one.tags.end());
  uneven.offsets.push_back(uneven.offsets.back() + kLong);
  ASSERT_EQ(even.words.size(), uneven.words.size());

  const WordFormEncoding encoding(even.words, {.affix_buckets = 64});
  ModelSetup setup = tagger_setup(encoding);
  setup.max_tokens = kLong;
  const int before = threads();
  set_threads(1);
  // Pools that ended threads left are not empty: they wait aside.
  std::vector<Pool*> aside;
  for (int i = 0; i < 100; ++i) aside.push_back(&Pool::acquire());
  for (const char* text : {"bilstm-crf:width=32,words=16,char_width=8,affixes=8",
                           "bilstm-crf:width=32,words=16,char=lstm,char_width=8,layers=2"}) {
    SCOPED_TRACE(text);
    // Bytes that a few steps of a thread with an empty pool take from the system.
    const auto reserved = [&](const ToySentences& sentences) {
      const Examples batch = encode(encoding, sentences);
      const auto model = make_model(text, "tags", setup);
      const auto loss = make_loss("crf", ClassCounts::of_labels(batch.classes, 3));
      const std::uint64_t held = Pool::total().reserved_bytes;
      Pool& pool = Pool::acquire();
      for (int step = 0; step < 3; ++step) {
        const PoolScope scope(pool);
        backward((*loss)(model->logits_for(*loss, batch), model->targets(batch)).mean());
      }
      return Pool::total().reserved_bytes - held;
    };
    const std::uint64_t of_even = reserved(even);
    const std::uint64_t of_uneven = reserved(uneven);
    EXPECT_GT(of_even, even.words.size() * 32 * 2 * sizeof(Real));
    EXPECT_LT(static_cast<double>(of_uneven), 1.5 * static_cast<double>(of_even));
  }
  for (Pool* const pool : aside) Pool::give_back(*pool);
  set_threads(before);
}

}  // namespace
}  // namespace tailgrad
