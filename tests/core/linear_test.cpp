#include <tailgrad/core/ops/linear.h>

#include <cmath>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <support/gradients.h>
#include <support/messages.h>
#include <tailgrad/core/ops/activations.h>
#include <tailgrad/core/ops/arithmetic.h>
#include <tailgrad/core/tape.h>

namespace tailgrad {
namespace {

using test::message_of;
using test::numbers;
using test::wanted;
using ::testing::AllOf;
using ::testing::HasSubstr;

struct Size {
  Index rows, in, out;
};
const std::vector<Size> kSizes = {{1, 1, 1}, {3, 5, 7}, {1, 4, 3}, {5, 1, 2}, {4, 3, 1}, {0, 3, 2}};
const std::vector<Activation> kActivations = {Activation::none, Activation::relu, Activation::gelu,
                                              Activation::tanh};

Tensor composed(const Tensor& x, const Tensor& weight, const Tensor& bias, Activation activation) {
  Tensor sums = linear(x, weight);
  if (bias.defined()) sums = add(sums, bias);
  switch (activation) {
    case Activation::none:
      return sums;
    case Activation::relu:
      return relu(sums);
    case Activation::gelu:
      return gelu(sums);
    default:
      return tanh(sums);
  }
}

TEST(Linear, ValuesAreTheSumsOfProducts) {
  for (const Size& size : kSizes) {
    const Tensor x = numbers({size.rows, size.in}, -2, 2, 1);
    const Tensor w = numbers({size.out, size.in}, -2, 2, 2);
    const Tensor b = numbers({size.out}, -2, 2, 3);
    const Tensor y = linear(x, w, b);
    ASSERT_EQ(y.shape(), (Shape{size.rows, size.out}));
    for (Index r = 0; r < size.rows; ++r) {
      for (Index o = 0; o < size.out; ++o) {
        double sum = b.data()[o];
        for (Index i = 0; i < size.in; ++i)
          sum += x.data()[r * size.in + i] * w.data()[o * size.in + i];
        EXPECT_NEAR(y.data()[r * size.out + o], sum, 1e-13);
      }
    }
  }
}

TEST(Linear, Gradients) {
  for (const Size& size : kSizes) {
    for (Activation activation : kActivations) {
      const Tensor x = wanted({size.rows, size.in}, 0.3, 2, 1);
      const Tensor w = wanted({size.out, size.in}, 0.3, 2, 2);  // sums far from relu's kink
      const Tensor b = wanted({size.out}, 0.3, 2, 3);
      SCOPED_TRACE(x.shape().text() + " " + w.shape().text());
      EXPECT_GRADIENTS([activation](const Tensor& x_, const Tensor& w_,
                                    const Tensor& b_) { return linear(x_, w_, b_, activation); },
                       x, w, b);
      EXPECT_GRADIENTS([activation](const Tensor& x_,
                                    const Tensor& w_) { return linear(x_, w_, {}, activation); },
                       x, w);
      EXPECT_GRADIENTS([activation](const Tensor& x_) { return linear(x_, x_, {}, activation); },
                       wanted({3, 3}, 0.3, 2, 4));
    }
  }
  EXPECT_GRADIENTS([](const Tensor& x, const Tensor& w) { return linear(x, w); },
                   wanted({2, 3, 2, 5}), wanted({4, 5}));
  EXPECT_GRADIENTS([](const Tensor& x, const Tensor& w) { return linear(x, w); }, wanted({5}),
                   wanted({4, 5}));
}

TEST(Linear, FusedEqualsComposed) {
  for (Activation activation : kActivations) {
    for (const Size& size : {Size{65, 33, 17}, Size{700, 130, 500}}) {
      const Tensor x = wanted({size.rows, size.in}, -1, 1, 1);
      const Tensor w = wanted({size.out, size.in}, -1, 1, 2);
      const Tensor b = wanted({size.out}, -1, 1, 3);
      const Tensor upstream = numbers({size.rows, size.out}, -1, 1, 4);
      const Tensor fused = linear(x, w, b, activation);
      Tape::current().backward(fused, upstream);
      std::vector<std::vector<Real>> gradients;
      for (Tensor t : {x, w, b}) {
        gradients.emplace_back(t.grad().begin(), t.grad().end());
        t.clear_grad();
      }
      const Tensor parts = composed(x, w, b, activation);
      Tape::current().backward(parts, upstream);
      for (std::size_t i = 0; i < fused.size(); ++i)
        ASSERT_NEAR(fused.data()[i], parts.data()[i], 1e-12);
      std::size_t k = 0;
      for (const Tensor& t : {x, w, b}) {
        for (std::size_t i = 0; i < t.size(); ++i) ASSERT_NEAR(gradients[k][i], t.grad()[i], 1e-10);
        ++k;
      }
    }
  }
}

TEST(Linear, ResultsWithoutATapeAreTheSame) {
  const Tensor x = wanted({5, 4}), w = wanted({3, 4}), b = wanted({3});
  for (Activation activation : kActivations) {
    const Tensor recorded = linear(x, w, b, activation);
    Tape::current().clear();
    const NoGrad no_grad;
    const Tensor plain = linear(x, w, b, activation);
    EXPECT_THAT(plain.values(), ::testing::ElementsAreArray(recorded.values()));
  }
}

TEST(Linear, BadShapesAreNamed) {
  EXPECT_THAT(message_of([] {
                linear(Tensor::zeros({2, 5}), Tensor::zeros({3, 4}));
              }),
              AllOf(HasSubstr("linear: needs x [.., in] and weight [out, in]; got x [2, 5], weight "
                              "[3, 4]"),
                    HasSubstr("linear_test.cpp")));
  EXPECT_THAT(message_of([] {
                linear(Tensor::zeros({2, 4}), Tensor::zeros({3, 4}), Tensor::zeros({4}));
              }),
              HasSubstr("got x [2, 4], weight [3, 4], bias [4]"));
  EXPECT_THAT(message_of([] {
                linear(Tensor::scalar(1), Tensor::zeros({3, 1}));
              }),
              HasSubstr("linear: needs"));
}

}  // namespace
}  // namespace tailgrad
