#include <tailgrad/core/ops/lstm.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <support/golden.h>
#include <support/gradients.h>
#include <support/messages.h>
#include <tailgrad/core/ops/arithmetic.h>
#include <tailgrad/core/ops/dropout.h>
#include <tailgrad/core/tape.h>
#include <tailgrad/core/training_pass.h>

namespace tailgrad {
namespace {

using test::message_of;
using test::numbers;
using test::offsets_of;
using test::wanted;
using ::testing::HasSubstr;

const test::Golden& golden() {
  static const test::Golden numbers("sequences", 1e-12);
  return numbers;
}

// PyTorch's nn.LSTM on packed sequences: values, last states and all gradients.
TEST(Lstm, EqualsPyTorch) {
  struct Topic {
    std::string name;
    int layers;
    bool both;
  };
  for (const Topic& topic :
       {Topic{"lstm1", 1, false}, Topic{"bilstm1", 1, true}, Topic{"bilstm2", 2, true}}) {
    Tensor x = golden().tensor(topic.name + "/input/x");
    x.require_grad();
    const std::vector<Index> offsets = golden().indices(topic.name + "/input/offsets");
    std::vector<std::pair<std::string, Tensor>> parameters;
    const auto weights = [&](int layer, const std::string& suffix) {
      const auto take = [&](const std::string& name) {
        const std::string full = name + "_l" + std::to_string(layer) + suffix;
        Tensor tensor = golden().tensor(topic.name + "/parameter/" + full);
        tensor.require_grad();
        parameters.emplace_back(full, tensor);
        return tensor;
      };
      return LstmWeights{take("weight_ih"), take("weight_hh"), take("bias_ih"), take("bias_hh")};
    };
    Tensor h = x;
    Tensor last;
    for (int layer = 0; layer < topic.layers; ++layer) {
      h = lstm(h, offsets, weights(layer, ""),
               topic.both ? weights(layer, "_reverse") : LstmWeights{});
      last = sequence_ends(h, offsets, topic.both);
    }
    golden().expect(h.values(), topic.name + "/output");
    // PyTorch: [layers x directions, sequences, hidden].
    const std::vector<double> expected =
        golden().file().at(topic.name + "/last_hidden").as_doubles();
    const auto sequences = static_cast<std::size_t>(last.rows());
    const std::size_t hidden = 5;
    const std::size_t directions = topic.both ? 2 : 1;
    const std::size_t first =
        static_cast<std::size_t>(topic.layers - 1) * directions * sequences * hidden;
    for (std::size_t d = 0; d < directions; ++d)
      for (std::size_t s = 0; s < sequences; ++s)
        for (std::size_t j = 0; j < hidden; ++j)
          EXPECT_NEAR(last.data()[s * directions * hidden + d * hidden + j],
                      expected[first + (d * sequences + s) * hidden + j], 1e-12);
    Tape::current().backward(h, golden().tensor(topic.name + "/upstream"));
    golden().expect(x.grad(), topic.name + "/gradient/x");
    for (const auto& [name, tensor] : parameters)
      golden().expect(tensor.grad(), topic.name + "/gradient/" + name);
  }
}

LstmWeights some_weights(Index in, Index hidden, std::uint64_t seed) {
  return {wanted({4 * hidden, in}, -1, 1, seed), wanted({4 * hidden, hidden}, -1, 1, seed + 1),
          wanted({4 * hidden}, -1, 1, seed + 2), wanted({4 * hidden}, -1, 1, seed + 3)};
}

TEST(Lstm, Gradients) {
  const std::vector<std::vector<Index>> cases = {{3}, {1, 4, 2}, {0, 2, 0, 3}, {}, {0}};
  for (const std::vector<Index>& lengths : cases) {
    const std::vector<Index> offsets = offsets_of(lengths);
    for (const Index hidden : {1, 3}) {
      const LstmWeights f = some_weights(2, hidden, 10);
      const LstmWeights b = some_weights(2, hidden, 20);
      const Tensor x = wanted({offsets.back(), 2});
      EXPECT_GRADIENTS(
          [&](const Tensor& in, const Tensor& ih, const Tensor& hh, const Tensor& bi,
              const Tensor& bh) {
            return lstm(in, offsets, {ih, hh, bi, bh});
          },
          x, f.weight_ih, f.weight_hh, f.bias_ih, f.bias_hh);
      EXPECT_GRADIENTS(
          [&](const Tensor& in, const Tensor& ih, const Tensor& hh, const Tensor& bi,
              const Tensor& bh) {
            return lstm(in, offsets, f, {ih, hh, bi, bh});
          },
          x, b.weight_ih, b.weight_hh, b.bias_ih, b.bias_hh);
    }
  }
}

// More sequences than step together, rows that leave a tile half full, and widths around it.
TEST(Lstm, ASequenceDoesNotDependOnTheOthers) {
  std::vector<Index> lengths;
  for (Index s = 0; s < 75; ++s) lengths.push_back((s * 7) % 11);
  const std::vector<Index> offsets = offsets_of(lengths);
  for (const Index hidden : {5, 16, 37}) {
    const LstmWeights f = some_weights(3, hidden, 1);
    const LstmWeights b = some_weights(3, hidden, 5);
    const Tensor x = numbers({offsets.back(), 3}, -1, 1);
    const NoGrad no_grad;
    const Tensor all = lstm(x, offsets, f, b);
    for (std::size_t s = 0; s < lengths.size(); ++s) {
      const Tensor one =
          lstm(x.row_range(offsets[s], offsets[s + 1]), std::vector<Index>{0, lengths[s]}, f, b);
      for (std::size_t i = 0; i < one.size(); ++i)
        EXPECT_NEAR(
            one.data()[i],
            all.data()[static_cast<std::size_t>(offsets[s]) * 2 * static_cast<std::size_t>(hidden) +
                       i],
            1e-14);
    }
  }
}

TEST(Lstm, OneStepFollowsTheFormula) {
  const LstmWeights w{numbers({4, 1}, -1, 1, 1), numbers({4, 1}, -1, 1, 2), numbers({4}, -1, 1, 3),
                      numbers({4}, -1, 1, 4)};
  const Tensor x = numbers({2, 1}, -1, 1, 5);
  const Tensor h = lstm(x, std::vector<Index>{0, 2}, w);
  double state = 0;
  double cell = 0;
  for (std::size_t t = 0; t < 2; ++t) {
    const auto sum = [&](std::size_t g) {
      return x.data()[t] * w.weight_ih.data()[g] + w.bias_ih.data()[g] +
             state * w.weight_hh.data()[g] + w.bias_hh.data()[g];
    };
    const auto sigmoid = [](double v) { return 1 / (1 + std::exp(-v)); };
    cell = sigmoid(sum(1)) * cell + sigmoid(sum(0)) * std::tanh(sum(2));
    state = sigmoid(sum(3)) * std::tanh(cell);
    EXPECT_NEAR(h.data()[t], state, 1e-15);
  }
}

TEST(Lstm, RefusesWhatDoesNotFit) {
  const LstmWeights w = some_weights(2, 3, 1);
  const std::vector<Index> offsets{0, 4};
  const Tensor x = numbers({4, 2}, -1, 1);
  EXPECT_THAT(message_of([&] {
                lstm(numbers({4, 3}, -1, 1), offsets, w);
              }),
              HasSubstr("needs x [tokens, in], weight_ih [4 hidden, in]"));
  EXPECT_THAT(message_of([&] { lstm(x, offsets, w, some_weights(2, 4, 1)); }),
              HasSubstr("both directions of one width"));
  EXPECT_THAT(message_of([&] {
                lstm(x, offsets, {w.weight_ih, w.weight_hh});
              }),
              HasSubstr("needs weight_ih, weight_hh, bias_ih and bias_hh"));
  EXPECT_THAT(message_of([&] {
                lstm(x, std::vector<Index>{0, 3}, w);
              }),
              HasSubstr("the last offset must be the number of rows 4, not 3"));
}

TEST(SequenceEnds, Gradients) {
  const std::vector<Index> offsets{0, 2, 2, 5};
  EXPECT_GRADIENTS([&](const Tensor& h) { return sequence_ends(h, offsets, true); },
                   wanted({5, 4}));
  EXPECT_GRADIENTS([&](const Tensor& h) { return sequence_ends(h, offsets, false); },
                   wanted({5, 3}));
  EXPECT_THAT(message_of([&] {
                sequence_ends(numbers({5, 3}, 0, 1), offsets, true);
              }),
              HasSubstr("even number of columns"));
}

TEST(SequenceEnds, TakesTheLastStepOfEachDirection) {
  const std::vector<Real> values{1, 2, 3, 4, 5, 6};
  const Tensor h = Tensor::from({3, 2}, values);
  const Tensor ends = sequence_ends(h, std::vector<Index>{0, 2, 2, 3}, true);
  EXPECT_THAT(ends.values(), testing::ElementsAre(3, 2, 0, 0, 5, 6));
}

TEST(SequenceDropout, OneMaskASequence) {
  const std::vector<Index> offsets{0, 3, 3, 40};
  const TrainingPass training(1, 0);
  const Tensor out = sequence_dropout(Tensor::full({40, 16}, 1), offsets, 0.5);
  for (std::size_t r = 0; r < 40; ++r)
    for (std::size_t c = 0; c < 16; ++c)
      EXPECT_EQ(out.data()[r * 16 + c], out.data()[(r < 3 ? 0 : 3) * 16 + c]);
  EXPECT_THAT(std::vector<Real>(out.data(), out.data() + 16),
              testing::AllOf(testing::Contains(0), testing::Contains(2)));
}

TEST(SequenceDropout, Gradients) {
  const std::vector<Index> offsets{0, 3, 3, 7};
  EXPECT_GRADIENTS(
      [&](const Tensor& x) {
        const TrainingPass training(7, 3);
        return sequence_dropout(x, offsets, 0.4);
      },
      wanted({7, 5}));
}

}  // namespace
}  // namespace tailgrad
