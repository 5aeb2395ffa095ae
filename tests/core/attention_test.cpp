#include <tailgrad/core/ops/attention.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <support/gradients.h>
#include <support/messages.h>
#include <tailgrad/core/pool.h>
#include <tailgrad/core/tape.h>
#include <tailgrad/core/training_pass.h>

namespace tailgrad {
namespace {

using test::message_of;
using test::numbers;
using test::offsets_of;
using test::wanted;
using ::testing::HasSubstr;

// The formula, one number after the other.
std::vector<double> by_hand(const Tensor& qkv, const std::vector<Index>& offsets, Index heads) {
  const Index width = qkv.cols() / 3;
  const Index part = width / heads;
  std::vector<double> out(static_cast<std::size_t>(qkv.rows() * width));
  const auto at = [&](Index token, Index column) {
    return qkv.data()[static_cast<std::size_t>(token * 3 * width + column)];
  };
  for (std::size_t s = 0; s + 1 < offsets.size(); ++s)
    for (Index h = 0; h < heads; ++h)
      for (Index i = offsets[s]; i < offsets[s + 1]; ++i) {
        std::vector<double> weight;
        double sum = 0;
        for (Index j = offsets[s]; j < offsets[s + 1]; ++j) {
          double score = 0;
          for (Index c = h * part; c < (h + 1) * part; ++c) score += at(i, c) * at(j, width + c);
          weight.push_back(std::exp(score / std::sqrt(double(part))));
          sum += weight.back();
        }
        for (Index j = offsets[s]; j < offsets[s + 1]; ++j)
          for (Index c = h * part; c < (h + 1) * part; ++c)
            out[static_cast<std::size_t>(i * width + c)] +=
                weight[static_cast<std::size_t>(j - offsets[s])] / sum * at(j, 2 * width + c);
      }
  return out;
}

struct Case {
  std::vector<Index> lengths;
  Index width, heads;
};
const std::vector<Case> kCases = {{{3}, 4, 2}, {{1}, 1, 1}, {{1, 0, 5, 2}, 6, 3},
                                  {{0}, 4, 1}, {{}, 4, 2},  {{0, 7, 0}, 3, 1}};

TEST(Attention, ValuesFollowTheFormula) {
  for (const Case& c : kCases) {
    const std::vector<Index> offsets = offsets_of(c.lengths);
    const Tensor qkv = numbers({offsets.back(), 3 * c.width}, -2, 2);
    const Tensor out = attention(qkv, offsets, c.heads);
    ASSERT_EQ(out.shape(), (Shape{offsets.back(), c.width}));
    const std::vector<double> expected = by_hand(qkv, offsets, c.heads);
    for (std::size_t i = 0; i < out.size(); ++i) EXPECT_NEAR(out.data()[i], expected[i], 1e-13);
  }
}

TEST(Attention, Gradients) {
  for (const Case& c : kCases) {
    const std::vector<Index> offsets = offsets_of(c.lengths);
    EXPECT_GRADIENTS([&](const Tensor& qkv) { return attention(qkv, offsets, c.heads); },
                     wanted({offsets.back(), 3 * c.width}));
  }
}

TEST(Attention, LongSequencesGoBlockByBlock) {
  const std::vector<Index> offsets = offsets_of({700, 3});
  const Tensor qkv = wanted({703, 12}, -2, 2);
  const Tensor out = attention(qkv, offsets, 2);
  const std::vector<double> expected = by_hand(qkv, offsets, 2);
  for (std::size_t i = 0; i < out.size(); ++i) ASSERT_NEAR(out.data()[i], expected[i], 1e-12);
  const Tensor upstream = numbers(out.shape(), -1, 1, 5);
  Tape::current().backward(out, upstream);
  // Differences for a few of the 25,308 derivatives.
  const auto value = [&] {
    const NoGrad no_grad;
    const Tensor y = attention(qkv, offsets, 2);
    return std::inner_product(y.values().begin(), y.values().end(), upstream.values().begin(), 0.0);
  };
  for (std::size_t i : {0U, 5U, 11U, 4001U, 6002U, 8399U, 8400U, 8435U}) {
    Real& x = qkv.mutable_data()[i];
    const Real before = x;
    x = before + 1e-4;
    const double up = value();
    x = before - 1e-4;
    const double down = value();
    x = before;
    EXPECT_NEAR(qkv.grad()[i], (up - down) / 2e-4, 1e-7);
  }
}

TEST(Attention, SequencesDoNotSeeEachOther) {
  const Tensor both = numbers({9, 12}, -2, 2);
  const Tensor out = attention(both, std::vector<Index>{0, 4, 9}, 2);
  const Tensor first = attention(both.row_range(0, 4), std::vector<Index>{0, 4}, 2);
  const Tensor second = attention(both.row_range(4, 9), std::vector<Index>{0, 5}, 2);
  for (std::size_t i = 0; i < first.size(); ++i) EXPECT_EQ(out.data()[i], first.data()[i]);
  for (std::size_t i = 0; i < second.size(); ++i)
    EXPECT_EQ(out.data()[first.size() + i], second.data()[i]);
}

TEST(Attention, MemoryOfALongSequenceGrowsWithItsLength) {
  const Index tokens = 6000;  // 36 million weights a head: 288 MB if they were kept
  const Tensor qkv = wanted({tokens, 6}, -1, 1);
  const auto before = Pool::total().reserved_bytes;
  const Tensor out = attention(qkv, std::vector<Index>{0, tokens}, 1);
  Tape::current().backward(out, Tensor::full(out.shape(), 1));
  EXPECT_LT(Pool::total().reserved_bytes - before, std::uint64_t{64} << 20);
}

TEST(Attention, DropsWeightsInATrainingPassOnly) {
  for (const Case& c : kCases) {
    const std::vector<Index> offsets = offsets_of(c.lengths);
    EXPECT_GRADIENTS(
        [&](const Tensor& qkv) {
          const TrainingPass pass(3, 7);
          return attention(qkv, offsets, c.heads, 0.4);
        },
        wanted({offsets.back(), 3 * c.width}));
  }
  const std::vector<Index> offsets{0, 5};
  const Tensor qkv = numbers({5, 12}, -2, 2);
  EXPECT_THAT(attention(qkv, offsets, 2, 0.4).values(),
              ::testing::ElementsAreArray(attention(qkv, offsets, 2).values()));
}

TEST(Attention, DropsTheGivenShareAndScalesTheRest) {
  // Equal queries and values of one: every output is the sum of the weights that were kept, each
  // 1 / length / (1 - rate), so the outputs count them.
  for (const Index length : {600, 61}) {  // computed again in the backward pass, and saved
    const Tensor qkv = Tensor::zeros({length, 6});
    for (Index t = 0; t < length; ++t)
      for (Index c = 4; c < 6; ++c) qkv.mutable_data()[6 * t + c] = 1;
    const TrainingPass pass(1, 2);
    const Tensor out = attention(qkv, std::vector<Index>{0, length}, 2, 0.25);
    double mean = 0;
    for (Real value : out.values()) {
      const double kept = value * length * 0.75;
      EXPECT_NEAR(kept, std::round(kept), 1e-9);
      mean += value / static_cast<double>(out.size());
    }
    const double draws = 2.0 * length * length;
    EXPECT_NEAR(mean, 1, 5 * std::sqrt(0.25 / 0.75 / draws));
    // Another use, another mask.
    const Tensor again = attention(qkv, std::vector<Index>{0, length}, 2, 0.25);
    EXPECT_FALSE(std::ranges::equal(out.values(), again.values()));
  }
}

TEST(Attention, ALongSequenceDropsTheSameWeightsInItsBackwardPass) {
  const std::vector<Index> offsets{0, 600};
  const Tensor qkv = wanted({600, 6}, -2, 2);
  const auto value = [&] {
    const TrainingPass pass(1, 2);
    return attention(qkv, offsets, 1, 0.3);
  };
  const Tensor upstream = numbers({600, 2}, -1, 1, 5);
  Tape::current().backward(value(), upstream);
  const auto sum = [&] {
    const NoGrad no_grad;
    const Tensor y = value();
    return std::inner_product(y.values().begin(), y.values().end(), upstream.values().begin(), 0.0);
  };
  for (std::size_t i : {0U, 3U, 1804U, 2999U, 3599U}) {
    Real& x = qkv.mutable_data()[i];
    const Real before = x;
    x = before + 1e-4;
    const double up = sum();
    x = before - 1e-4;
    const double down = sum();
    x = before;
    EXPECT_NEAR(qkv.grad()[i], (up - down) / 2e-4, 1e-7);
  }
}

TEST(Attention, BadArgumentsAreNamed) {
  const Tensor qkv = Tensor::zeros({5, 12});
  EXPECT_THAT(
      message_of([&] {
        attention(qkv, std::vector<Index>{0, 5}, 3);
      }),
      HasSubstr("attention: the heads must divide the width 4; got 3 heads; got qkv [5, 12]"));
  EXPECT_THAT(message_of([&] {
                attention(Tensor::zeros({5, 4}), std::vector<Index>{0, 5}, 1);
              }),
              HasSubstr("needs qkv [tokens, 3 width]; got qkv [5, 4]"));
  EXPECT_THAT(message_of([&] {
                attention(qkv, std::vector<Index>{0, 4}, 2);
              }),
              HasSubstr("must rise from 0 to the number of tokens; got 2 from 0 to 4"));
  EXPECT_THAT(message_of([&] {
                attention(qkv, std::vector<Index>{0, 6, 5}, 2);
              }),
              HasSubstr("must rise"));
  EXPECT_THAT(message_of([&] { attention(qkv, std::vector<Index>{}, 2); }),
              HasSubstr("there are none"));
  EXPECT_THAT(message_of([&] {
                attention(qkv, std::vector<Index>{0, 5}, 2, 1);
              }),
              HasSubstr("dropout rate in [0, 1)"));
}

}  // namespace
}  // namespace tailgrad
