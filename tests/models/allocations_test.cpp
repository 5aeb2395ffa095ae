// Training whole models through shards: no system allocation in a steady step, no memory that grows
// with the steps.
#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <vector>

#include <support/count_allocations.h>
#include <tailgrad/core/parallel.h>
#include <tailgrad/core/pool.h>
#include <tailgrad/losses/table.h>
#include <tailgrad/models/model_table.h>
#include <tailgrad/models/trainer.h>

#include "models/support.h"

namespace tailgrad {
namespace {

constexpr Index kClasses = 4;
constexpr Index kWords = 40;

// Texts of one length, so that all batches have the same shape.
Examples equal_texts(Index count) {
  Examples examples = toy_texts(count, kClasses, kWords, 1);
  Random random(1, "equal texts");
  examples.texts.ids.clear();
  examples.texts.offsets = {0};
  for (Index item = 0; item < count; ++item) {
    for (int i = 0; i < 10; ++i)
      examples.texts.ids.push_back(1 + static_cast<Index>(random.below(kWords - 1)));
    examples.texts.offsets.push_back(static_cast<Index>(examples.texts.ids.size()));
  }
  return examples;
}

Examples rows_of_numbers(Index count) {
  Examples examples;
  examples.feature_count = 20;
  examples.class_count = kClasses;
  Random random(2, "rows");
  for (Index item = 0; item < count; ++item) {
    for (int i = 0; i < 20; ++i)
      examples.features.push_back(static_cast<float>(random.uniform(-1, 1)));
    examples.classes.push_back(item % kClasses);
  }
  return examples;
}

Examples small_images(Index count) {
  Examples examples;
  examples.class_count = kClasses;
  examples.images = {.height = 8,
                     .width = 8,
                     .channels = 3,
                     .mean = {0, 0, 0},
                     .scale = {1, 1, 1},
                     .augmentation = {.pad = 1, .flip = true}};
  Random random(3, "images");
  for (Index item = 0; item < count; ++item) {
    for (int i = 0; i < 192; ++i)
      examples.images.pixels.push_back(static_cast<std::uint8_t>(random.below(256)));
    examples.classes.push_back(item % kClasses);
  }
  return examples;
}

struct Growth {
  /// In the steps of the epoch of the second half that had fewest: a worker thread of TBB that
  /// joins late, on a busy machine, allocates once; a step that allocates does so in every epoch.
  std::uint64_t allocations = ~std::uint64_t{0};
  std::uint64_t pool_bytes = 0;  ///< reserved during the second half
};

Growth train(const char* text, const Examples& examples, const char* loss_text, Index batch) {
  const char* const task = examples.is_text() ? "text" : examples.is_images() ? "image" : "table";
  const auto model = make_model(text, task,
                                {.classes = kClasses,
                                 .vocabulary = kWords,
                                 .max_tokens = 16,
                                 .features = 20,
                                 .height = 8,
                                 .width = 8,
                                 .channels = 3});
  const auto loss = make_loss(loss_text, ClassCounts::of_labels(examples.classes, kClasses));
  constexpr int kEpochs = 12;
  Trainer trainer(*model, *loss, examples, examples, {},
                  {.optimizer = "adamw:lr=1e-3", .epochs = kEpochs, .batch_tokens = batch});
  Growth growth;
  std::uint64_t allocations_before = 0;
  std::uint64_t in_epoch = 0;
  std::uint64_t bytes_before = 0;
  trainer.run({.after_step =
                   [&](const TrainProgress& now) {
                     const std::uint64_t count = allocations.load();
                     // Between two epochs the dev data are judged and batches made anew.
                     in_epoch = now.step > 1 ? in_epoch + count - allocations_before : 0;
                     if (now.epoch > kEpochs / 2 && now.step == now.epoch_steps)
                       growth.allocations = std::min(growth.allocations, in_epoch);
                     allocations_before = allocations.load();
                     return true;
                   },
               .after_epoch =
                   [&](const EpochRecord& record) {
                     const std::uint64_t bytes = Pool::total().reserved_bytes;
                     if (record.epoch > kEpochs / 2)
                       growth.pool_bytes = std::min(growth.pool_bytes, bytes - bytes_before);
                     bytes_before = bytes;
                   }});
  return growth;
}

void expect_steady(const char* model, const Examples& examples, const char* loss, Index batch) {
  const int before = threads();
  for (const int count : {1, 2}) {
    SCOPED_TRACE(std::string(model) + " " + loss + ", threads: " + std::to_string(count));
    set_threads(count);
    const Growth growth = train(model, examples, loss, batch);
    if (COUNTS_ALLOCATIONS) {
      EXPECT_EQ(growth.allocations, 0U);
    }
    EXPECT_EQ(growth.pool_bytes, 0U);
  }
  set_threads(before);
}

TEST(TrainingAllocations, TheCounterCounts) {
  if (!COUNTS_ALLOCATIONS) GTEST_SKIP() << "malloc belongs to a sanitizer here";
  const std::uint64_t before = allocations.load();
  void* volatile memory = std::malloc(100);
  std::free(memory);
  EXPECT_EQ(allocations.load(), before + 1);
}

TEST(TrainingAllocations, NoneInAStepOfTheTransformer) {
  const Examples texts = equal_texts(320);
  for (const char* model :
       {"transformer:layers=2,width=16,heads=2,feedforward=32",
        "transformer:layers=1,width=16,heads=2,feedforward=32,positions=sinusoidal,norm=post",
        "transformer:layers=1,width=16,heads=2,feedforward=32,pooling=attention",
        "transformer:layers=1,width=16,heads=2,feedforward=32,pooling=first", "bag:width=16"})
    expect_steady(model, texts, "ce", 400);
}

TEST(TrainingAllocations, NoneInAStepOfTheMlp) {
  expect_steady("mlp:hidden=32/16,dropout=0.1", rows_of_numbers(320), "la:tau=1", 32);
}

TEST(TrainingAllocations, NoneInAStepOfImageNets) {
  for (const char* model : {"cnn:channels=8/16,hidden=16", "resnet:depth=8,width=4",
                            "resnet:depth=8,width=4,shortcut=project,head=cosine"})
    expect_steady(model, small_images(160), "ldam", 32);
}

}  // namespace
}  // namespace tailgrad
