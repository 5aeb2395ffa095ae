// The ops once more with Real = float: the double build is held to formulas, this one to the
// double results within rounding, and its gradients to differences.
#include <tailgrad/core/ops.h>

#include <cmath>
#include <type_traits>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <support/gradients.h>
#include <tailgrad/core/tape.h>
#include <tailgrad/core/training_pass.h>

namespace tailgrad {
namespace {

using test::numbers;
using test::wanted;

static_assert(std::is_same_v<Real, float>);

void expect_values(const Tensor& x, const Tensor& y, double (*reference)(double)) {
  for (std::size_t i = 0; i < x.size(); ++i) {
    const double expected = reference(static_cast<double>(x.data()[i]));
    EXPECT_NEAR(static_cast<double>(y.data()[i]), expected, 1e-6 * (1 + std::fabs(expected)));
  }
}

TEST(OpsInFloat, Values) {
  const Tensor x = numbers({37, 11}, -4, 4);
  const Tensor positive = numbers({37, 11}, 0.1, 4);
  expect_values(x, exp(x), [](double v) { return std::exp(v); });
  expect_values(positive, log(positive), [](double v) { return std::log(v); });
  expect_values(positive, sqrt(positive), [](double v) { return std::sqrt(v); });
  expect_values(x, tanh(x), [](double v) { return std::tanh(v); });
  expect_values(x, sigmoid(x), [](double v) { return 1 / (1 + std::exp(-v)); });
  expect_values(x, softplus(x), [](double v) { return std::log1p(std::exp(v)); });
  expect_values(x, gelu(x), [](double v) { return 0.5 * v * std::erfc(-v / std::sqrt(2.0)); });
}

TEST(OpsInFloat, SumsOfAMillionKeepTheirDigits) {
  const Tensor x = Tensor::full({1 << 20}, 0.1F);
  EXPECT_FLOAT_EQ(sum(x).item(), static_cast<float>(static_cast<double>(0.1F) * (1 << 20)));
  EXPECT_FLOAT_EQ(mean(x).item(), 0.1F);
  EXPECT_FLOAT_EQ(row_sums(x).item(), sum(x).item());
}

TEST(OpsInFloat, ProductsOfEverySmallShape) {
  for (const Index m : {1, 5, 16, 33})
    for (const Index k : {1, 16, 17, 64})
      for (const Index n : {1, 5, 8, 9, 16, 17, 24, 33, 100}) {
        SCOPED_TRACE(Shape({m, k, n}).text());
        const Tensor a = numbers({m, k}, -1, 1, 1);
        const Tensor b = numbers({k, n}, -1, 1, 2);
        const Tensor out = matmul(a, b);
        for (Index i = 0; i < m; ++i)
          for (Index j = 0; j < n; ++j) {
            double expected = 0;
            for (Index l = 0; l < k; ++l)
              expected += static_cast<double>(a.data()[i * k + l]) * b.data()[l * n + j];
            ASSERT_NEAR(out.data()[i * n + j], expected, 1e-5);
          }
      }
}

// One sentence through a layer: these weights are laid out in squares, which edges interrupt.
TEST(OpsInFloat, ProductsOfFewRowsWithManyWeights) {
  for (const Index m : {1, 7, 64, 65})
    for (const Index k : {31, 64, 100, 152})
      for (const Index n : {270, 400}) {
        SCOPED_TRACE(Shape({m, k, n}).text());
        const Tensor x = numbers({m, k}, -1, 1, 1);
        const Tensor weight = numbers({n, k}, -1, 1, 2);
        const Tensor out = linear(x, weight, {});
        for (Index i = 0; i < m; ++i)
          for (Index j = 0; j < n; ++j) {
            double expected = 0;
            for (Index l = 0; l < k; ++l)
              expected += static_cast<double>(x.data()[i * k + l]) * weight.data()[j * k + l];
            ASSERT_NEAR(out.data()[i * n + j], expected, 1e-5);
          }
      }
}

TEST(OpsInFloat, Gradients) {
  const Tensor x = wanted({5, 7}, 0.5, 2, 1);
  const Tensor y = wanted({7}, 0.5, 2, 2);
  const Tensor w = wanted({3, 7}, -1, 1, 3);
  EXPECT_GRADIENTS([](const Tensor& a, const Tensor& b) { return divide(a, b); }, x, y);
  EXPECT_GRADIENTS([](const Tensor& a) { return gelu(a); }, x);
  EXPECT_GRADIENTS([](const Tensor& a) { return gelu(a, Gelu::tanh); }, x);
  EXPECT_GRADIENTS([](const Tensor& a) { return tanh(a); }, x);
  EXPECT_GRADIENTS([](const Tensor& a) { return log_softmax(a); }, x);
  EXPECT_GRADIENTS([](const Tensor& a) { return logsumexp(a); }, x);
  EXPECT_GRADIENTS(
      [](const Tensor& a) {
        return segment_means(a, std::vector<Index>{0, 2, 5});
      },
      x);
  EXPECT_GRADIENTS([](const Tensor& a, const Tensor& b) { return matmul(a, b, {.b = true}); }, x,
                   w);
  EXPECT_GRADIENTS([](const Tensor& a) { return gather_rows(a, std::vector<Index>{4, 4, 0}); }, x);
  EXPECT_GRADIENTS(
      [](const Tensor& a) {
        const TrainingPass training(1, 1);
        return dropout(a, 0.3);
      },
      x);
}

}  // namespace
}  // namespace tailgrad
