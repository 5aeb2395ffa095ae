#include <tailgrad/models/model_table.h>

#include <gtest/gtest.h>

#include <tailgrad/core/ops.h>
#include <tailgrad/core/tape.h>
#include <tailgrad/core/training_pass.h>
#include <tailgrad/models/word_embedding.h>

#include "models/support.h"
#include "support/gradients.h"

namespace tailgrad {
namespace {

const ModelSetup kTexts{.classes = 3, .vocabulary = 20, .max_tokens = 16};

// d logits / d weights, of every parameter, in double.
void expect_gradients(const Model& model, const Examples& batch) {
  const std::vector<Tensor> parameters = model.parameters();
  const GradientReport report =
      check_gradients([&](std::span<const Tensor>) { return model.logits(batch); }, parameters, {});
  EXPECT_TRUE(report.passed) << report.text;
}

// All tokens differ: equal ones would tie in max pooling, and a tie is a kink.
Examples distinct_tokens() {
  Examples batch;
  batch.texts.ids = {3, 1, 7, 12, 5, 19, 8, 2, 11};
  batch.texts.offsets = {0, 3, 7, 9};
  batch.class_count = 3;
  return batch;
}

TEST(Models, EveryTextModelHasExactGradients) {
  const Examples batch = distinct_tokens();
  for (const char* text :
       {"bag:width=5", "transformer:layers=1,width=4,heads=2,feedforward=5",
        "transformer:layers=1,width=4,heads=1,feedforward=5,norm=post,positions=sinusoidal",
        "transformer:layers=1,width=4,heads=2,feedforward=5,pooling=attention",
        "transformer:layers=1,width=4,heads=2,feedforward=5,pooling=first",
        "transformer:layers=1,width=4,heads=2,feedforward=5,pooling=max"}) {
    SCOPED_TRACE(text);
    expect_gradients(*make_model(text, "text", kTexts), batch);
  }
}

TEST(Models, WordsKnownByTheirNgramsAreMeans) {
  Examples batch = toy_texts(2, 3, 20, 7);
  batch.texts.offsets = {0, 2, 3};
  batch.texts.ids = {4, 5, 6, 7};
  batch.texts.id_offsets = {0, 2, 3, 4};
  expect_gradients(*make_model("bag:width=3", "text", kTexts), batch);
}

TEST(Models, EmbeddingDropoutLeavesOutRowsAsWholes) {
  Module root(1);
  const WordEmbedding embed(root, "embed", 20, 3, 0, 0.25);
  EncodedTexts texts;
  texts.offsets = {0};
  for (Index token = 0; token < 400; ++token) {
    texts.id_offsets.push_back(2 * token);
    texts.ids.insert(texts.ids.end(), {4, 7});
    texts.offsets.push_back(token + 1);
  }
  texts.id_offsets.push_back(800);
  const Real* rows = root.parameters().front().data();
  const auto vectors = [&] {
    const TrainingPass pass(1, 1);
    return embed(texts);
  };
  const Tensor dropped = vectors();
  int seen[4] = {};
  for (std::size_t token = 0; token < 400; ++token) {
    int fits = 0;
    for (int kept = 0; kept < 4; ++kept) {
      bool all = true;
      for (std::size_t k = 0; k < 3; ++k) {
        const Real mean = ((kept & 1 ? rows[12 + k] : 0) + (kept & 2 ? rows[21 + k] : 0)) / 2;
        all = all && std::abs(dropped.data()[3 * token + k] - mean / 0.75) < 1e-12;
      }
      if (all) ++seen[kept];
      fits += all;
    }
    EXPECT_EQ(fits, 1) << token;
  }
  EXPECT_NEAR(seen[0], 400 / 16, 20);  // four standard deviations
  EXPECT_NEAR(seen[3], 400 * 9 / 16, 40);
  const GradientReport report =
      check_gradients([&](std::span<const Tensor>) { return vectors(); }, root.parameters(), {});
  EXPECT_TRUE(report.passed) << report.text;
  const Tensor whole = embed(texts);  // outside a training pass nothing is left out
  for (std::size_t k = 0; k < 3; ++k)
    EXPECT_NEAR(whole.data()[k], (rows[12 + k] + rows[21 + k]) / 2, 1e-12);
}

TEST(Models, MlpHasExactGradients) {
  Examples batch;
  batch.feature_count = 3;
  batch.features = {0.5F, -1, 2, 1, 0.25F, -0.5F};
  expect_gradients(*make_model("mlp:hidden=4", "table", {.classes = 2, .features = 3}), batch);
}

TEST(Models, ATextDoesNotDependOnItsNeighbours) {
  const auto model = make_model("transformer:width=8,heads=2", "text", kTexts);
  const Examples all = toy_texts(5, 3, 20, 9);
  const NoGrad no_grad;
  const Tensor together = model->logits(all);
  for (Index item = 0; item < all.size(); ++item) {
    Examples alone;
    select(all, std::vector<Index>{item}, alone);
    const Tensor row = model->logits(alone);
    for (Index k = 0; k < 3; ++k) EXPECT_NEAR(row.data()[k], together.data()[item * 3 + k], 1e-12);
  }
}

TEST(Models, RefuseWhatDoesNotFit) {
  const auto message = [](const char* text, const char* task) -> std::string {
    try {
      make_model(text, task, kTexts);
    } catch (const Error& error) {
      return error.what();
    }
    return "";
  };
  EXPECT_NE(message("transformer:width=63,heads=4", "text").find("width 63 and 4 heads"),
            std::string::npos);
  EXPECT_NE(message("transformr", "text").find("transformer"), std::string::npos);
  EXPECT_NE(message("mlp", "text").find("for task table"), std::string::npos);
  EXPECT_NE(message("mlp:hidden=2.5", "table").find("whole numbers"), std::string::npos);
}

}  // namespace
}  // namespace tailgrad
