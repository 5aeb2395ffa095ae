#include <tailgrad/nn/module.h>

#include <cmath>
#include <memory>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <tailgrad/core/error.h>
#include <tailgrad/core/parallel.h>

namespace tailgrad {
namespace {

using testing::Each;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::ThrowsMessage;

struct Part : Module {
  Tensor weight, bias;
  Part(Module& parent, std::string_view name, Index width = 3)
      : Module(parent, name),
        weight(parameter("weight", {2, width}, Init::normal())),
        bias(parameter("bias", {2}, Init::zeros())) {}
};

struct SmallTree : Module {
  Part first{*this, "first"};
  ModuleList<Part> layers{*this, "layers"};
  Part last{*this, "last", 5};
  Tensor scale = parameter("scale", {}, Init::ones());
  explicit SmallTree(std::uint64_t seed) : Module(seed) {
    layers.add();
    layers.add(4);
  }
};

std::vector<std::string> names(const Module& module) {
  std::vector<std::string> all;
  for (const NamedTensor& parameter : module.named_parameters()) all.push_back(parameter.name);
  return all;
}

TEST(Module, NamesParametersInOrderOfDeclaration) {
  const SmallTree model(1);
  EXPECT_THAT(names(model),
              ElementsAre("first.weight", "first.bias", "layers.0.weight", "layers.0.bias",
                          "layers.1.weight", "layers.1.bias", "last.weight", "last.bias", "scale"));
  EXPECT_EQ(model.layers[1].path(), "layers.1");
  EXPECT_EQ(model.parameter_count(), 6u + 2 + 6 + 2 + 8 + 2 + 10 + 2 + 1);
  EXPECT_TRUE(model.parameters()[0].same_as(model.first.weight));
  EXPECT_TRUE(model.scale.requires_grad());
}

TEST(Module, FirstValuesDependOnSeedAndNameAlone) {
  struct Reordered : Module {
    Part extra{*this, "extra"};
    Part last{*this, "last", 5};
    Part first{*this, "first"};
    explicit Reordered(std::uint64_t seed) : Module(seed) {}
  };
  const auto same = [](const Tensor& a, const Tensor& b) {
    return std::ranges::equal(a.values(), b.values());
  };
  const SmallTree model(7), again(7), other(8);
  const Reordered reordered(7);
  EXPECT_TRUE(same(model.last.weight, again.last.weight));
  EXPECT_TRUE(same(model.last.weight, reordered.last.weight));
  EXPECT_TRUE(same(model.first.weight, reordered.first.weight));
  EXPECT_FALSE(same(model.first.weight, other.first.weight));
  EXPECT_FALSE(same(model.first.weight, model.layers[0].weight));
}

TEST(Module, ForgetsAPartThatIsGone) {
  struct Changing : Module {
    std::unique_ptr<Part> part = std::make_unique<Part>(*this, "part");
    Changing() : Module(1) {}
  };
  Changing model;
  EXPECT_EQ(model.parameter_count(), 8u);
  model.part.reset();
  EXPECT_EQ(model.parameter_count(), 0u);
  model.part = std::make_unique<Part>(model, "part", 1);
  EXPECT_EQ(model.parameter_count(), 4u);
}

TEST(Module, RefusesBadNames) {
  SmallTree model(1);
  EXPECT_THAT([&] { Part(model, "last"); },
              ThrowsMessage<Error>(HasSubstr("has two parts named 'last'")));
  EXPECT_THAT([&] { Part(model, "scale"); },
              ThrowsMessage<Error>(HasSubstr("has two parts named 'scale'")));
  EXPECT_THAT([&] { Part(model.first, "a.b"); },
              ThrowsMessage<Error>(HasSubstr("Module 'first': the name of a part must not")));
  EXPECT_THAT([&] { Part(model, ""); }, ThrowsMessage<Error>(HasSubstr("must not be empty")));
  EXPECT_EQ(names(model).size(), 9u);
}

struct Moments {
  double mean = 0, deviation = 0, low = 0, high = 0;
};
Moments moments(const Init& init, const Shape& shape) {
  const Tensor tensor = Tensor::empty(shape);
  init.fill(tensor, 3, "w");
  Moments m{.low = tensor.values()[0], .high = tensor.values()[0]};
  const auto n = static_cast<double>(tensor.size());
  for (double x : tensor.values()) {
    m.mean += x / n;
    m.low = std::min(m.low, x);
    m.high = std::max(m.high, x);
  }
  for (double x : tensor.values()) m.deviation += (x - m.mean) * (x - m.mean) / n;
  m.deviation = std::sqrt(m.deviation);
  return m;
}

// 200 * 300 numbers: the standard error of a mean is 1/245 of the deviation, that of a deviation
// less; four of them is the tolerance.
TEST(Init, HasTheRangesAndDeviationsOfItsFormulas) {
  const Shape shape{200, 300};
  const double error = 4.0 / 245;
  const auto check_uniform = [&](const Init& init, double bound) {
    const Moments m = moments(init, shape);
    EXPECT_GE(m.low, -bound);
    EXPECT_LT(m.high, bound);
    EXPECT_GT(m.high, 0.999 * bound);
    EXPECT_LT(m.low, -0.999 * bound);
    EXPECT_NEAR(m.mean, 0, error * bound);
  };
  const auto check_normal = [&](const Init& init, double mean, double deviation) {
    const Moments m = moments(init, shape);
    EXPECT_NEAR(m.mean, mean, error * deviation);
    EXPECT_NEAR(m.deviation, deviation, error * deviation);
  };
  check_uniform(Init::uniform(-2, 2), 2);
  check_uniform(Init::xavier_uniform(2), 2 * std::sqrt(6.0 / 500));
  check_uniform(Init::kaiming_uniform(), std::sqrt(6.0 / 300));
  check_uniform(Init::kaiming_uniform(1 / std::sqrt(3)), 1 / std::sqrt(300));
  check_normal(Init::normal(1, 0.02), 1, 0.02);
  check_normal(Init::xavier_normal(), 0, std::sqrt(2.0 / 500));
  check_normal(Init::kaiming_normal(), 0, std::sqrt(2.0 / 300));
  const Tensor ones = Tensor::empty({3});
  Init::ones().fill(ones, 1, "b");
  EXPECT_THAT(ones.values(), Each(1));
}

TEST(Init, IsTheSameOnAnyNumberOfThreads) {
  const int before = threads();
  const Tensor one = Tensor::empty({200, 301}), four = Tensor::empty({200, 301});
  for (const Init& init : {Init::normal(), Init::uniform(0, 1)}) {
    set_threads(1);
    init.fill(one, 5, "w");
    set_threads(4);
    init.fill(four, 5, "w");
    EXPECT_TRUE(std::ranges::equal(one.values(), four.values()));
  }
  set_threads(before);
}

TEST(Init, NeedsAMatrixForFans) {
  EXPECT_THAT(
      [] { Init::xavier_uniform().fill(Tensor::empty({3}), 1, "w"); },
      ThrowsMessage<Error>(HasSubstr("need a weight [out, in] or [out, in, rows, cols]; got "
                                     "tensor [3]")));
}

// The fan of filters counts the numbers under one: gain sqrt(3 / (20 * 9)) = 0.1.
TEST(Init, FansOfFilters) {
  const Tensor filters = Tensor::empty({50, 20, 3, 3});
  Init::kaiming_uniform(std::sqrt(0.6)).fill(filters, 1, "w");
  const auto [least, most] = std::ranges::minmax(filters.values());
  EXPECT_GE(least, -0.1);
  EXPECT_LT(least, -0.0999);
  EXPECT_LE(most, 0.1);
  EXPECT_GT(most, 0.0999);
}

}  // namespace
}  // namespace tailgrad
