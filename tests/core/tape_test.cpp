#include <tailgrad/core/tape.h>

#include <cmath>
#include <limits>
#include <thread>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <support/gradients.h>
#include <support/messages.h>
#include <tailgrad/core/ops.h>

namespace tailgrad {
namespace {

using test::message_of;
using test::wanted;
using ::testing::AllOf;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

TEST(Tape, AMillionChainedOps) {
  constexpr int kOps = 1'000'000;
  Tensor x = Tensor::full({1}, 1);
  x.require_grad();
  {
    Tensor y = x;
    for (int i = 0; i < kOps; ++i) y = i % 2 == 0 ? add(y, 1) : multiply(y, Real(1));
    EXPECT_EQ(y.item(), 1 + kOps / 2);
    EXPECT_EQ(Tape::current().size(), static_cast<std::size_t>(kOps));
    backward(y);
  }
  EXPECT_EQ(x.grad()[0], 1);
  EXPECT_EQ(Tape::current().size(), 0u);
  // A chain that is dropped is not walked recursively either.
  Tensor y = x;
  for (int i = 0; i < kOps; ++i) y = add(y, 1);
  Tape::current().clear();
  EXPECT_EQ(Tape::current().size(), 0u);
}

TEST(Tape, EveryUseOfATensorAddsItsGradient) {
  Tensor x = Tensor::full({1}, 3);
  x.require_grad();
  const Tensor square_of = multiply(x, x);
  backward(add(multiply(square_of, x), square_of));  // x^3 + x^2
  EXPECT_EQ(x.grad()[0], 3 * 9 + 2 * 3);
  backward(multiply(x, 10));
  EXPECT_EQ(x.grad()[0], 33 + 10);
  x.clear_grad();
  backward(multiply(x, 10));
  EXPECT_EQ(x.grad()[0], 10);
}

TEST(Tape, OpsThatDoNotLeadToTheLossCostNothing) {
  const Tensor x = wanted({2});
  const Tensor unused = exp(x);
  backward(sum(x));
  EXPECT_FALSE(unused.has_grad());
  EXPECT_THAT(x.grad(), Each(1));
}

TEST(Tape, RecordsOnlyWhatIsWanted) {
  const Tensor plain = Tensor::full({2}, 1);
  exp(plain);
  EXPECT_EQ(Tape::current().size(), 0u);
  const Tensor x = wanted({2});
  {
    const NoGrad no_grad;
    EXPECT_FALSE(exp(x).requires_grad());
    { const NoGrad again; }
    EXPECT_FALSE(exp(x).requires_grad());
  }
  EXPECT_EQ(Tape::current().size(), 0u);
  EXPECT_TRUE(exp(x).requires_grad());
  EXPECT_EQ(Tape::current().size(), 1u);
  Tape::current().clear();
}

TEST(Tape, TapesOfScopesAndThreadsAreApart) {
  const Tensor x = wanted({2});
  const Tensor y = exp(x);
  Tape other;
  {
    const TapeScope scope(other);
    exp(x);
    exp(x);
    EXPECT_EQ(Tape::current().size(), 2u);
  }
  EXPECT_EQ(other.size(), 2u);
  EXPECT_EQ(Tape::current().size(), 1u);
  std::thread([] { EXPECT_EQ(Tape::current().size(), 0u); }).join();
  backward(sum(y));
  EXPECT_EQ(other.size(), 2u);
}

TEST(Tape, MistakesAreNamed) {
  const Tensor x = wanted({2, 3});
  EXPECT_THAT(message_of([&] { backward(exp(x)); }),
              AllOf(HasSubstr("backward: needs a loss of one element; reduce it with sum() or "
                              "mean(); got loss [2, 3]"),
                    HasSubstr("(called from tape_test.cpp:")));
  EXPECT_THAT(message_of([] { backward(Tensor::scalar(1)); }),
              HasSubstr("backward: the output depends on no tensor that wants a gradient"));
  EXPECT_THAT(message_of([&] {
                Tape::current().backward(exp(x), Tensor::zeros({3, 2}));
              }),
              HasSubstr("must have the shape of the output; got output [2, 3], upstream [3, 2]"));
  Tape::current().clear();
}

TEST(Tape, AnExceptionInABackwardPassLeavesAnEmptyTape) {
  const Tensor x = wanted({1});
  Tensor out = Tensor::full({1}, 1);
  Tape::current().record("thrower", out, {&x}, [] { throw std::runtime_error("from inside"); });
  EXPECT_THROW(backward(multiply(out, 2)), std::runtime_error);
  EXPECT_EQ(Tape::current().size(), 0u);
}

TEST(NanFinder, NamesTheOpItsInputsAndTheirShapes) {
  const NanFinder finder;
  Tensor x = Tensor::from({2, 3}, std::vector<Real>{1, 2, 3, 4, -5, 6});
  x.require_grad();
  EXPECT_THAT(message_of([&] { multiply(log(x), 2); }),
              AllOf(HasSubstr("log: the first NaN or infinity of the values, at row 1, column 1"),
                    HasSubstr("input 0 [2, 3] in [-5.000000, 6.000000]")));
  EXPECT_THAT(
      message_of([&] { divide(x, Tensor::zeros({3})); }),
      AllOf(HasSubstr("divide: the first NaN or infinity of the values, at row 0, column 0"),
            HasSubstr("input 0 [2, 3] in [-5.0"),
            HasSubstr("input 1 [3] in [0.000000, 0.000000]")));
  Tape::current().clear();
}

TEST(NanFinder, FindsBadGradients) {
  const NanFinder finder;
  Tensor x = Tensor::from({1, 2}, std::vector<Real>{4, 0});
  x.require_grad();
  EXPECT_THAT(
      message_of([&] { backward(sum(sqrt(x))); }),
      AllOf(HasSubstr("sqrt: the first NaN or infinity of the gradients, at row 0, column 1"),
            HasSubstr("input 0 [1, 2]")));
  EXPECT_EQ(Tape::current().size(), 0u);
}

TEST(NanFinder, ABadInputIsToldFromABadOp) {
  const NanFinder finder;
  const Tensor x = Tensor::full({3}, std::numeric_limits<Real>::quiet_NaN());
  EXPECT_THAT(message_of([&] { add(x, Tensor::zeros({3})); }),
              HasSubstr("input 0 [3] already bad at row 0, column 0"));
}

TEST(NanFinder, IsOffWithoutOne) {
  EXPECT_TRUE(std::isnan(log(Tensor::full({1}, -1)).item()));
}

}  // namespace
}  // namespace tailgrad
