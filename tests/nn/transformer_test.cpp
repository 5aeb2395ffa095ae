// The encoder: PyTorch's numbers, positions, dropout, gradients.
#include <tailgrad/nn/transformer.h>
#include <tailgrad/nn/weights.h>

#include <cmath>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <tailgrad/core/error.h>
#include <tailgrad/core/gradient_check.h>
#include <tailgrad/core/training_pass.h>
#include <tailgrad/nn/dropout.h>
#include <tailgrad/nn/embedding.h>
#include <tailgrad/nn/position.h>

#include "golden.h"

namespace tailgrad {
namespace {

using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::ThrowsMessage;

struct OneLayer : Module {
  TransformerEncoderLayer layer;
  explicit OneLayer(const TransformerLayerOptions& options)
      : Module(1), layer(*this, "layer", options) {}
  // Under the names they have in PyTorch.
  std::vector<NamedTensor> bare() const {
    std::vector<NamedTensor> all = named_parameters();
    for (NamedTensor& named : all) named.name.erase(0, std::string("layer.").size());
    return all;
  }
};

struct Case {
  const char* topic;
  Activation activation;
  bool norm_first;
};

class EncoderLayer : public ::testing::TestWithParam<Case> {};

TEST_P(EncoderLayer, IsPyTorchs) {
  const auto [topic, activation, norm_first] = GetParam();
  const std::string name = topic;
  const OneLayer model({.width = 8,
                        .heads = 2,
                        .feedforward = 12,
                        .dropout = 0.3,  // without a TrainingPass it does nothing
                        .activation = activation,
                        .norm_first = norm_first});
  read_tensors(golden().file(), model.bare(), name + "/parameter/");
  const Tensor x = golden_input(name);
  const Tensor out = model.layer(x, golden().indices(name + "/input/offsets"));
  golden().expect(out.values(), name + "/output");
  Tape::current().backward(out, golden().tensor(name + "/upstream"));
  for (const auto& [parameter, tensor] : model.bare())
    golden().expect(tensor.grad(), name + "/gradient/" + parameter);
  golden().expect(x.grad(), name + "/gradient/x");
}

INSTANTIATE_TEST_SUITE_P(Golden, EncoderLayer,
                         ::testing::Values(Case{"encoder-layer-post", Activation::gelu, false},
                                           Case{"encoder-layer-pre", Activation::gelu, true},
                                           Case{"encoder-layer-relu", Activation::relu, false}));

TEST(EncoderLayer, NamesAndOrderArePyTorchs) {
  const OneLayer model({.width = 8, .heads = 2, .feedforward = 12});
  std::vector<std::string> names;
  for (const NamedTensor& named : model.bare()) names.push_back(named.name);
  EXPECT_THAT(names, ElementsAre("self_attn.in_proj_weight", "self_attn.in_proj_bias",
                                 "self_attn.out_proj.weight", "self_attn.out_proj.bias",
                                 "linear1.weight", "linear1.bias", "linear2.weight", "linear2.bias",
                                 "norm1.weight", "norm1.bias", "norm2.weight", "norm2.bias"));
}

struct Encoder : Module {
  Embedding embed{*this, "embed", 10, 8};
  LearnedPositions positions{*this, "positions", 9, 8};
  TransformerEncoder encoder;
  explicit Encoder(bool norm_first, double dropout = 0.2)
      : Module(4),
        encoder(*this, "encoder",
                {.layers = 2,
                 .layer = {.width = 8,
                           .heads = 2,
                           .feedforward = 6,
                           .dropout = dropout,
                           .activation = Activation::gelu,
                           .norm_first = norm_first},
                 .final_norm = norm_first}) {}
  Tensor operator()(std::span<const Index> ids, std::span<const Index> offsets) const {
    return encoder(positions(embed(ids), offsets), offsets);
  }
};

const std::vector<Index> kIds{2, 7, 1, 8, 2, 8, 1};
const std::vector<Index> kOffsets{0, 3, 3, 4, 7};

TEST(Encoder, HasRightGradientsWithDropout) {
  for (bool norm_first : {false, true}) {
    const Encoder model(norm_first);
    const GradientReport report = check_gradients(
        [&](std::span<const Tensor>) {
          const TrainingPass training(3, 5);
          return model(kIds, kOffsets);
        },
        model.parameters());
    EXPECT_TRUE(report.passed) << report.text;
  }
}

TEST(Encoder, ASequenceDoesNotSeeItsNeighbours) {
  const Encoder model(true);
  const Tensor together = model(kIds, kOffsets);
  const Tensor alone = model(std::span(kIds).subspan(4), std::vector<Index>{0, 3});
  for (std::size_t i = 0; i < alone.size(); ++i)
    EXPECT_NEAR(together.values()[4 * 8 + i], alone.values()[i], 1e-12);
}

TEST(Encoder, DropsOnlyInATrainingPassAndByItsNumbers) {
  const Encoder model(false);
  const auto run = [&](std::uint64_t step) {
    const TrainingPass training(3, step);
    const Tensor out = model(kIds, kOffsets);
    return std::vector<Real>(out.values().begin(), out.values().end());
  };
  const Tensor plain = model(kIds, kOffsets);
  const std::vector<Real> one = run(1);
  EXPECT_FALSE(std::ranges::equal(plain.values(), one));
  EXPECT_EQ(one, run(1));
  EXPECT_NE(one, run(2));
  EXPECT_TRUE(std::ranges::equal(plain.values(), model(kIds, kOffsets).values()));
}

TEST(Positions, LearnedOnesRestartWithEachSequence) {
  const Encoder model(true);
  const Tensor x = Tensor::zeros({7, 8});
  const Tensor out = model.positions(x, kOffsets);
  const Index expected[] = {0, 1, 2, 0, 0, 1, 2};
  for (std::size_t t = 0; t < 7; ++t)
    for (std::size_t i = 0; i < 8; ++i)
      EXPECT_EQ(out.values()[t * 8 + i],
                model.positions.weight.values()[static_cast<std::size_t>(expected[t]) * 8 + i]);
}

TEST(Positions, SinusoidalOnesFollowTheFormula) {
  const SinusoidalPositions positions(5, 3);
  const Tensor out = positions(Tensor::full({4, 3}, 1), std::vector<Index>{0, 1, 4});
  EXPECT_THAT(std::vector<Real>(out.values().begin(), out.values().begin() + 3),
              ElementsAre(1, 2, 1));
  const double rate = std::pow(10000.0, -2.0 / 3);
  EXPECT_DOUBLE_EQ(out.values()[9], 1 + std::sin(2.0));
  EXPECT_DOUBLE_EQ(out.values()[10], 1 + std::cos(2.0));
  EXPECT_DOUBLE_EQ(out.values()[11], 1 + std::sin(2 * rate));
}

TEST(Positions, RefuseLongSequencesAndBadOffsets) {
  const Encoder model(true);
  const Tensor x = Tensor::zeros({12, 8});
  EXPECT_THAT(
      [&] {
        model.positions(x, std::vector<Index>{0, 2, 12});
      },
      ThrowsMessage<Error>(HasSubstr("sequence 1 has 10 tokens, but there are positions "
                                     "for 9 only")));
  EXPECT_THAT(
      [&] {
        model.positions(x, std::vector<Index>{0, 2, 11});
      },
      ThrowsMessage<Error>(HasSubstr("[12, 8]")));
  EXPECT_THAT(
      [&] {
        SinusoidalPositions(9, 4)(x, std::vector<Index>{0, 6, 12});
      },
      ThrowsMessage<Error>(HasSubstr("needs x [tokens, 4]; got x [12, 8]")));
  EXPECT_THAT([] { SinusoidalPositions(0, 4); },
              ThrowsMessage<Error>(HasSubstr("must be at least 1; got 0 and 4")));
}

TEST(Embedding, IsPyTorchs) {
  struct OneEmbedding : Module {
    Embedding embed{*this, "embed", 7, 3};
    OneEmbedding() : Module(1) {}
  } model;
  const std::vector<NamedTensor> weight{{"weight", model.embed.weight}};
  read_tensors(golden().file(), weight, "embedding/parameter/");
  const Tensor out = model.embed(golden().indices("embedding/input/ids"));
  golden().expect(out.values(), "embedding/output");
  Tape::current().backward(out, golden().tensor("embedding/upstream"));
  golden().expect(model.embed.weight.grad(), "embedding/gradient/weight");
  EXPECT_THAT([&] { model.embed(std::vector<Index>{0, 7}); }, ThrowsMessage<Error>(HasSubstr("7")));
}

TEST(Dropout, RefusesARateOfOne) {
  EXPECT_THAT([] { Dropout(1); },
              ThrowsMessage<Error>(HasSubstr("dropout must be at least 0 and below 1")));
  const Tensor x = Tensor::full({3}, 2);
  EXPECT_THAT(Dropout(0.5)(x).values(), Each(2));
}

}  // namespace
}  // namespace tailgrad
