// Layers and nets of images: PyTorch's numbers under PyTorch's names.
#include <cmath>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <support/golden.h>
#include <support/messages.h>
#include <support/root.h>
#include <tailgrad/core/ops/image_pooling.h>
#include <tailgrad/core/tape.h>
#include <tailgrad/core/training_pass.h>
#include <tailgrad/losses/table.h>
#include <tailgrad/models/cnn.h>
#include <tailgrad/models/resnet.h>
#include <tailgrad/nn/conv2d.h>
#include <tailgrad/nn/weights.h>

namespace tailgrad {
namespace {

using test::bare_names;
using test::message_of;
using test::Root;
using ::testing::HasSubstr;

const test::Golden& golden() {
  static const test::Golden numbers("images", 1e-11);
  return numbers;
}

template <class Forward>
void expect_op(const std::string& topic, std::span<const NamedTensor> parameters, Forward forward) {
  Tensor x = golden().tensor(topic + "/input/x");
  x.require_grad();
  read_tensors(golden().file(), parameters, topic + "/parameter/");
  const Tensor out = forward(x);
  golden().expect(out.values(), topic + "/output");
  Tape::current().backward(out, golden().tensor(topic + "/upstream"));
  golden().expect(x.grad(), topic + "/gradient/x");
  for (const auto& [name, tensor] : parameters)
    golden().expect(tensor.grad(), topic + "/gradient/" + name);
}

TEST(Conv2dLayer, IsPyTorchs) {
  const auto check = [](const std::string& topic, const Root<Conv2d>& root) {
    SCOPED_TRACE(topic);
    expect_op(topic, bare_names(root.named_parameters()),
              [&](const Tensor& x) { return root.layer(x); });
  };
  check("conv-same", Root<Conv2d>(3, 5, 3, Conv2dLayerOptions{.padding = 1}));
  check("conv-stride", Root<Conv2d>(4, 3, 3, Conv2dLayerOptions{.stride = 2, .padding = 1}));
  check("conv-one", Root<Conv2d>(17, 2, 1, Conv2dLayerOptions{.stride = 2}));
  // Filters that are not square: the op alone.
  const Tensor weight = Tensor::parameter({7, 6, 2, 3});
  const std::vector<NamedTensor> parameters = {{"weight", weight}};
  expect_op("conv-odd", parameters,
            [&](const Tensor& x) { return conv2d(x, weight, {}, {.stride = 3, .padding = 1}); });
}

TEST(BatchNorm2dLayer, IsPyTorchs) {
  for (const std::string topic : {"batch-norm", "batch-norm-eval"}) {
    SCOPED_TRACE(topic);
    const Root<BatchNorm2d> root(3);
    const std::vector<NamedTensor> buffers = bare_names(root.named_buffers());
    ASSERT_EQ(buffers.size(), 2U);
    read_tensors(golden().file(), buffers, topic + "/moments/");
    expect_op(topic, bare_names(root.named_parameters()), [&](const Tensor& x) {
      if (topic == "batch-norm-eval") return root.layer(x);
      const TrainingPass training(1, 0);
      return root.layer(x);
    });
    for (const auto& [name, tensor] : buffers)
      golden().expect(tensor.values(), topic + "/after/" + name);
  }
}

TEST(BatchNorm2dLayer, OnlyTheFirstShardMovesTheRunningMoments) {
  const Root<BatchNorm2d> root(3);
  const Tensor x = golden().tensor("batch-norm/input/x");
  {
    const TrainingPass second(1, 0, 1);
    root.layer(x);
  }
  EXPECT_THAT(root.layer.running.mean.values(), ::testing::Each(0));
  const TrainingPass first(1, 0, 0);
  root.layer(x);
  EXPECT_NE(root.layer.running.mean.data()[0], 0);
}

TEST(Pooling, IsPyTorchs) {
  const Pool2dOptions options{.size = 3, .stride = 2, .padding = 1};
  expect_op("max-pool", {}, [&](const Tensor& x) { return max_pool2d(x, options); });
  expect_op("average-pool", {}, [&](const Tensor& x) { return average_pool2d(x, options); });
  expect_op("global-pool", {}, [](const Tensor& x) { return global_average_pool(x); });
}

TEST(ResNet, IsPyTorchs) {
  for (const bool project : {false, true}) {
    const std::string topic = project ? "resnet-project" : "resnet";
    SCOPED_TRACE(topic);
    const ResNet net(
        {.classes = 4, .height = 8, .width = 7, .channels = 3},
        {.depth = 8, .width = 2, .shortcut = project ? Shortcut::project : Shortcut::pad});
    read_tensors(golden().file(), net.named_parameters(), topic + "/parameter/");
    Tensor x = golden().tensor(topic + "/input/x");
    x.require_grad();
    const std::vector<Index> labels = golden().indices(topic + "/input/labels");
    {
      const TrainingPass training(1, 0);
      const Tensor logits = net(x);
      golden().expect(logits.values(), topic + "/logits");
      const Tensor loss = (*make_loss("ce"))(logits, {.classes = labels}).mean();
      golden().expect(loss.values(), topic + "/output");
      backward(loss);
    }
    golden().expect(x.grad(), topic + "/gradient/x");
    for (const auto& [name, tensor] : net.named_parameters())
      golden().expect(tensor.grad(), topic + "/gradient/" + name);
    for (const auto& [name, tensor] : net.named_buffers())
      golden().expect(tensor.values(), topic + "/after/" + name);
    const NoGrad no_grad;
    golden().expect(net(x).values(), topic + "/eval/logits");
  }
}

TEST(ImageNets, BadSizesAreNamed) {
  const ModelSetup setup{.classes = 4, .height = 8, .width = 7, .channels = 3};
  EXPECT_THAT(
      message_of([&] { ResNet(setup, {.depth = 18}); }),
      HasSubstr("resnet: depth must be 6 n + 2 with n >= 1 (8, 14, 20, 26, 32, …); got 18"));
  EXPECT_THAT(message_of([&] {
                Cnn(setup, {.channels = {4, 4, 4}});
              }),
              HasSubstr("cnn: 3 stages halve images of 8 x 7 to nothing; name fewer channels"));
  const Root<Conv2d> conv(3, 5, 3);
  const Root<BatchNorm2d> norm(5);
  EXPECT_THAT(
      message_of([&] { norm.layer.after(conv.layer, golden().tensor("conv-same/input/x"), true); }),
      HasSubstr("the convolution before it must have no bias"));
  EXPECT_THAT(message_of([] { Root<Conv2d>(3, 0, 3); }),
              HasSubstr("Conv2d 'layer': out must be at least 1; got 0"));
}

TEST(ImageNets, HeadsWithoutBiasAndCosines) {
  const ModelSetup setup{.classes = 4, .height = 8, .width = 8, .channels = 1};
  const Tensor x = Tensor::full({3, 8, 8, 1}, Real(0.5));
  EXPECT_TRUE(Cnn(setup).output().bias.defined());
  const Cnn plain(setup, {.head = {.kind = "no-bias"}});
  EXPECT_FALSE(plain.output().bias.defined());
  const Cnn cosine(setup, {.head = {.kind = "cosine", .scale = 3}});
  for (const Real logit : cosine(x).values()) EXPECT_LE(std::abs(logit), 3);
  for (Real& weight : cosine.output().weight.mutable_values()) weight *= 100;
  for (const Real logit : cosine(x).values()) EXPECT_LE(std::abs(logit), 3);
}

TEST(ImageNets, BuffersAreSavedHashedAndRead) {
  const ModelSetup setup{.classes = 4, .height = 8, .width = 8, .channels = 1};
  const ResNet net(setup, {.depth = 8, .width = 2});
  const std::string before = weights_hash(net);
  net.named_buffers().front().tensor.mutable_data()[0] = 7;
  EXPECT_NE(weights_hash(net), before);
  EXPECT_EQ(net.named_state().size(), net.named_parameters().size() + net.named_buffers().size());
  EXPECT_EQ(net.named_buffers().front().name, "bn1.running_mean");
}

}  // namespace
}  // namespace tailgrad
