#include <tailgrad/models/tagger.h>

#include <gtest/gtest.h>

#include <cmath>

#include <tailgrad/core/ops/crf.h>
#include <tailgrad/core/tape.h>
#include <tailgrad/core/training_pass.h>
#include <tailgrad/losses/table.h>

#include "models/support.h"
#include "support/gradients.h"
#include "support/messages.h"

namespace tailgrad {
namespace {

const WordFormOptions kFew = {.affix_buckets = 13, .longest_affix = 2};

struct Toy {
  ToySentences sentences = toy_sentences(3, 5);
  WordFormEncoding encoding{sentences.words, kFew};
  Examples batch = encode(encoding, sentences);
  ModelSetup setup = tagger_setup(encoding);

  std::unique_ptr<Model> make(const std::string& text) const {
    return make_model(text, "tags", setup);
  }
};

const char* const kSmall = "width=3,words=3,char_width=4,affixes=2,shapes=2";

std::string form(const std::string& name, const std::string& more = "") {
  return name + ":" + kSmall + more;
}

// Of the loss that a training step sees, for every parameter.
void expect_gradients(const Toy& toy, const std::string& model_text, const char* loss_text,
                      const GradientCheckOptions& options) {
  SCOPED_TRACE(model_text + " " + loss_text);
  const auto model = toy.make(model_text);
  Random random(3, "transitions");
  for (const NamedTensor& parameter : model->named_parameters())
    if (parameter.name == "transitions")
      for (Real& value : parameter.tensor.mutable_values())
        value = static_cast<Real>(random.uniform(-1, 1));
  const auto loss = make_loss(loss_text, ClassCounts::of_labels(toy.batch.classes, 3));
  const std::vector<Tensor> parameters = model->parameters();
  const GradientReport report = check_gradients(
      [&](std::span<const Tensor>) {
        return (*loss)(model->logits_for(*loss, toy.batch), model->targets(toy.batch)).mean();
      },
      parameters, options);
  EXPECT_TRUE(report.passed) << report.text;
}

// The windows of a word compete for the maximum, and every change of the winner is a kink: small
// steps go past fewer, and are less exact.
constexpr GradientCheckOptions kPastKinks{.step = 1e-5, .tolerance = 2e-5};
// Of derivatives of 1e-5 through a whole model the differences are exact to a millionth.
constexpr GradientCheckOptions kSmooth{.tolerance = 1e-6};

TEST(Taggers, HaveExactGradients) {
  const Toy toy;
  expect_gradients(toy, form("bilstm-crf"), "crf", kPastKinks);
  expect_gradients(toy, form("bilstm-crf", ",char=lstm,layers=2"), "crf:tau=1", kSmooth);
  expect_gradients(toy, form("bilstm", ",char=none"), "ce", kSmooth);
  expect_gradients(toy,
                   "transformer-crf:width=4,heads=2,feedforward=5,layers=1,words=3,char_width=4",
                   "crf:weights=inverse,strategy=token", kPastKinks);
  expect_gradients(toy, "transformer-tagger:width=4,heads=2,feedforward=5,layers=1,char=none",
                   "la:tau=1", kSmooth);
}

TEST(Taggers, LossesOfSingleTokensSeeTheMarginalsOfACrf) {
  const Toy toy;
  expect_gradients(toy, form("bilstm-crf", ",char=lstm"), "ce", kSmooth);
  expect_gradients(toy, form("bilstm-crf", ",char=none"), "focal:gamma=2", kSmooth);
  const auto model = toy.make(form("bilstm-crf"));
  const auto loss = make_loss("ce", ClassCounts::of_labels(toy.batch.classes, 3));
  const NoGrad no_grad;
  const Tensor seen = model->logits_for(*loss, toy.batch);
  for (Index t = 0; t < seen.rows(); ++t) {
    double sum = 0;
    for (Index k = 0; k < 3; ++k) sum += std::exp(seen.data()[t * 3 + k]);
    EXPECT_NEAR(sum, 1, 1e-12);
  }
}

TEST(Taggers, ASentenceDoesNotDependOnItsNeighbours) {
  const Toy toy;
  for (const std::string& text :
       {form("bilstm-crf"), form("bilstm", ",char=lstm"),
        std::string("transformer-tagger:width=4,heads=2,feedforward=5")}) {
    SCOPED_TRACE(text);
    const auto model = toy.make(text);
    const NoGrad no_grad;
    const Tensor together = model->logits(toy.batch);
    Examples alone;
    for (Index item = 0; item < toy.batch.size(); ++item) {
      select(toy.batch, std::vector<Index>{item}, alone);
      EXPECT_EQ(alone.rows(), toy.batch.sentences.lengths()[static_cast<std::size_t>(item)]);
      EXPECT_EQ(alone.classes.size(), static_cast<std::size_t>(alone.rows()));
      const Tensor own = model->logits(alone);
      const Index first = toy.batch.first_row(item) * 3;
      for (Index i = 0; i < static_cast<Index>(own.size()); ++i)
        EXPECT_NEAR(own.data()[i], together.data()[first + i], 1e-12);
    }
  }
}

TEST(Taggers, DecodeOnlyWhatTheSchemeAllows) {
  const Toy toy;
  // I everywhere is the best by itself; IOB2 asks for a B first.
  const Tensor logits = Tensor::full({toy.batch.rows(), 3}, 0);
  for (Index t = 0; t < logits.rows(); ++t) logits.mutable_data()[t * 3 + 2] = 5;
  for (const char* name : {"bilstm-crf", "bilstm"}) {
    SCOPED_TRACE(name);
    std::vector<Index> tags;
    toy.make(form(name))->decode(logits, toy.batch, tags);
    ASSERT_EQ(tags.size(), static_cast<std::size_t>(toy.batch.rows()));
    for (Index item = 0; item < toy.batch.size(); ++item) {
      EXPECT_EQ(tags[static_cast<std::size_t>(toy.batch.first_row(item))], 1);
      EXPECT_EQ(tags[static_cast<std::size_t>(toy.batch.first_row(item)) + 1], 2);
    }
    tags.clear();
    toy.make(form(name, ",constrain=false"))->decode(logits, toy.batch, tags);
    EXPECT_EQ(tags, std::vector<Index>(tags.size(), 2));
  }
}

TEST(Taggers, DoWithoutConstraintsThatLeaveNoPath) {
  Toy toy;
  // Nothing may follow anything: no sentence of two tokens could be tagged.
  toy.setup.allowed_transitions.assign(25, 0);
  std::vector<Index> tags;
  const NoGrad no_grad;
  const auto model = toy.make(form("bilstm-crf"));
  model->decode(model->logits(toy.batch), toy.batch, tags);
  EXPECT_EQ(tags.size(), static_cast<std::size_t>(toy.batch.rows()));
}

TEST(Taggers, WordDropoutHitsRareWordsMoreOften) {
  // One word, its embedding 1 and that of the unknown word 0: what comes out is who was dropped.
  const auto kept_share = [](Index count) {
    const WordFormEncoding encoding(std::vector<std::string>(static_cast<std::size_t>(count), "w"),
                                    kFew);
    struct Root : Module {
      Root() : Module(1) {}
    } root;
    const TokenFeatures features(
        root, "features",
        {.words = encoding.words().size(),
         .shapes = encoding.shapes().size(),
         .affixes = 13,
         .characters = encoding.character_count()},
        {.words = 1, .characters = "none", .affixes = 0, .shapes = 0, .word_dropout = 0.5});
    const std::vector<Tensor> parameters = root.parameters();
    parameters[0].mutable_data()[0] = 0;
    parameters[0].mutable_data()[1] = 1;
    const EncodedSentences sentence =
        encoding.encode(std::vector<std::string>{"w"}, std::vector<Index>{0, 1});
    double kept = 0;
    constexpr int kSteps = 2000;
    for (int step = 0; step < kSteps; ++step) {
      const NoGrad no_grad;
      const TrainingPass pass(1, static_cast<std::uint64_t>(step));
      kept += features(sentence).item() / kSteps;
    }
    const NoGrad no_grad;
    EXPECT_EQ(features(sentence).item(), 1) << "outside of training nothing is dropped";
    return kept;
  };
  EXPECT_NEAR(kept_share(1), 1 - 0.5 / 1.5, 0.04);
  EXPECT_NEAR(kept_share(10), 1 - 0.5 / 10.5, 0.02);
}

TEST(Taggers, TakeFirstEmbeddingsFromVectors) {
  const Toy toy;
  const auto model = toy.make(form("bilstm"));
  const std::string word = toy.encoding.words().words()[1];
  auto& tagger = dynamic_cast<Tagger&>(*model);
  tagger.set_word_vectors(toy.encoding.words(),
                          {.words = {word, "not-there"}, .values = {7, 8, 9, 1, 1, 1}, .width = 3});
  for (const NamedTensor& parameter : model->named_parameters()) {
    if (parameter.name != "features.words.weight") continue;
    EXPECT_EQ(parameter.tensor.data()[2 * 3], 7);
    EXPECT_EQ(parameter.tensor.data()[2 * 3 + 2], 9);
  }
  EXPECT_NE(message_of([&] {
              tagger.set_word_vectors(toy.encoding.words(),
                                      {.words = {word}, .values = {1, 2}, .width = 2});
            }).find("words=2"),
            std::string::npos);
}

TEST(Taggers, RefuseWhatDoesNotFit) {
  const Toy toy;
  const auto message = [&](const std::string& text) { return message_of([&] { toy.make(text); }); };
  EXPECT_NE(message("bilstm-crf:char=lstm,char_width=5").find("even"), std::string::npos);
  EXPECT_NE(message("bilstm:char=rnn").find("cnn"), std::string::npos);
  EXPECT_NE(message("bilstm:words=0,char=none,affixes=0,shapes=0").find("at least one"),
            std::string::npos);
  EXPECT_NE(message("transformer").find("for task text"), std::string::npos);
}

}  // namespace
}  // namespace tailgrad
