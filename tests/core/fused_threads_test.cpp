// The fused ops give the same bytes on any number of threads.
#include <cmath>
#include <cstring>
#include <vector>

#include <gtest/gtest.h>

#include <support/gradients.h>
#include <tailgrad/core/ops/attention.h>
#include <tailgrad/core/ops/batch_norm.h>
#include <tailgrad/core/ops/crf.h>
#include <tailgrad/core/ops/layer_norm.h>
#include <tailgrad/core/ops/linear.h>
#include <tailgrad/core/ops/lstm.h>
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

TEST(FusedThreads, Lstm) {
  std::vector<Index> offsets{0};
  for (Index s = 0; s < 70; ++s) offsets.push_back(offsets.back() + (s * 5) % 13);
  const Index tokens = offsets.back();
  std::vector<Tensor> inputs{wanted({tokens, 50}, -1, 1, 1)};
  for (std::uint64_t way = 0; way < 2; ++way)
    for (const Shape& shape : {Shape{160, 50}, Shape{160, 40}, Shape{160}, Shape{160}})
      inputs.push_back(wanted(shape, -0.5, 0.5, 2 + inputs.size()));
  expect_same_on_all_threads(
      [&](const std::vector<Tensor>& in) {
        return lstm(in[0], offsets, {in[1], in[2], in[3], in[4]}, {in[5], in[6], in[7], in[8]});
      },
      inputs);
}

TEST(FusedThreads, Crf) {
  std::vector<Index> offsets{0};
  std::vector<Index> tags;
  for (Index s = 0; s < 300; ++s) offsets.push_back(offsets.back() + (s * 7) % 23);
  for (Index i = 0; i < offsets.back(); ++i) tags.push_back((i * i) % 17);
  const std::vector<Tensor> inputs{wanted({offsets.back(), 17}, -3, 3, 1),
                                   wanted({19, 19}, -1, 1, 2)};
  expect_same_on_all_threads(
      [&](const std::vector<Tensor>& in) { return crf_nll(in[0], in[1], offsets, tags); }, inputs);
  expect_same_on_all_threads(
      [&](const std::vector<Tensor>& in) { return crf_log_marginals(in[0], in[1], offsets); },
      inputs);
}

// Float sums that leave the range of their exponentials, beside the same in double.
TEST(CrfFloat, LargeScoresAndLongSequences) {
  constexpr Index kTokens = 10000;
  for (const double scale : {1.0, 100.0, 1e4}) {
    const Tensor emissions = wanted({kTokens, 5}, -scale, scale, 1);
    const Tensor transitions = wanted({7, 7}, -scale, scale, 2);
    const std::vector<Index> offsets{0, kTokens};
    const std::vector<Index> best = viterbi(emissions, transitions, offsets);
    // The likelihood of the best path is at least that of any: its factors are all finite and the
    // gradient is a difference of probabilities.
    const Tensor nll = crf_nll(emissions, transitions, offsets, best);
    EXPECT_GE(nll.item(), 0);
    EXPECT_LT(nll.item(), kTokens * std::log(5.0));
    Tape::current().backward(nll);
    for (std::size_t i = 0; i < emissions.size(); i += 5) {
      double sum = 0;
      for (std::size_t k = 0; k < 5; ++k) sum += static_cast<double>(emissions.grad()[i + k]);
      EXPECT_NEAR(sum, 0, 1e-4) << "scale " << scale << ", token " << i / 5;
    }
  }
}

TEST(FusedThreads, LayerNorm) {
  expect_same_on_all_threads(
      [](const std::vector<Tensor>& in) { return add_layer_norm(in[0], in[1], in[2], in[3]); },
      {wanted({2001, 67}, -1, 1, 1), wanted({2001, 67}, -1, 1, 2), wanted({67}, -1, 1, 3),
       wanted({67}, -1, 1, 4)});
}

TEST(FusedThreads, Conv2dBatchNorm) {
  const RunningMoments running{Tensor::zeros({16}), Tensor::full({16}, 1)};
  for (const Index stride : {1, 2})
    expect_same_on_all_threads(
        [&](const std::vector<Tensor>& in) {
          const Tensor h = conv2d(in[0], in[1], in[2], {.stride = stride, .padding = 1});
          const Tensor p = batch_norm(h, in[3], in[4], running, {.relu = true});
          return conv2d_batch_norm(p, in[5], in[3], in[4], running, {.padding = 1}, {.relu = true},
                                   h);
        },
        {wanted({60, 14, 15, 5}, -1, 1, 1), wanted({16, 5, 3, 3}, -1, 1, 2), wanted({16}, -1, 1, 3),
         wanted({16}, -1, 1, 4), wanted({16}, -1, 1, 5), wanted({16, 16, 3, 3}, -1, 1, 6)});
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
