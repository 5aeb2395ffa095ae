// Single layers: PyTorch's numbers under PyTorch's names, gradients, first values, bad sizes.
#include <cmath>
#include <functional>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <support/root.h>
#include <tailgrad/core/error.h>
#include <tailgrad/core/gradient_check.h>
#include <tailgrad/core/ops/normalize_rows.h>
#include <tailgrad/core/tape.h>
#include <tailgrad/nn/cosine_head.h>
#include <tailgrad/nn/layer_norm.h>
#include <tailgrad/nn/linear.h>
#include <tailgrad/nn/multi_head_attention.h>
#include <tailgrad/nn/weights.h>
#include "golden.h"

namespace tailgrad {
namespace {

using test::bare_names;
using test::Root;
using testing::AllOf;
using testing::Each;
using testing::Ge;
using testing::HasSubstr;
using testing::Le;
using testing::ThrowsMessage;

void expect_layer(const Module& root, const std::string& topic,
                  const std::function<Tensor()>& forward) {
  const std::vector<NamedTensor> parameters = bare_names(root.named_parameters());
  read_tensors(golden().file(), parameters, topic + "/parameter/");
  const Tensor out = forward();
  golden().expect(out.values(), topic + "/output");
  Tape::current().backward(out, golden().tensor(topic + "/upstream"));
  for (const auto& [name, tensor] : parameters)
    golden().expect(tensor.grad(), topic + "/gradient/" + name);
}

TEST(Linear, IsPyTorchs) {
  const Root<Linear> root(3, 4);
  const Tensor x = golden_input("linear");
  expect_layer(root, "linear", [&] { return root.layer(x); });
  golden().expect(x.grad(), "linear/gradient/x");
}

TEST(Linear, StartsWithinOneOverRootIn) {
  const Root<Linear> root(16, 1000);
  EXPECT_THAT(root.layer.weight.values(), Each(AllOf(Ge(-0.25), Le(0.25))));
  EXPECT_THAT(root.layer.bias.values(), Each(AllOf(Ge(-0.25), Le(0.25))));
  EXPECT_GT(std::ranges::max(root.layer.weight.values()), 0.249);
  const Root<Linear> chosen(
      2, 2, LinearOptions{.weight_init = Init::ones(), .bias_init = Init::constant(3)});
  EXPECT_THAT(chosen.layer.weight.values(), Each(1));
  EXPECT_THAT(chosen.layer.bias.values(), Each(3));
}

TEST(Linear, WithoutBiasHasOneParameter) {
  const Root<Linear> root(2, 3, LinearOptions{.bias = false});
  EXPECT_EQ(root.named_parameters().size(), 1u);
  EXPECT_FALSE(root.layer.bias.defined());
  EXPECT_EQ(root.layer(Tensor::zeros({5, 2})).shape(), (Shape{5, 3}));
}

TEST(LayerNorm, IsPyTorchs) {
  const Root<LayerNorm> root(6);
  const Tensor x = golden_input("layer_norm"), residual = golden_input("layer_norm", "residual");
  expect_layer(root, "layer_norm", [&] { return root.layer(x, residual); });
  golden().expect(x.grad(), "layer_norm/gradient/x");
  golden().expect(residual.grad(), "layer_norm/gradient/residual");
}

TEST(MultiHeadAttention, IsPyTorchs) {
  const Root<MultiHeadAttention> root(8, 2);
  const Tensor x = golden_input("attention");
  const std::vector<Index> offsets = golden().indices("attention/input/offsets");
  expect_layer(root, "attention", [&] { return root.layer(x, offsets); });
  golden().expect(x.grad(), "attention/gradient/x");
}

TEST(MultiHeadAttention, StartsAsPyTorchs) {
  const Root<MultiHeadAttention> root(8, 2);
  const auto all = bare_names(root.named_parameters());
  ASSERT_EQ(all.size(), 4u);
  const double bound = std::sqrt(6.0 / (24 + 8));
  EXPECT_THAT(all[0].tensor.values(), Each(AllOf(Ge(-bound), Le(bound))));
  EXPECT_THAT(all[1].tensor.values(), Each(0));
  EXPECT_THAT(all[2].tensor.values(), Each(AllOf(Ge(-1 / std::sqrt(8)), Le(1 / std::sqrt(8)))));
  EXPECT_THAT(all[3].tensor.values(), Each(0));
}

TEST(CosineHead, ComparesDirections) {
  const Root<CosineHead> root(2, 3, 10.0);
  const std::vector<double> weight{5, 0, 0, -0.1, 3, 3};
  std::ranges::copy(weight, root.layer.weight.mutable_data());
  const Tensor logits = root.layer(Tensor::from({2, 2}, std::vector<double>{7, 0, 0, 0}));
  const double expected[] = {10, 0, 10 / std::sqrt(2), 0, 0, 0};
  for (std::size_t i = 0; i < 6; ++i) EXPECT_NEAR(logits.values()[i], expected[i], 1e-14);
}

TEST(CosineHead, HasRightGradients) {
  const Root<CosineHead> root(4, 3, 2.0);
  Tensor x = Tensor::from(
      {3, 4}, std::vector<double>{.3, -2, .5, 1, 4, .1, -.2, .9, -.01, .02, .005, .013});
  x.require_grad();
  const std::vector<Tensor> inputs{x, root.layer.weight};
  const GradientReport report =
      check_gradients([&](std::span<const Tensor>) { return root.layer(x); }, inputs,
                      {.step = 1e-4, .tolerance = 1e-7});
  EXPECT_TRUE(report.passed) << report.text;
}

TEST(NormalizeRows, IsLinearBelowEpsilon) {
  Tensor x = Tensor::from({2, 2}, std::vector<double>{0, 0, 0.3, 0.4});
  x.require_grad();
  const Tensor y = normalize_rows(x, 10);
  EXPECT_DOUBLE_EQ(y.values()[3], 0.04);
  Tape::current().backward(y, Tensor::full({2, 2}, 1));
  EXPECT_THAT(x.grad(), Each(0.1));
  EXPECT_THAT([&] { normalize_rows(x, 0); }, ThrowsMessage<Error>(HasSubstr("epsilon must be")));
}

TEST(Layers, RefuseBadSizes) {
  EXPECT_THAT([] { Root<Linear>(0, 3); },
              ThrowsMessage<Error>(HasSubstr("Linear 'layer': in must be at least 1; got 0")));
  EXPECT_THAT([] { Root<Linear>(3, -1); }, ThrowsMessage<Error>(HasSubstr("out must be")));
  EXPECT_THAT([] { Root<LayerNorm>(0); }, ThrowsMessage<Error>(HasSubstr("width must be")));
  EXPECT_THAT([] { Root<LayerNorm>(2, -1.0); }, ThrowsMessage<Error>(HasSubstr("epsilon")));
  EXPECT_THAT([] { Root<MultiHeadAttention>(63, 4); },
              ThrowsMessage<Error>(HasSubstr("heads must divide width; got width 63 and 4 heads")));
  EXPECT_THAT([] { Root<MultiHeadAttention>(8, 2, AttentionOptions{.dropout = 1}); },
              ThrowsMessage<Error>(HasSubstr("dropout must be at least 0 and below 1")));
  EXPECT_THAT([] { Root<CosineHead>(4, 2, 0.0); }, ThrowsMessage<Error>(HasSubstr("scale must")));
  const Root<Linear> linear(3, 4);
  EXPECT_THAT(
      [&] {
        linear.layer(Tensor::zeros({2, 5}));
      },
      ThrowsMessage<Error>(AllOf(HasSubstr("[2, 5]"), HasSubstr("[4, 3]"))));
}

}  // namespace
}  // namespace tailgrad
