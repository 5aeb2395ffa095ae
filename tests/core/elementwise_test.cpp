#include <tailgrad/core/ops/activations.h>
#include <tailgrad/core/ops/arithmetic.h>
#include <tailgrad/core/ops/elementwise.h>

#include <cmath>
#include <limits>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <support/gradients.h>
#include <support/messages.h>
#include <tailgrad/core/tape.h>

namespace tailgrad {
namespace {

using test::message_of;
using test::numbers;
using test::wanted;
using ::testing::AllOf;
using ::testing::DoubleEq;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Pointwise;

constexpr double kInf = std::numeric_limits<double>::infinity();
constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

Tensor row(std::initializer_list<Real> values) {
  return Tensor::from({static_cast<Index>(values.size())},
                      std::span(values.begin(), values.size()));
}

// Shapes with one element, odd sizes, no rows, several pieces of work.
const std::vector<Shape> kShapes = {{}, {1}, {7}, {3, 5}, {1, 1}, {0, 4}, {2, 3, 5}, {2, 1, 3, 3}};

struct Function {
  const char* name;
  Tensor (*f)(const Tensor&);
  double (*reference)(double);
  double low, high;  // a range without kinks
};

const std::vector<Function> kFunctions = {
    {"negate", negate, [](double x) { return -x; }, -3, 3},
    {"exp", exp, [](double x) { return std::exp(x); }, -3, 3},
    {"log", log, [](double x) { return std::log(x); }, 0.1, 4},
    {"sqrt", sqrt, [](double x) { return std::sqrt(x); }, 0.1, 4},
    {"square", square, [](double x) { return x * x; }, -3, 3},
    {"abs, right", abs, [](double x) { return std::fabs(x); }, 0.01, 3},
    {"abs, left", abs, [](double x) { return std::fabs(x); }, -3, -0.01},
    {"tanh", tanh, [](double x) { return std::tanh(x); }, -3, 3},
    {"sigmoid", sigmoid, [](double x) { return 1 / (1 + std::exp(-x)); }, -5, 5},
    {"relu, right", relu, [](double x) { return x; }, 0.01, 3},
    {"relu, left", relu, [](double) { return 0.0; }, -3, -0.01},
    {"gelu", [](const Tensor& x) { return gelu(x); },
     [](double x) { return x * 0.5 * std::erfc(-x / std::sqrt(2.0)); }, -4, 4},
    {"gelu tanh", [](const Tensor& x) { return gelu(x, Gelu::tanh); },
     [](double x) {
       return 0.5 * x * (1 + std::tanh(std::sqrt(2 / M_PI) * (x + 0.044715 * x * x * x)));
     },
     -4, 4},
    {"softplus", softplus, [](double x) { return std::log1p(std::exp(x)); }, -6, 6},
    {"clamp, inside", [](const Tensor& x) { return clamp(x, -1, 2); }, [](double x) { return x; },
     -0.9, 1.9},
    {"clamp, below", [](const Tensor& x) { return clamp(x, -1, 2); }, [](double) { return -1.0; },
     -4, -1.1},
    {"clamp, above", [](const Tensor& x) { return clamp(x, -1, 2); }, [](double) { return 2.0; },
     2.1, 4},
    {"x + 3", [](const Tensor& x) { return add(x, 3); }, [](double x) { return x + 3; }, -2, 2},
    {"x - 3", [](const Tensor& x) { return subtract(x, 3); }, [](double x) { return x - 3; }, -2,
     2},
    {"3 - x", [](const Tensor& x) { return subtract(3, x); }, [](double x) { return 3 - x; }, -2,
     2},
    {"3 x", [](const Tensor& x) { return multiply(x, 3); }, [](double x) { return 3 * x; }, -2, 2},
    {"x / 3", [](const Tensor& x) { return divide(x, 3); }, [](double x) { return x / 3; }, -2, 2},
    {"3 / x", [](const Tensor& x) { return divide(3, x); }, [](double x) { return 3 / x; }, 0.3, 2},
};

TEST(Elementwise, ValuesAndGradients) {
  for (const Function& function : kFunctions) {
    for (const Shape& shape : kShapes) {
      SCOPED_TRACE(std::string(function.name) + " " + shape.text());
      const Tensor x = wanted(shape, function.low, function.high, shape.size() + 3);
      const Tensor y = function.f(x);
      EXPECT_EQ(y.shape(), shape);
      for (std::size_t i = 0; i < x.size(); ++i)
        EXPECT_NEAR(y.data()[i], function.reference(x.data()[i]), 1e-12);
      EXPECT_GRADIENTS(function.f, x);
    }
  }
}

TEST(Elementwise, LargeTensorsAreCutIntoPieces) {
  const Tensor x = wanted({301, 333}, -2, 2);
  const Tensor y = tanh(x);
  Tape::current().backward(y, numbers(x.shape(), 1, 2));
  const Tensor g = numbers(x.shape(), 1, 2);
  for (std::size_t i = 0; i < x.size(); ++i) {
    const double t = std::tanh(x.data()[i]);
    ASSERT_NEAR(y.data()[i], t, 1e-12);
    ASSERT_NEAR(x.grad()[i], g.data()[i] * (1 - t * t), 1e-12);
  }
}

TEST(Elementwise, NanStaysNan) {
  for (const Function& function : kFunctions) {
    const Tensor y = function.f(Tensor::full({3}, kNan));
    for (Real value : y.values()) EXPECT_TRUE(std::isnan(value)) << function.name;
  }
}

TEST(Elementwise, ExtremeInputs) {
  EXPECT_THAT(sigmoid(row({-kInf, -1e4, 0, 1e4, kInf})).values(), ElementsAre(0, 0, 0.5, 1, 1));
  EXPECT_THAT(softplus(row({-kInf, -1e4, 1e4, kInf})).values(), ElementsAre(0, 0, 1e4, kInf));
  EXPECT_THAT(tanh(row({-kInf, -1e4, 1e4, kInf})).values(), ElementsAre(-1, -1, 1, 1));
  EXPECT_THAT(log(row({0, 1})).values(), ElementsAre(-kInf, 0));
  EXPECT_THAT(gelu(row({-1e4, 1e4})).values(), ElementsAre(0, 1e4));
  EXPECT_THAT(gelu(row({-1e4, 1e4}), Gelu::tanh).values(), ElementsAre(0, 1e4));
  Tensor far = row({-1e4, 1e4});
  far.require_grad();
  for (auto* f :
       {+[](const Tensor& x) { return gelu(x); },
        +[](const Tensor& x) { return gelu(x, Gelu::tanh); },
        +[](const Tensor& x) { return softplus(x); }, +[](const Tensor& x) { return relu(x); }}) {
    far.clear_grad();
    Tape::current().backward(f(far), Tensor::full({2}, 1));
    EXPECT_THAT(far.grad(), ElementsAre(0, 1));
  }
}

TEST(Elementwise, GradientsAtKinks) {
  Tensor zero = Tensor::zeros({1});
  zero.require_grad();
  backward(relu(zero));
  EXPECT_EQ(zero.grad()[0], 0);
  backward(abs(zero));
  EXPECT_EQ(zero.grad()[0], 0);
  backward(clamp(zero, 0, 1));
  EXPECT_EQ(zero.grad()[0], 1);
}

TEST(Elementwise, ClampRefusesEmptyRange) {
  EXPECT_THAT(message_of([] {
                clamp(Tensor::zeros({2, 3}), 2, 1);
              }),
              AllOf(HasSubstr("clamp: needs low <= high; got low 2.000000, high 1.000000"),
                    HasSubstr("x [2, 3]"), HasSubstr("called from elementwise_test.cpp:")));
  EXPECT_THAT(message_of([] { clamp(Tensor::zeros({1}), kNan, 1); }), HasSubstr("clamp: needs"));
}

// Arithmetic.

struct Pair {
  Shape a, b, out;
};

// Both orders of every way to repeat; sizes of one, odd sizes, no rows.
const std::vector<Pair> kPairs = {
    {{}, {}, {}},
    {{3}, {3}, {3}},
    {{3, 5}, {3, 5}, {3, 5}},
    {{0, 5}, {0, 5}, {0, 5}},
    {{2, 3, 2}, {2, 3, 2}, {2, 3, 2}},
    {{3, 5}, {}, {3, 5}},
    {{3, 5}, {1}, {3, 5}},
    {{7}, {1, 1}, {7}},
    {{0, 5}, {}, {0, 5}},
    {{1}, {}, {1}},
    {{1, 1}, {1}, {1, 1}},
    {{3, 5}, {5}, {3, 5}},
    {{3, 5}, {1, 5}, {3, 5}},
    {{1, 5}, {5}, {1, 5}},
    {{3, 1}, {1}, {3, 1}},
    {{0, 5}, {5}, {0, 5}},
    {{2, 3, 5}, {5}, {2, 3, 5}},
    {{3, 5}, {3, 1}, {3, 5}},
    {{0, 5}, {0, 1}, {0, 5}},
    {{3, 0}, {3, 1}, {3, 0}},
    {{2, 3, 5}, {2, 3, 1}, {2, 3, 5}},
    {{17, 33}, {33}, {17, 33}},
    {{33, 17}, {33, 1}, {33, 17}},
};

struct Binary {
  const char* name;
  Tensor (*f)(const Tensor&, const Tensor&, Where);
  double (*reference)(double, double);
};

const std::vector<Binary> kBinaries = {
    {"add", add, [](double x, double y) { return x + y; }},
    {"subtract", subtract, [](double x, double y) { return x - y; }},
    {"multiply", multiply, [](double x, double y) { return x * y; }},
    {"divide", divide, [](double x, double y) { return x / y; }},
    {"maximum", maximum, [](double x, double y) { return x > y ? x : y; }},
    {"minimum", minimum, [](double x, double y) { return x < y ? x : y; }},
};

// The element of a repeated operand that belongs to element i of the result.
std::size_t element_for(std::size_t i, const Shape& operand, const Shape& out) {
  if (operand == out) return i;
  if (operand.size() == 1) return 0;
  const auto cols = static_cast<std::size_t>(out.cols());
  return operand.cols() == out.cols() ? i % cols : i / cols;
}

TEST(Arithmetic, ValuesAndGradientsOfEveryRepetition) {
  for (const Binary& op : kBinaries) {
    for (const Pair& pair : kPairs) {
      for (const bool swapped : {false, true}) {
        const Shape& a_shape = swapped ? pair.b : pair.a;
        const Shape& b_shape = swapped ? pair.a : pair.b;
        SCOPED_TRACE(std::string(op.name) + " " + a_shape.text() + " " + b_shape.text());
        const Tensor a = wanted(a_shape, 0.5, 1.4, 11);
        // Ranges that never come near each other: maximum and minimum have no kink here.
        const Tensor b = op.f == maximum   ? wanted(b_shape, 1.5, 3, 12)
                         : op.f == minimum ? wanted(b_shape, 0.1, 0.4, 12)
                                           : wanted(b_shape, 0.5, 3, 12);
        const Tensor out = op.f(a, b, {});
        ASSERT_EQ(out.shape(), pair.out);
        for (std::size_t i = 0; i < out.size(); ++i)
          EXPECT_DOUBLE_EQ(out.data()[i],
                           op.reference(a.data()[element_for(i, a_shape, pair.out)],
                                        b.data()[element_for(i, b_shape, pair.out)]));
        EXPECT_GRADIENTS([&](const Tensor& x, const Tensor& y) { return op.f(x, y, {}); }, a, b);
      }
    }
  }
}

TEST(Arithmetic, OneTensorTwice) {
  const Tensor x = wanted({3, 4}, 0.5, 2);
  EXPECT_GRADIENTS([](const Tensor& a) { return multiply(a, a); }, x);
  EXPECT_GRADIENTS([](const Tensor& a) { return divide(a, multiply(a, a)); }, x);
  EXPECT_GRADIENTS([](const Tensor& a) { return subtract(a, a); }, x);
}

TEST(Arithmetic, ParameterAsRow) {
  EXPECT_GRADIENTS([](const Tensor& x, const Tensor& bias) { return add(x, bias); }, wanted({5, 3}),
                   test::parameter({3}));
}

TEST(Arithmetic, LargeRepetitionsSumEveryTerm) {
  // Several blocks of rows, wide rows, long scalars: the gradient of a repeated one is a count.
  for (const Shape& shape : {Shape{5001, 30}, Shape{300, 2000}, Shape{3, 40000}}) {
    SCOPED_TRACE(shape.text());
    const Tensor x = Tensor::full(shape, 1);
    const Tensor r = wanted({shape[1]});
    const Tensor c = wanted({shape[0], 1});
    const Tensor s = wanted({});
    const Tensor one = Tensor::full(shape, 1);
    Tape::current().backward(add(x, r), one);
    Tape::current().backward(add(x, c), one);
    Tape::current().backward(add(x, s), one);
    EXPECT_THAT(r.grad(), testing::Each(shape[0]));
    EXPECT_THAT(c.grad(), testing::Each(shape[1]));
    EXPECT_EQ(s.grad()[0], static_cast<double>(shape.size()));
  }
}

TEST(Arithmetic, EqualOperandsShareTheGradient) {
  for (auto* op : {maximum, minimum}) {
    Tensor a = Tensor::full({2}, 3);
    Tensor b = Tensor::full({2}, 3);
    a.require_grad();
    b.require_grad();
    Tape::current().backward(op(a, b, {}), Tensor::full({2}, 1));
    EXPECT_THAT(a.grad(), ElementsAre(0.5, 0.5));
    EXPECT_THAT(b.grad(), ElementsAre(0.5, 0.5));
  }
  EXPECT_TRUE(std::isnan(maximum(row({kNan}), row({1})).item()));
  EXPECT_TRUE(std::isnan(maximum(row({1}), row({kNan})).item()));
  EXPECT_TRUE(std::isnan(minimum(row({kNan}), row({1})).item()));
  EXPECT_TRUE(std::isnan(minimum(row({1}), row({kNan})).item()));
}

TEST(Arithmetic, BadShapesAreNamed) {
  const std::vector<std::pair<Shape, Shape>> bad = {
      {{2, 3}, {2}},       {{2, 3}, {3, 2}},    {{2, 3}, {3, 1}}, {{2, 1}, {1, 3}},
      {{2, 3, 4}, {3, 4}}, {{2, 3, 4}, {2, 1}}, {{3}, {4}},       {{0, 3}, {1, 2}},
  };
  for (const Binary& op : kBinaries) {
    for (const auto& [a, b] : bad) {
      const auto message = message_of([&] { op.f(Tensor::zeros(a), Tensor::zeros(b), {}); });
      EXPECT_THAT(message, AllOf(HasSubstr(op.name), HasSubstr("needs equal shapes, or one"),
                                 HasSubstr("got a " + a.text() + ", b " + b.text()),
                                 HasSubstr("(called from elementwise_test.cpp:")));
    }
  }
}

}  // namespace
}  // namespace tailgrad
