// ImageRun image nets: the same bits on any number of threads, with any stop, and it learns.
#include <cstdlib>
#include <cstring>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include <tailgrad/core/parallel.h>
#include <tailgrad/core/random.h>
#include <tailgrad/core/training_pass.h>
#include <tailgrad/losses/table.h>
#include <tailgrad/models/image_input.h>
#include <tailgrad/models/model_table.h>
#include <tailgrad/models/trainer.h>
#include <tailgrad/nn/weights.h>

namespace tailgrad {
namespace {

constexpr Index kImageClasses = 3;
constexpr Index kSide = 12;

// Class k is bright in the columns around 3 + 3 k.
Examples toy_images(Index count, std::uint64_t seed) {
  Random random(seed, "toy images");
  Examples examples;
  examples.class_count = kImageClasses;
  examples.images = {.height = kSide,
                     .width = kSide,
                     .channels = 1,
                     .mean = {0.3F},
                     .scale = {0.25F},
                     .augmentation = {.pad = 1, .flip = false}};
  for (Index item = 0; item < count; ++item) {
    const Index label = item % 7 == 0 ? 2 : item % 3 == 0 ? 1 : 0;
    for (Index p = 0; p < kSide * kSide; ++p) {
      const Index away = std::abs(p % kSide - 3 - 3 * label);
      examples.images.pixels.push_back(
          static_cast<std::uint8_t>(random.below(90) + (away < 2 ? 120 : 0)));
    }
    examples.classes.push_back(label);
  }
  return examples;
}

struct ImageRun {
  explicit ImageRun(const std::string& text, int shards = 1, int epochs = 3) {
    model = make_model(text, "image",
                       {.classes = kImageClasses, .height = kSide, .width = kSide, .channels = 1});
    loss = make_loss("la:tau=1", ClassCounts::of_labels(train.classes, kImageClasses));
    trainer = std::make_unique<Trainer>(*model, *loss, train, dev, MetricsContext{},
                                        TrainerOptions{.optimizer = "sgd:lr=0.05,momentum=0.9",
                                                       .schedule = "constant",
                                                       .epochs = epochs,
                                                       .batch_tokens = 16,
                                                       .shards = shards,
                                                       .clip_norm = 0});
  }
  Examples train = toy_images(100, 1);
  Examples dev = toy_images(40, 2);
  std::unique_ptr<Model> model;
  std::unique_ptr<Loss> loss;
  std::unique_ptr<Trainer> trainer;
};

std::string image_run_hash(const std::string& text, int shards = 1) {
  ImageRun run(text, shards);
  run.trainer->run();
  return weights_hash(*run.model);
}

TEST(ImageTraining, TheSameBitsOnAnyNumberOfThreads) {
  const int before = threads();
  for (const char* text : {"cnn:channels=8/16,hidden=16", "resnet:depth=8,width=4"})
    for (const int shards : {1, 3}) {
      set_threads(1);
      const std::string one = image_run_hash(text, shards);
      for (const int count : {2, 3, 4}) {
        set_threads(count);
        EXPECT_EQ(image_run_hash(text, shards), one) << text << ", " << count << " threads";
      }
    }
  set_threads(before);
}

TEST(ImageTraining, StoppedAnywhereAndResumedGivesTheSameBits) {
  const std::string text = "resnet:depth=8,width=4,shortcut=project";
  const std::string whole = image_run_hash(text);
  CheckpointFiles files(testing::TempDir() + "/image_checkpoint");
  for (const std::uint64_t stop : {std::uint64_t{2}, std::uint64_t{12}}) {
    ImageRun first(text);
    EXPECT_FALSE(first.trainer->run(
        {.after_step = [stop](const TrainProgress& now) { return now.total_step < stop; }}));
    first.trainer->save(files);
    ImageRun second(text);
    ASSERT_TRUE(second.trainer->load(files));
    EXPECT_TRUE(second.trainer->run());
    EXPECT_EQ(weights_hash(*second.model), whole) << "stopped after step " << stop;
    second.trainer->use_best_weights();
    const std::string best = weights_hash(*second.model);
    ImageRun third(text);
    third.trainer->run();
    third.trainer->use_best_weights();
    EXPECT_EQ(weights_hash(*third.model), best);
  }
  files.remove();
}

TEST(ImageTraining, Learns) {
  for (const char* text : {"cnn:channels=8/16,hidden=16", "resnet:depth=8,width=4"}) {
    ImageRun run(text, 1, 8);
    run.trainer->run();
    EXPECT_GT(run.trainer->history().back().dev.at("accuracy"), 0.9) << text;
  }
}

TEST(Augmentation, IsAFunctionOfPassAndPlace) {
  EncodedImages images = toy_images(30, 3).images;
  images.augmentation = {.pad = 2, .flip = true};
  const auto now = [&](std::uint64_t seed, std::uint64_t step, std::uint32_t shard = 0) {
    const TrainingPass pass(seed, step, shard);
    const Tensor x = image_tensor(images);
    return std::vector<Real>(x.values().begin(), x.values().end());
  };
  const std::vector<Real> first = now(1, 5);
  const int before = threads();
  for (const int count : {1, 2, 3, 4}) {
    set_threads(count);
    EXPECT_EQ(now(1, 5), first);
  }
  set_threads(before);
  EXPECT_NE(now(2, 5), first);
  EXPECT_NE(now(1, 6), first);
  EXPECT_NE(now(1, 5, 1), first);
  const Tensor plain = image_tensor(images);  // outside of a pass nothing moves
  EncodedImages still = images;
  still.augmentation = {};
  const TrainingPass pass(1, 5);
  const Tensor same = image_tensor(still);
  EXPECT_EQ(std::memcmp(plain.data(), same.data(), plain.size() * sizeof(Real)), 0);
}

// Every shift and both directions occur, about equally often.
TEST(Augmentation, IsUniform) {
  EncodedImages images{
      .height = 3, .width = 3, .channels = 1, .pixels = {}, .mean = {0}, .scale = {1}};
  images.augmentation = {.pad = 1, .flip = true};
  for (int i = 0; i < 1800; ++i)
    for (int p = 0; p < 9; ++p) images.pixels.push_back(static_cast<std::uint8_t>(20 * p + 10));
  const TrainingPass pass(1, 1);
  const Tensor x = image_tensor(images);
  std::map<std::vector<Real>, int> seen;
  for (std::size_t i = 0; i < 1800; ++i) ++seen[{x.data() + i * 9, x.data() + (i + 1) * 9}];
  // 9 shifts times 2.
  EXPECT_EQ(seen.size(), 18U);
  for (const auto& [image, count] : seen) {
    EXPECT_GT(count, 60);
    EXPECT_LT(count, 140);
  }
}

}  // namespace
}  // namespace tailgrad
