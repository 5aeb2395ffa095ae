// Threads of the caller: models trained in several of them, and one model that answers in several.
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <thread>
#include <vector>

#include <tailgrad/losses/table.h>
#include <tailgrad/models/model_table.h>
#include <tailgrad/models/predict.h>
#include <tailgrad/models/trainer.h>
#include <tailgrad/nn/weights.h>

#include "models/support.h"

namespace tailgrad {
namespace {

std::unique_ptr<Model> small_model() {
  return make_model("transformer:layers=1,width=16,heads=2,feedforward=32,dropout=0.1", "text",
                    {.classes = 4, .vocabulary = 40, .max_tokens = 16});
}

std::string hash_after_training(std::uint64_t seed) {
  const Examples train = toy_texts(300, 4, 40, 1);
  const Examples dev = toy_texts(100, 4, 40, 2);
  const auto loss = make_loss("la", ClassCounts::of_labels(train.classes, 4));
  const auto model = small_model();
  TrainerOptions options{.seed = seed};
  options.epochs = 2;
  options.batch_tokens = 200;
  Trainer(*model, *loss, train, dev, MetricsContext{}, options).run();
  return weights_hash(*model);
}

TEST(UserThreads, ModelsTrainedSideBySideAreThoseTrainedOneAfterTheOther) {
  const std::vector<std::string> alone = {hash_after_training(1), hash_after_training(2)};
  std::vector<std::string> together(2);
  std::thread first([&] { together[0] = hash_after_training(1); });
  std::thread second([&] { together[1] = hash_after_training(2); });
  first.join();
  second.join();
  EXPECT_EQ(together, alone);
  EXPECT_NE(alone[0], alone[1]);
}

TEST(UserThreads, OneModelAnswersManyThreadsAsItAnswersOne) {
  const auto model = small_model();
  const Examples questions = toy_texts(200, 4, 40, 3);
  const std::vector<Real> expected = predict_logits(*model, questions);
  std::vector<std::vector<Real>> answers(4);
  std::vector<std::thread> asking;
  for (std::vector<Real>& answer : answers)
    asking.emplace_back([&] {
      for (int again = 0; again < 3; ++again) answer = predict_logits(*model, questions);
    });
  for (std::thread& thread : asking) thread.join();
  for (const std::vector<Real>& answer : answers) EXPECT_EQ(answer, expected);
}

}  // namespace
}  // namespace tailgrad
