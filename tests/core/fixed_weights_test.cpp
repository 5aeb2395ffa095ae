#include <tailgrad/core/fixed_weights.h>

#include <vector>

#include <gtest/gtest.h>

#include <support/gradients.h>
#include <tailgrad/core/ops/linear.h>
#include <tailgrad/core/ops/lstm.h>
#include <tailgrad/core/parallel.h>
#include <tailgrad/core/tape.h>

namespace tailgrad {
namespace {

using test::numbers;
using test::wanted;

void expect_near(const Tensor& a, const Tensor& b) {
  ASSERT_EQ(a.shape(), b.shape());
  for (std::size_t i = 0; i < a.size(); ++i) EXPECT_NEAR(a.data()[i], b.data()[i], 1e-5);
}

TEST(FixedWeights, ResultsAreTheSameInEveryCall) {
  const Tensor weight = wanted({37, 65}, -0.3, 0.3, 1);
  const Tensor bias = wanted({37}, -1, 1, 2);
  std::vector<Tensor> w;
  for (std::uint64_t way = 0; way < 2; ++way)
    for (const Shape& shape : {Shape{60, 65}, Shape{60, 15}, Shape{60}, Shape{60}})
      w.push_back(wanted(shape, -0.3, 0.3, 3 + w.size()));
  const NoGrad no_grad;
  for (const Index rows : {1, 2, 10, 100, 1500}) {
    SCOPED_TRACE(rows);
    const Tensor x = numbers({rows, 65}, -1, 1, 20);
    const std::vector<Index> offsets{0, rows / 3, rows};
    const auto recurrent = [&] {
      return lstm(x, offsets, {w[0], w[1], w[2], w[3]}, {w[4], w[5], w[6], w[7]});
    };
    const Tensor product = linear(x, weight, bias, Activation::gelu);
    const Tensor states = recurrent();
    const FixedWeights fixed;
    for (const int count : {1, 3}) {
      set_threads(count);
      for (int call = 0; call < 2; ++call) {
        expect_near(linear(x, weight, bias, Activation::gelu), product);
        expect_near(recurrent(), states);
      }
    }
  }
}

TEST(FixedWeights, HoldsForItsLifeAndOnlyWithoutGradients) {
  const Tensor weight = wanted({3, 4}, -1, 1, 1);
  const Tensor x = numbers({2, 4}, -1, 1, 2);
  const auto first = [&] { return linear(x, weight).data()[0]; };
  {
    const FixedWeights fixed;
    {
      const NoGrad no_grad;
      const Real before = first();
      weight.mutable_data()[0] += 1;
      EXPECT_EQ(first(), before);
    }
    const Real before = first();  // recorded: sees the weight as it is
    weight.mutable_data()[0] += 1;
    EXPECT_NEAR(first(), before + x.data()[0], 1e-6);
  }
  const NoGrad no_grad;
  const Real before = first();
  weight.mutable_data()[0] += 1;
  EXPECT_NEAR(first(), before + x.data()[0], 1e-6);
}

}  // namespace
}  // namespace tailgrad
