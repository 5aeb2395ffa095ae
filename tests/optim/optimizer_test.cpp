#include <tailgrad/optim/optimizer.h>

#include <cmath>
#include <limits>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <tailgrad/core/error.h>
#include <tailgrad/core/gradient.h>

namespace tailgrad {
namespace {

using testing::DoubleEq;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Pointwise;
using testing::ThrowsMessage;

Tensor parameter(const Shape& shape, std::vector<double> values) {
  Tensor tensor = Tensor::parameter(shape);
  std::ranges::copy(values, tensor.mutable_data());
  return tensor;
}

void set_gradient(const Tensor& tensor, const std::vector<double>& values) {
  const GradientTarget target = tensor.parameter_gradient()->dense_target();
  std::ranges::copy(values, target.data);
}

void add_to_row(const Tensor& tensor, Index row, double value) {
  const std::vector<Index> rows{row};
  Real* gradient = tensor.parameter_gradient()->row_target(rows);
  for (Index i = 0; i < tensor.cols(); ++i) gradient[row * tensor.cols() + i] += value;
}

std::vector<double> copy(const Tensor& tensor) {
  return {tensor.values().begin(), tensor.values().end()};
}

TEST(Optimizer, SgdByHand) {
  Tensor w = parameter({2}, {1, -2});
  Optimizer optimizer({{"w", w}}, read_optimizer("sgd:lr=0.5"));
  set_gradient(w, {2, 4});
  optimizer.step();
  EXPECT_THAT(copy(w), ElementsAre(0, -4));
  optimizer.step({.lr = 0.1, .gradient = 0.5});
  EXPECT_THAT(copy(w), ElementsAre(DoubleEq(-0.05), DoubleEq(-4.1)));
}

TEST(Optimizer, MomentumByHand) {
  Tensor w = parameter({1}, {0});
  Optimizer optimizer({{"w", w}}, read_optimizer("sgd:lr=1,momentum=0.5,dampening=0.25"));
  set_gradient(w, {4});
  optimizer.step();  // b = 4: the first update has no dampening
  EXPECT_THAT(copy(w), ElementsAre(-4));
  optimizer.step();  // b = 0.5 * 4 + 0.75 * 4 = 5
  EXPECT_THAT(copy(w), ElementsAre(-9));
}

TEST(Optimizer, FirstAdamStepIsTheLearningRate) {
  Tensor w = parameter({2}, {1, 1});
  Optimizer optimizer({{"w", w}}, {.rule = AdamOptions{.lr = 0.1, .eps = 1e-30}});
  set_gradient(w, {1e-3, -50});
  optimizer.step();
  EXPECT_THAT(copy(w), ElementsAre(DoubleEq(0.9), DoubleEq(1.1)));
}

TEST(Optimizer, DecaysMatricesOnlyUnlessTold) {
  for (bool all : {false, true}) {
    Tensor matrix = parameter({1, 1}, {1}), bias = parameter({1}, {1}), own = parameter({1}, {1});
    Optimizer optimizer({{"m.weight", matrix}, {"m.bias", bias}, {"own", own}},
                        {.rule = AdamWOptions{.lr = 0.5, .weight_decay = 0.5},
                         .decay_all = all,
                         .groups = {{.pattern = "own", .weight_decay = 0.1}}});
    for (const Tensor& tensor : {matrix, bias, own}) set_gradient(tensor, {0});
    optimizer.step();
    EXPECT_THAT(copy(matrix), ElementsAre(0.75));
    EXPECT_THAT(copy(bias), ElementsAre(all ? 0.75 : 1));
    EXPECT_THAT(copy(own), ElementsAre(0.95));
  }
}

TEST(Optimizer, TheFirstMatchingGroupCounts) {
  Tensor a = parameter({1}, {0}), b = parameter({1}, {0}), c = parameter({1}, {0});
  Optimizer optimizer(
      {{"encoder.a", a}, {"encoder.b", b}, {"head.c", c}},
      {.rule = SgdOptions{.lr = 1},
       .groups = {{.pattern = "*.b", .lr_factor = 0}, {.pattern = "encoder.*", .lr_factor = 0.5}}});
  for (const Tensor& tensor : {a, b, c}) set_gradient(tensor, {1});
  optimizer.step();
  EXPECT_THAT(copy(a), ElementsAre(-0.5));
  EXPECT_THAT(copy(b), ElementsAre(0));
  EXPECT_THAT(copy(c), ElementsAre(-1));
}

TEST(Optimizer, LeavesAParameterWithoutGradientAlone) {
  Tensor used = parameter({1}, {0}), unused = parameter({2, 1}, {3, 3});
  Optimizer optimizer({{"used", used}, {"unused", unused}}, read_optimizer("adamw:lr=0.1"));
  set_gradient(used, {1});
  optimizer.step();
  EXPECT_THAT(copy(unused), ElementsAre(3, 3));
  EXPECT_THAT(optimizer.state().steps, ElementsAre(1, 0));
}

// Rows not looked up in a step move by momentum and moments all the same.
class SparseEqualsDense : public testing::TestWithParam<const char*> {};

TEST_P(SparseEqualsDense, ToTheBit) {
  const Shape shape{9, 3};
  std::vector<double> start(shape.size());
  for (std::size_t i = 0; i < start.size(); ++i) start[i] = 0.1 * static_cast<double>(i) - 1;
  Tensor sparse = parameter(shape, start), dense = parameter(shape, start);
  Optimizer on_rows({{"w", sparse}}, read_optimizer(GetParam()));
  Optimizer on_all({{"w", dense}}, read_optimizer(GetParam()));
  for (int step = 0; step < 12; ++step) {
    std::vector<double> gradient(shape.size());
    for (Index row : {Index{step % 4}, Index{step % 3 + 5}, Index{step % 4}}) {
      const double value = std::sin(step + row);
      add_to_row(sparse, row, value);
      for (Index i = 0; i < 3; ++i) gradient[static_cast<std::size_t>(row * 3 + i)] += value;
    }
    set_gradient(dense, gradient);
    ASSERT_EQ(sparse.parameter_gradient()->state(), ParameterGradient::State::rows);
    EXPECT_EQ(on_rows.gradient_norm(), on_all.gradient_norm());
    on_rows.step();
    on_all.step();
    on_rows.clear_gradients();
    on_all.clear_gradients();
    ASSERT_EQ(copy(sparse), copy(dense)) << "step " << step;
  }
  EXPECT_NE(copy(sparse), start);
}

INSTANTIATE_TEST_SUITE_P(Rules, SparseEqualsDense,
                         testing::Values("sgd:lr=0.1", "sgd:lr=0.1,momentum=0.9,nesterov=true",
                                         "sgd:lr=0.1,momentum=0.9,weight_decay=0.1", "adam:lr=0.1",
                                         "adam:lr=0.1,weight_decay=0.1", "adamw:lr=0.1",
                                         "adamw:lr=0.1,weight_decay=0"));

TEST(Optimizer, ResumesExactly) {
  for (const char* text : {"sgd:lr=0.1,momentum=0.9,dampening=0.1", "adamw:lr=0.1", "sgd:lr=0.1"}) {
    Tensor whole = parameter({4, 1}, {1, 2, 3, 4});
    Optimizer uninterrupted({{"w", whole}}, read_optimizer(text));
    const auto run = [](Optimizer& optimizer, Tensor& w, int from, int to) {
      for (int step = from; step < to; ++step) {
        add_to_row(w, step % 3, std::cos(step));
        optimizer.step();
        optimizer.clear_gradients();
      }
    };
    run(uninterrupted, whole, 0, 3);
    Tensor resumed = parameter({4, 1}, copy(whole));
    Optimizer second({{"w", resumed}}, read_optimizer(text));
    second.load_state(uninterrupted.state());
    run(uninterrupted, whole, 3, 9);
    run(second, resumed, 3, 9);
    EXPECT_EQ(copy(whole), copy(resumed)) << text;
    EXPECT_EQ(second.state().steps, uninterrupted.state().steps);
  }
}

TEST(Optimizer, StateHasPyTorchsNames) {
  const auto names = [](const char* text) {
    std::vector<std::string> all;
    const Optimizer optimizer({{"a.w", Tensor::parameter({2})}}, read_optimizer(text));
    for (const NamedTensor& buffer : optimizer.state().buffers) all.push_back(buffer.name);
    return all;
  };
  EXPECT_THAT(names("sgd"), ElementsAre());
  EXPECT_THAT(names("sgd:momentum=0.9"), ElementsAre("a.w.momentum_buffer"));
  EXPECT_THAT(names("adam"), ElementsAre("a.w.exp_avg", "a.w.exp_avg_sq"));
}

TEST(Optimizer, RefusesAForeignState) {
  Optimizer optimizer({{"w", Tensor::parameter({2})}}, read_optimizer("adam"));
  OptimizerState state = optimizer.state();
  state.steps = {};
  EXPECT_THAT([&] { optimizer.load_state(state); },
              ThrowsMessage<Error>(HasSubstr("needs steps of 1 parameters; got 0")));
  state = optimizer.state();
  state.buffers.pop_back();
  EXPECT_THAT([&] { optimizer.load_state(state); },
              ThrowsMessage<Error>(HasSubstr("'w.exp_avg_sq' is missing")));
  state.buffers.push_back({"w.exp_avg_sq", Tensor::zeros({3})});
  EXPECT_THAT([&] { optimizer.load_state(state); },
              ThrowsMessage<Error>(HasSubstr("has another shape; got needed [2], saved [3]")));
  state = optimizer.state();
  state.buffers.push_back({"v.exp_avg", Tensor::zeros({3})});
  EXPECT_THAT([&] { optimizer.load_state(state); },
              ThrowsMessage<Error>(HasSubstr("'v.exp_avg' belongs to no parameter")));
}

TEST(Optimizer, RefusesBadParametersAndGroups) {
  const Tensor w = Tensor::parameter({2});
  EXPECT_THAT(
      [] {
        Optimizer({{"x", Tensor::zeros({2})}}, {});
      },
      ThrowsMessage<Error>(HasSubstr("'x' is no parameter")));
  EXPECT_THAT(
      [&] {
        Optimizer({{"w", w}, {"w", Tensor::parameter({1})}}, {});
      },
      ThrowsMessage<Error>(HasSubstr("two parameters are named 'w'")));
  EXPECT_THAT(
      [&] {
        Optimizer({{"w", w}, {"v", w}}, {});
      },
      ThrowsMessage<Error>(HasSubstr("'v' and 'w' are the same parameter")));
  EXPECT_THAT(
      [&] {
        Optimizer({{"w", w}}, {.groups = {{.pattern = "*.bias"}}});
      },
      ThrowsMessage<Error>(HasSubstr("matches no parameter; there are:\n  w")));
  EXPECT_THAT(
      [&] {
        Optimizer({{"w", w}}, {.groups = {{.pattern = "w", .lr_factor = -1}}});
      },
      ThrowsMessage<Error>(HasSubstr("lr_factor must be >= 0; got -1")));
}

TEST(Optimizer, NormAndClipping) {
  Tensor a = parameter({2}, {0, 0}), b = parameter({3, 1}, {0, 0, 0});
  Optimizer optimizer({{"a", a}, {"b", b}}, read_optimizer("sgd:lr=1"));
  EXPECT_EQ(optimizer.gradient_norm(), 0);
  set_gradient(a, {3, 0});
  add_to_row(b, 1, 4);
  EXPECT_DOUBLE_EQ(optimizer.gradient_norm(), 5);
  optimizer.step({.gradient = clip_factor(5, 1)});
  EXPECT_NEAR(a.values()[0], -0.6, 1e-6);
  EXPECT_EQ(clip_factor(5, 10), 1);
  EXPECT_EQ(clip_factor(std::nan(""), 1), 1);
  EXPECT_THAT([] { clip_factor(1, 0); }, ThrowsMessage<Error>(HasSubstr("needs max_norm > 0")));
}

TEST(Optimizer, StateOfAnIdleRowNeverGetsSubnormal) {
  Tensor w = parameter({2, 1}, {1, 1});
  Optimizer optimizer({{"w", w}}, read_optimizer("adam:beta1=0.01,beta2=0.01"));
  add_to_row(w, 0, 1);
  add_to_row(w, 1, 1);
  for (int step = 0; step < 200; ++step) {
    optimizer.step();
    optimizer.clear_gradients();
    add_to_row(w, 0, 1);
  }
  for (const NamedTensor& buffer : optimizer.state().buffers)
    EXPECT_EQ(buffer.tensor.values()[1], 0);
}

}  // namespace
}  // namespace tailgrad
