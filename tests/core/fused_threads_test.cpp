// The fused ops give the same bytes on any number of threads.
#include <cstring>
#include <vector>

#include <gtest/gtest.h>

#include <support/gradients.h>
#include <tailgrad/core/ops/attention.h>
#include <tailgrad/core/ops/layer_norm.h>
#include <tailgrad/core/ops/linear.h>
#include <tailgrad/core/parallel.h>
#include <tailgrad/core/tape.h>

namespace tailgrad {
namespace {

using test::numbers;
using test::wanted;

// Values and all gradients, one after the other.
template <class F>
std::vector<Real> results(F f, const std::vector<Tensor>& inputs) {
  const Tensor out = f(inputs);
  Tape::current().backward(out, numbers(out.shape(), -1, 1, 9));
  std::vector<Real> all(out.values().begin(), out.values().end());
  for (Tensor input : inputs) {
    all.insert(all.end(), input.grad().begin(), input.grad().end());
    input.clear_grad();
  }
  return all;
}

template <class F>
void expect_same_on_all_threads(F f, const std::vector<Tensor>& inputs) {
  const int before = threads();
  set_threads(1);
  const std::vector<Real> one = results(f, inputs);
  for (int count : {2, 3, 4, 2}) {
    set_threads(count);
    const std::vector<Real> many = results(f, inputs);
    EXPECT_EQ(std::memcmp(one.data(), many.data(), one.size() * sizeof(Real)), 0) << count;
  }
  set_threads(before);
}

TEST(FusedThreads, Linear) {
  for (Activation activation :
       {Activation::none, Activation::relu, Activation::gelu, Activation::tanh})
    expect_same_on_all_threads(
        [activation](const std::vector<Tensor>& in) {
          return linear(in[0], in[1], in[2], activation);
        },
        {wanted({1003, 130}, -1, 1, 1), wanted({517, 130}, -1, 1, 2), wanted({517}, -1, 1, 3)});
}

TEST(FusedThreads, LayerNorm) {
  expect_same_on_all_threads(
      [](const std::vector<Tensor>& in) { return add_layer_norm(in[0], in[1], in[2], in[3]); },
      {wanted({2001, 67}, -1, 1, 1), wanted({2001, 67}, -1, 1, 2), wanted({67}, -1, 1, 3),
       wanted({67}, -1, 1, 4)});
}

TEST(FusedThreads, Attention) {
  std::vector<Index> offsets{0};
  for (Index length : {3, 64, 0, 33, 120, 1, 600, 64, 77, 90, 15})
    offsets.push_back(offsets.back() + length);
  expect_same_on_all_threads(
      [&](const std::vector<Tensor>& in) { return attention(in[0], offsets, 4); },
      {wanted({offsets.back(), 96}, -1, 1, 1)});
}

}  // namespace
}  // namespace tailgrad
