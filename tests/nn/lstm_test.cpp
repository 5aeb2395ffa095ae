#include <tailgrad/nn/lstm.h>

#include <algorithm>

#include <gmock/gmock.h>

#include <support/golden.h>
#include <support/gradients.h>
#include <support/messages.h>
#include <tailgrad/core/tape.h>
#include <tailgrad/core/training_pass.h>

namespace tailgrad {
namespace {

using test::message_of;
using test::numbers;
using test::wanted;
using ::testing::HasSubstr;

struct Model : Module {
  explicit Model(LstmOptions options, Index in = 3, Index hidden = 5)
      : Module(1), rnn(*this, "rnn", in, hidden, options) {}
  Lstm rnn;
};

// PyTorch's parameters fit by their own names, and give PyTorch's output.
TEST(LstmModule, TakesPyTorchsWeightsAsTheyAre) {
  const test::Golden golden("sequences", 1e-12);
  const Model model({.layers = 2, .bidirectional = true});
  const std::vector<NamedTensor> parameters = model.named_parameters();
  ASSERT_EQ(parameters.size(), 16u);
  EXPECT_EQ(parameters[0].name, "rnn.weight_ih_l0");
  EXPECT_EQ(parameters[5].name, "rnn.weight_hh_l0_reverse");
  for (const NamedTensor& named : parameters) {
    const Tensor stored = golden.tensor("bilstm2/parameter/" + named.name.substr(4));
    ASSERT_EQ(stored.shape(), named.tensor.shape()) << named.name;
    std::ranges::copy(stored.values(), named.tensor.mutable_data());
  }
  const NoGrad no_grad;
  const Tensor out =
      model.rnn(golden.tensor("bilstm2/input/x"), golden.indices("bilstm2/input/offsets"));
  golden.expect(out.values(), "bilstm2/output");
}

TEST(LstmModule, FirstValuesAreWithinOneOverTheRootOfTheWidth) {
  const Model model({}, 3, 25);
  EXPECT_EQ(model.rnn.width(), 25);
  for (const NamedTensor& named : model.named_parameters())
    for (const Real value : named.tensor.values()) EXPECT_LE(std::abs(value), 0.2);
}

TEST(LstmModule, DropoutIsBetweenLayersAndInTrainingOnly) {
  const std::vector<Index> offsets{0, 4, 6};
  const Tensor x = numbers({6, 3}, -1, 1);
  const NoGrad no_grad;
  const auto values = [&](const LstmOptions& options, bool training) {
    const Model model(options);
    const auto run = [&] {
      const Tensor out = model.rnn(x, offsets);
      return std::vector<Real>(out.values().begin(), out.values().end());
    };
    if (!training) return run();
    const TrainingPass pass(1, 0);
    return run();
  };
  const LstmOptions one{.layers = 1, .dropout = 0.5};
  EXPECT_EQ(values(one, true), values(one, false));
  for (const LstmOptions& options : {LstmOptions{.layers = 2, .dropout = 0.5},
                                     LstmOptions{.layers = 2, .dropout = 0.5, .variational = true},
                                     LstmOptions{.layers = 1, .weight_dropout = 0.5}}) {
    EXPECT_NE(values(options, true), values(options, false));
    EXPECT_EQ(values(options, false), values({.layers = options.layers}, false));
    EXPECT_EQ(values(options, true), values(options, true));
  }
}

TEST(LstmModule, Gradients) {
  const std::vector<Index> offsets{0, 3, 3, 5};
  for (const LstmOptions& options :
       {LstmOptions{.layers = 2, .bidirectional = true, .dropout = 0.3},
        LstmOptions{.layers = 2, .dropout = 0.3, .variational = true, .weight_dropout = 0.2}}) {
    const Model model(options, 2, 3);
    std::vector<Tensor> inputs{wanted({5, 2})};
    for (const Tensor& tensor : model.parameters()) inputs.push_back(tensor);
    const GradientReport report = check_gradients(
        [&](std::span<const Tensor> in) {
          const TrainingPass pass(1, 0);
          return model.rnn(in[0], offsets);
        },
        inputs);
    EXPECT_TRUE(report.passed) << report.text;
  }
}

TEST(LstmModule, RefusesBadSizesAndRates) {
  EXPECT_THAT(message_of([] { Model({}, 0); }), HasSubstr("Lstm 'rnn': in must be at least 1"));
  EXPECT_THAT(message_of([] { Model({.layers = 0}); }), HasSubstr("layers must be at least 1"));
  EXPECT_THAT(message_of([] { Model({.dropout = 1}); }),
              HasSubstr("dropout must be at least 0 and below 1"));
  EXPECT_THAT(message_of([] { Model({.weight_dropout = -0.1}); }), HasSubstr("weight_dropout"));
}

}  // namespace
}  // namespace tailgrad
