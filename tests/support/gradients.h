// EXPECT_GRADIENTS(f, x, y, ...): the gradients of f(x, y, ...) are right, accumulate, and go only
// where they are wanted (see core/gradient_check.h).
#pragma once

#include <algorithm>
#include <cstdint>
#include <initializer_list>
#include <numeric>
#include <span>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include <tailgrad/core/gradient_check.h>
#include <tailgrad/core/random.h>

namespace tailgrad {
inline namespace TAILGRAD_PRECISION {
namespace test {

/// Numbers in [low, high), different for every seed; no gradient wanted.
inline Tensor numbers(const Shape& shape, double low, double high, std::uint64_t seed = 1) {
  Tensor tensor = Tensor::empty(shape);
  Random random(seed, "test");
  for (Real& value : tensor.mutable_values()) value = static_cast<Real>(random.uniform(low, high));
  return tensor;
}

/// The same, wanting a gradient.
inline Tensor wanted(const Shape& shape, double low = -2, double high = 2, std::uint64_t seed = 1) {
  Tensor tensor = numbers(shape, low, high, seed);
  tensor.require_grad();
  return tensor;
}

/// The same as a parameter.
inline Tensor parameter(const Shape& shape, double low = -2, double high = 2,
                        std::uint64_t seed = 1) {
  Tensor tensor = Tensor::parameter(shape);
  const Tensor source = numbers(shape, low, high, seed);
  std::copy(source.values().begin(), source.values().end(), tensor.mutable_data());
  return tensor;
}

/// [sequences + 1] where ragged sequences of these lengths begin and end.
inline std::vector<Index> offsets_of(const std::vector<Index>& lengths) {
  std::vector<Index> offsets(lengths.size() + 1, 0);
  std::partial_sum(lengths.begin(), lengths.end(), offsets.begin() + 1);
  return offsets;
}

template <class F, std::size_t... kPositions>
testing::AssertionResult gradients_right(F& f, const std::vector<Tensor>& inputs,
                                         std::index_sequence<kPositions...>) {
  const GradientReport report = check_gradients(
      [&f](std::span<const Tensor> in) -> Tensor { return f(in[kPositions]...); }, inputs);
  if (report.passed) return testing::AssertionSuccess();
  return testing::AssertionFailure() << report.text;
}

template <class F, class... Inputs>
testing::AssertionResult gradients_right(F f, const Inputs&... inputs) {
  return gradients_right(f, std::vector<Tensor>{inputs...}, std::index_sequence_for<Inputs...>());
}

}  // namespace test
}  // namespace TAILGRAD_PRECISION
}  // namespace tailgrad

#define EXPECT_GRADIENTS(...) EXPECT_TRUE(tailgrad::test::gradients_right(__VA_ARGS__))
