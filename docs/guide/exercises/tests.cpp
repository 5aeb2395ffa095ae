// What the exercises of the guide must do. The same tests judge the reader's files and ours.
#include <algorithm>
#include <cmath>
#include <vector>

#include <gtest/gtest.h>

#include <tailgrad/core/gradient_check.h>
#include <tailgrad/core/ops.h>
#include <tailgrad/core/tape.h>
#include <tailgrad/losses/class_counts.h>
#include <tailgrad/optim/optimizer.h>
#include <tailgrad/optim/schedule.h>

#include "exercises.h"

using namespace tailgrad;
namespace ex = exercises;

namespace {

using Table = std::vector<std::vector<double>>;

// Numbers without a pattern that a wrong formula could hide in.
Tensor numbers(const Shape& shape, double seed) {
  Tensor made = Tensor::empty(shape);
  for (std::size_t i = 0; i < made.size(); ++i)
    made.mutable_data()[i] = std::sin(12.9898 * (static_cast<double>(i) + 1) + seed);
  return made;
}

double largest_difference(const Tensor& a, const Tensor& b) {
  EXPECT_EQ(a.shape().text(), b.shape().text());
  return max(tailgrad::abs(subtract(a, b))).item();
}

// Every way to tag `tokens` tokens with `tags` tags.
std::vector<std::vector<Index>> all_paths(std::size_t tokens, Index tags) {
  std::vector<std::vector<Index>> paths = {{}};
  for (std::size_t t = 0; t < tokens; ++t) {
    std::vector<std::vector<Index>> longer;
    for (const std::vector<Index>& path : paths)
      for (Index tag = 0; tag < tags; ++tag) {
        longer.push_back(path);
        longer.back().push_back(tag);
      }
    paths = longer;
  }
  return paths;
}

const Table kEmissions = {{0.2, -1, 0.5}, {1.5, 0.1, -0.3}, {0, 0.7, 0.9}, {-2, 0.4, 0.3}};
const Table kTransitions = {{0.1, 1, -1}, {-0.5, 0, 0.8}, {1.2, -0.7, 0.3}};

TEST(Slope, CentralDifference) {
  const auto f = [](double x) { return x * x * x; };
  EXPECT_NEAR(ex::central_difference(f, 2, 0.1), 12.01, 1e-9);  // 3 x^2 + h^2
  EXPECT_NEAR(ex::central_difference([](double x) { return std::exp(x); }, 0, 1e-5), 1, 1e-9);
}

TEST(Slope, SigmoidLoss) {
  EXPECT_DOUBLE_EQ(ex::slope_of_sigmoid_loss(0, 2, 1), -0.5);  // 2 (1/2 - 1) (1/4) 2
  for (const double w : {-1.5, 0.3, 2.0}) {
    const double h = 1e-5;
    const auto loss = [](double v) { return std::pow(1 / (1 + std::exp(-v * 0.7)) - 0.2, 2); };
    EXPECT_NEAR(ex::slope_of_sigmoid_loss(w, 0.7, 0.2), (loss(w + h) - loss(w - h)) / (2 * h),
                1e-9);
  }
}

TEST(Slope, Descend) {
  const auto slope = [](double w) { return 2 * (w - 3); };
  EXPECT_DOUBLE_EQ(ex::descend(slope, 1, 0.25, 0), 1);
  EXPECT_DOUBLE_EQ(ex::descend(slope, 1, 0.25, 1), 2);
  EXPECT_DOUBLE_EQ(ex::descend(slope, 1, 0.25, 3), 2.75);
}

TEST(TapeOfOurOwn, Divide) {
  MiniTape tape;
  const Number a = tape.number(3);
  const Number b = tape.number(2);
  tape.backward(ex::divide(tape, multiply(tape, a, a), b));  // a^2 / b
  EXPECT_DOUBLE_EQ(tape.slope(a), 3);
  EXPECT_DOUBLE_EQ(tape.slope(b), -2.25);
}

TEST(TapeOfOurOwn, Exponential) {
  MiniTape tape;
  const Number a = tape.number(0.5);
  const Number e = ex::exponential(tape, a);
  EXPECT_DOUBLE_EQ(tape.value(e), std::exp(0.5));
  tape.backward(add(tape, e, multiply(tape, e, a)));  // e^a (1 + a)
  EXPECT_DOUBLE_EQ(tape.slope(a), std::exp(0.5) * 2.5);
}

TEST(TapeOfOurOwn, Cube) {
  Tensor x = numbers({2, 3}, 0);
  x.require_grad();
  const std::vector<Tensor> inputs = {x};
  EXPECT_DOUBLE_EQ(ex::cube(Tensor::scalar(-2)).item(), -8);
  const GradientReport report =
      check_gradients([](std::span<const Tensor> in) { return ex::cube(in[0]); }, inputs);
  EXPECT_TRUE(report.passed) << report.text;
}

TEST(Layer, ByLoops) {
  const std::vector<double> x = {1, 2}, weight = {0.5, -1, 2, 0.25, -1, 1}, bias = {0, 0.5, -1};
  EXPECT_EQ(ex::layer(x, weight, bias), (std::vector<double>{-1.5, 3, 0}));
}

TEST(Layer, CountNumbers) {
  EXPECT_EQ(ex::count_numbers(std::vector<Index>{1, 16, 1}), 49);
  EXPECT_EQ(ex::count_numbers(std::vector<Index>{4, 8, 3}), 67);
  EXPECT_EQ(ex::count_numbers(std::vector<Index>{5}), 0);
}

TEST(Layer, TwoLayers) {
  const Tensor x = numbers({5, 2}, 1), weight1 = numbers({3, 2}, 2), bias1 = numbers({3}, 3);
  const Tensor weight2 = numbers({4, 3}, 4), bias2 = numbers({4}, 5);
  const Tensor expected = linear(linear(x, weight1, bias1, Activation::tanh), weight2, bias2);
  EXPECT_LT(largest_difference(ex::two_layers(x, weight1, bias1, weight2, bias2), expected), 1e-12);
}

TEST(LossAndImbalance, Softmax) {
  const std::vector<double> p = ex::softmax(std::vector<double>{2, 1, -1});
  ASSERT_EQ(p.size(), 3u);
  EXPECT_NEAR(p[0], 0.705, 5e-4);
  EXPECT_NEAR(p[0] + p[1] + p[2], 1, 1e-12);
  const std::vector<double> large = ex::softmax(std::vector<double>{1000, 1000, -1000});
  EXPECT_DOUBLE_EQ(large[0], 0.5);
  EXPECT_EQ(large[2], 0);
}

TEST(LossAndImbalance, InverseWeights) {
  const std::vector<double> counts = {1900, 100};
  const ClassCounts known{std::span<const double>(counts)};
  const std::vector<double> expected = class_weights(known, {.kind = "inverse"}).values;
  const std::vector<double> weights = ex::inverse_weights(counts);
  ASSERT_EQ(weights.size(), 2u);
  for (std::size_t k = 0; k < 2; ++k) EXPECT_DOUBLE_EQ(weights[k], expected[k]);
}

TEST(LossAndImbalance, BalancedError) {
  const std::vector<Index> truth = {0, 0, 0, 0, 1, 1, 3};
  const std::vector<Index> always_0(7, 0);
  EXPECT_NEAR(ex::balanced_error(truth, truth, 4), 0, 1e-15);
  EXPECT_NEAR(ex::balanced_error(truth, always_0, 4), 2.0 / 3, 1e-15);  // class 2 has no item
  const std::vector<Index> some = {0, 0, 0, 1, 1, 0, 3};
  EXPECT_NEAR(ex::balanced_error(truth, some, 4), 1 - (0.75 + 0.5 + 1) / 3, 1e-15);
}

TEST(Optimisers, Momentum) {
  Tensor weight = Tensor::parameter({});
  weight.mutable_values()[0] = 1;
  Optimizer optimizer({{"w", weight}}, read_optimizer("sgd:lr=0.1,momentum=0.9"));
  double ours = 1, velocity = 0;
  for (int t = 0; t < 5; ++t) {
    const double gradient = 2 * ours - 0.5;
    backward(subtract(square(weight), multiply(weight, 0.5)));
    optimizer.step();
    optimizer.clear_gradients();
    ex::momentum_step(ours, velocity, gradient, 0.1, 0.9);
    EXPECT_NEAR(ours, weight.item(), 1e-12) << "step " << t;
  }
}

TEST(Optimisers, Adam) {
  Tensor weight = Tensor::parameter({});
  weight.mutable_values()[0] = 1;
  Optimizer optimizer({{"w", weight}}, read_optimizer("adam:lr=0.1"));
  ex::AdamNumbers ours{.weight = 1};
  for (int t = 1; t <= 5; ++t) {
    const double gradient = 2 * ours.weight - 0.5;
    backward(subtract(square(weight), multiply(weight, 0.5)));
    optimizer.step();
    optimizer.clear_gradients();
    ex::adam_step(ours, gradient, t, 0.1, 0.9, 0.999);
    EXPECT_NEAR(ours.weight, weight.item(), 1e-9) << "step " << t;
  }
}

TEST(Optimisers, WarmupFactor) {
  const Schedule schedule("linear:warmup=0.1");
  for (const int t : {0, 4, 9, 10, 11, 55, 99})
    EXPECT_NEAR(ex::warmup_factor(t, 10, 100), schedule.factor(static_cast<std::uint64_t>(t), 100),
                1e-12)
        << "update " << t;
}

TEST(Transformer, Attention) {
  const Tensor qkv = numbers({5, 12}, 6);
  const std::vector<Index> offsets = {0, 5};
  const Tensor ours =
      ex::attention(slice_columns(qkv, 0, 4), slice_columns(qkv, 4, 8), slice_columns(qkv, 8, 12));
  EXPECT_LT(largest_difference(ours, tailgrad::attention(qkv, offsets, 1)), 1e-12);
}

TEST(Transformer, CausalAttention) {
  const Tensor qkv = numbers({5, 12}, 7);
  const Tensor ours = ex::causal_attention(slice_columns(qkv, 0, 4), slice_columns(qkv, 4, 8),
                                           slice_columns(qkv, 8, 12));
  ASSERT_EQ(ours.shape().text(), "[5, 4]");
  for (Index t = 0; t < 5; ++t) {  // token t of the whole is the last one of the part before it
    const std::vector<Index> offsets = {0, t + 1};
    const Tensor part = tailgrad::attention(qkv.row_range(0, t + 1), offsets, 1);
    EXPECT_LT(largest_difference(ours.row_range(t, t + 1), part.row_range(t, t + 1)), 1e-12);
  }
}

TEST(Transformer, Positions) {
  const std::vector<double> table = ex::positions(6, 4);
  ASSERT_EQ(table.size(), 24u);
  for (std::size_t t = 0; t < 6; ++t) {
    const auto time = static_cast<double>(t);
    EXPECT_NEAR(table[4 * t], std::sin(time), 1e-12);
    EXPECT_NEAR(table[4 * t + 1], std::cos(time), 1e-12);
    EXPECT_NEAR(table[4 * t + 2], std::sin(time / 100), 1e-12);
    EXPECT_NEAR(table[4 * t + 3], std::cos(time / 100), 1e-12);
  }
}

TEST(Crf, Score) {
  EXPECT_NEAR(ex::score(kEmissions, kTransitions, std::vector<Index>{2}), 0.5, 1e-12);
  EXPECT_NEAR(ex::score(kEmissions, kTransitions, std::vector<Index>{2, 0, 1, 1}),
              0.5 + 1.2 + 1.5 + 1 + 0.7 + 0 + 0.4, 1e-12);
}

TEST(Crf, LogSum) {
  double sum = 0;
  for (const std::vector<Index>& path : all_paths(4, 3)) {
    double score = 0;
    for (std::size_t t = 0; t < 4; ++t) {
      const auto tag = static_cast<std::size_t>(path[t]);
      score += kEmissions[t][tag];
      if (t > 0) score += kTransitions[static_cast<std::size_t>(path[t - 1])][tag];
    }
    sum += std::exp(score);
  }
  EXPECT_NEAR(ex::log_sum(kEmissions, kTransitions), std::log(sum), 1e-12);
  // 200 tokens of two equal tags: 2^200 ways. One by one that never ends, and large scores must
  // not overflow either.
  EXPECT_NEAR(ex::log_sum(Table(200, {1000, 1000}), {{0, 0}, {0, 0}}), 200 * (1000 + std::log(2.0)),
              1e-6);
}

TEST(Crf, BestTags) {
  EXPECT_EQ(ex::best_tags({{0, 1, 1}}, kTransitions), (std::vector<Index>{1}));
  const std::vector<Index> found = ex::best_tags(kEmissions, kTransitions);
  // The library's answer: begin and end cost nothing.
  Tensor emissions = Tensor::zeros({4, 3});
  Tensor transitions = Tensor::zeros({5, 5});
  for (std::size_t t = 0; t < 4; ++t)
    for (std::size_t k = 0; k < 3; ++k) {
      emissions.mutable_data()[3 * t + k] = kEmissions[t][k];
      if (t < 3) transitions.mutable_data()[5 * t + k] = kTransitions[t][k];
    }
  const std::vector<Index> offsets = {0, 4};
  EXPECT_EQ(found, viterbi(emissions, transitions, offsets));
}

TEST(LongTail, Counts) {
  EXPECT_EQ(ex::long_tail(400, 100, 10),
            (std::vector<int>{400, 239, 143, 86, 51, 30, 18, 11, 6, 4}));
  EXPECT_EQ(ex::long_tail(7, 1, 3), (std::vector<int>{7, 7, 7}));
}

TEST(LongTail, Adjust) {
  std::vector<double> logits = {0.2, 0, 3, 0};
  const std::vector<double> counts = {19, 1};
  ex::adjust(logits, counts, 1);
  EXPECT_NEAR(logits[0] - logits[1], 0.2 - std::log(19), 1e-12);
  EXPECT_NEAR(logits[2], 3 - std::log(0.95), 1e-12);
  ex::adjust(logits, counts, 0);
  EXPECT_NEAR(logits[2], 3 - std::log(0.95), 1e-12);
}

TEST(LongTail, MacroF1) {
  const std::vector<Index> truth = {0, 0, 0, 1, 1, 2};
  const std::vector<Index> predicted = {0, 0, 1, 1, 0, 0};
  // F1 of the classes: 2 2 / (3 + 4), 2 1 / (2 + 2), 0, and nothing of class 3.
  EXPECT_NEAR(ex::macro_f1(truth, predicted, 4), (4.0 / 7 + 0.5) / 4, 1e-12);
  EXPECT_NEAR(ex::macro_f1(truth, truth, 3), 1, 1e-12);
}

}  // namespace
