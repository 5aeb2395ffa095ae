// A training step in its steady state asks the system for no memory: this program replaces malloc
// and counts.
#include <gtest/gtest.h>

#include <support/count_allocations.h>
#include <support/gradients.h>
#include <tailgrad/core/ops.h>
#include <tailgrad/core/parallel.h>
#include <tailgrad/core/tape.h>
#include <tailgrad/core/training_pass.h>

namespace tailgrad {
namespace {

using test::numbers;
using test::parameter;

// Two layers with dropout and a cross-entropy, trained by plain gradient descent.
struct Mlp {
  Index inputs, hidden, classes;
  Tensor w1 = parameter({inputs, hidden}, -0.1, 0.1, 1);
  Tensor b1 = parameter({hidden}, -0.1, 0.1, 2);
  Tensor w2 = parameter({hidden, classes}, -0.1, 0.1, 3);
  Tensor b2 = parameter({classes}, -0.1, 0.1, 4);

  void step(const Tensor& x, const Tensor& marks, std::uint64_t number) {
    {
      const TrainingPass training(1, number);
      const Tensor h = dropout(relu(add(matmul(x, w1), b1)), 0.2);
      const Tensor log_p = log_softmax(add(matmul(h, w2), b2));
      backward(negate(mean(row_sums(multiply(log_p, marks)))));
    }
    for (Tensor* weight : {&w1, &b1, &w2, &b2}) {
      for (std::size_t i = 0; i < weight->size(); ++i)
        weight->mutable_data()[i] -= Real(0.1) * weight->grad()[i];
      weight->clear_grad();
    }
  }
};

std::uint64_t allocations_of_steady_steps(Index batch, Index hidden) {
  Mlp model{.inputs = 20, .hidden = hidden, .classes = 5};
  const Tensor x = numbers({batch, 20}, -1, 1);
  const Tensor marks = numbers({batch, 5}, 0, 1);
  std::uint64_t number = 0;
  for (; number < 20; ++number) model.step(x, marks, number);
  const std::uint64_t before = allocations.load();
  for (; number < 70; ++number) model.step(x, marks, number);
  return allocations.load() - before;
}

TEST(Allocations, TheCounterCounts) {
  if (!COUNTS_ALLOCATIONS) GTEST_SKIP() << "malloc belongs to a sanitizer here";
  const std::uint64_t before = allocations.load();
  void* volatile memory = std::malloc(100);
  std::free(memory);
  EXPECT_EQ(allocations.load(), before + 1);
}

TEST(Allocations, NoneInAStepOfASmallMlp) {
  if (!COUNTS_ALLOCATIONS) GTEST_SKIP() << "malloc belongs to a sanitizer here";
  EXPECT_EQ(allocations_of_steady_steps(16, 32), 0u);
}

TEST(Allocations, NoneInAStepThatRunsOnSeveralThreads) {
  if (!COUNTS_ALLOCATIONS) GTEST_SKIP() << "malloc belongs to a sanitizer here";
  set_threads(2);
  EXPECT_EQ(allocations_of_steady_steps(700, 300), 0u);
}

TEST(Allocations, NoneInAStepOfALstmWithACrf) {
  if (!COUNTS_ALLOCATIONS) GTEST_SKIP() << "malloc belongs to a sanitizer here";
  set_threads(1);
  const Tensor x = numbers({90, 20}, -1, 1);
  const std::vector<Index> offsets{0, 30, 31, 31, 50, 90};
  const std::vector<Index> tags(90, 3);
  std::vector<Tensor> weights;
  for (std::uint64_t way = 0; way < 2; ++way)
    for (const Shape& shape : {Shape{60, 20}, Shape{60, 15}, Shape{60}, Shape{60}})
      weights.push_back(parameter(shape, -0.2, 0.2, weights.size()));
  const Tensor head = parameter({9, 30}, -0.2, 0.2, 20);
  const Tensor transitions = parameter({11, 11}, -0.2, 0.2, 21);
  const auto step = [&] {
    const Tensor h = lstm(x, offsets, {weights[0], weights[1], weights[2], weights[3]},
                          {weights[4], weights[5], weights[6], weights[7]});
    const Tensor z = linear(h, head);
    backward(add(crf_nll(z, transitions, offsets, tags),
                 sum(crf_log_marginals(z, transitions, offsets))));
  };
  for (int i = 0; i < 20; ++i) step();
  const std::uint64_t before = allocations.load();
  for (int i = 0; i < 50; ++i) step();
  EXPECT_EQ(allocations.load() - before, 0u);
}

TEST(Allocations, NoneInAStepOfAConvolutionalNet) {
  if (!COUNTS_ALLOCATIONS) GTEST_SKIP() << "malloc belongs to a sanitizer here";
  set_threads(1);
  const Tensor x = numbers({20, 12, 12, 3}, -1, 1);
  const Tensor w1 = parameter({16, 3, 3, 3}, -1, 1, 1), w2 = parameter({20, 16, 3, 3}, -1, 1, 2);
  const Tensor b1 = parameter({16}, -1, 1, 3), g = parameter({20}, -1, 1, 4),
               b2 = parameter({20}, -1, 1, 5);
  const RunningMoments running{Tensor::zeros({20}), Tensor::full({20}, 1)};
  const auto step = [&] {
    const Tensor h = max_pool2d(relu(conv2d(x, w1, b1, {.padding = 1})));
    const Tensor y = conv2d_batch_norm(h, w2, g, b2, running, {.stride = 2, .padding = 1},
                                       {.relu = true}, subsample_pad(h, 2, 20));
    const Tensor z = batch_norm(average_pool2d(y), g, b2, running);
    backward(sum(global_average_pool(z)));
  };
  for (int i = 0; i < 20; ++i) step();
  const std::uint64_t before = allocations.load();
  for (int i = 0; i < 50; ++i) step();
  EXPECT_EQ(allocations.load() - before, 0u);
}

}  // namespace
}  // namespace tailgrad
