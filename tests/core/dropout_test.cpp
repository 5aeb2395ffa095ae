#include <tailgrad/core/ops/dropout.h>

#include <cmath>
#include <limits>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <support/gradients.h>
#include <support/messages.h>
#include <tailgrad/core/kernels/dropout_mask.h>
#include <tailgrad/core/parallel.h>
#include <tailgrad/core/random.h>
#include <tailgrad/core/tape.h>
#include <tailgrad/core/training_pass.h>

namespace tailgrad {
namespace {

using test::message_of;
using test::wanted;
using ::testing::Each;
using ::testing::ElementsAreArray;
using ::testing::HasSubstr;

std::vector<Real> dropped(const Shape& shape, double rate) {
  const Tensor out = dropout(Tensor::full(shape, 1), rate);
  return {out.values().begin(), out.values().end()};
}

TEST(Dropout, OutsideOfATrainingPassIsTheIdentity) {
  const Tensor x = wanted({3, 4});
  EXPECT_TRUE(dropout(x, 0.5).same_as(x));
  {
    const TrainingPass training(1, 0);
    EXPECT_FALSE(dropout(x, 0.5).same_as(x));
    EXPECT_TRUE(dropout(x, 0).same_as(x));
  }
  EXPECT_TRUE(dropout(x, 0.5).same_as(x));
  Tape::current().clear();
}

TEST(Dropout, Gradients) {
  for (const Shape& shape : {Shape{}, Shape{1}, Shape{7, 5}, Shape{0, 3}, Shape{2, 3, 5}})
    EXPECT_GRADIENTS(
        [](const Tensor& x) {
          const TrainingPass training(7, 3);
          return dropout(dropout(x, 0.25), 0.5);
        },
        wanted(shape));
}

TEST(Dropout, TheMaskIsPhiloxAsDocumented) {
  const DropoutKey key{.seed = 5, .step = 9, .shard = 2, .use = 3};
  constexpr std::size_t kCount = 40001;
  std::vector<std::uint8_t> keep(kCount);
  const std::uint32_t threshold = dropout_threshold(0.3);
  EXPECT_EQ(threshold, 19661u);
  dropout_mask(key, threshold, keep);
  const std::uint64_t stream = random_stream("dropout") + (std::uint64_t{2} << 32) + 3;
  for (std::size_t i = 0; i < kCount; ++i) {
    const std::uint32_t word = philox(5, stream, 9, i / 2 / 4)[i / 2 % 4];
    const std::uint32_t half = i % 2 == 0 ? word & 0xffff : word >> 16;
    ASSERT_EQ(keep[i], half >= threshold ? 1 : 0) << i;
  }
}

TEST(Dropout, KeepsTheRightShareAndTheMean) {
  for (const double rate : {0.1, 0.5, 0.9}) {
    const TrainingPass training(1, 1);
    const auto values = dropped({1000, 1000}, rate);
    std::size_t zeros = 0;
    double total = 0;
    for (const Real value : values) {
      zeros += value == 0 ? 1 : 0;
      total += value;
      if (value != 0) {
        ASSERT_NEAR(value, 1 / (1 - rate), 1e-3);
      }
    }
    // Five standard deviations of a binomial share of a million.
    const double deviation = std::sqrt(rate * (1 - rate) / 1e6);
    EXPECT_NEAR(static_cast<double>(zeros) / 1e6, rate, 5 * deviation + 1.0 / 65536);
    EXPECT_NEAR(total / 1e6, 1, 5 * deviation / (1 - rate) + 1e-12);
  }
}

TEST(Dropout, DependsOnSeedStepShardUseAndNothingElse) {
  const Shape shape = {64, 64};
  const auto draw = [&](std::uint64_t seed, std::uint64_t step, std::uint32_t shard,
                        int uses_before) {
    TrainingPass training(seed, step, shard);
    for (int i = 0; i < uses_before; ++i) training.next_use();
    return dropped(shape, 0.5);
  };
  const auto base = draw(1, 2, 3, 0);
  EXPECT_EQ(base, draw(1, 2, 3, 0));
  EXPECT_NE(base, draw(2, 2, 3, 0));
  EXPECT_NE(base, draw(1, 3, 3, 0));
  EXPECT_NE(base, draw(1, 2, 4, 0));
  EXPECT_NE(base, draw(1, 2, 3, 1));
  const TrainingPass training(1, 2, 3);
  dropped(shape, 0);  // counts although it drops nothing
  EXPECT_EQ(dropped(shape, 0.5), draw(1, 2, 3, 1));
}

TEST(Dropout, DoesNotDependOnThreads) {
  std::vector<std::vector<Real>> results;
  for (const int count : {1, 2, 3}) {
    set_threads(count);
    const TrainingPass training(1, 2);
    results.push_back(dropped({301, 401}, 0.2));
  }
  set_threads(2);
  EXPECT_EQ(results[0], results[1]);
  EXPECT_EQ(results[0], results[2]);
}

TEST(Dropout, PassesNest) {
  EXPECT_EQ(TrainingPass::current(), nullptr);
  const TrainingPass outer(1, 1);
  {
    const TrainingPass inner(2, 2);
    EXPECT_EQ(TrainingPass::current(), &inner);
  }
  EXPECT_EQ(TrainingPass::current(), &outer);
}

TEST(Dropout, RateOneDropsEverything) {
  const TrainingPass training(1, 1);
  EXPECT_THAT(dropped({100}, 1), Each(0));
  EXPECT_THAT(dropped({100}, 0.999999), Each(0));  // rounds to 1
  Tensor x = Tensor::full({3}, std::numeric_limits<Real>::infinity());
  EXPECT_THAT(dropout(x, 1).values(), Each(0));
}

TEST(Dropout, BadRatesAreNamed) {
  for (const double rate : {-0.1, 1.1, std::numeric_limits<double>::quiet_NaN()})
    EXPECT_THAT(message_of([&] {
                  dropout(Tensor::zeros({2, 3}), rate);
                }),
                AllOf(HasSubstr("dropout: needs 0 <= rate <= 1; got rate "),
                      HasSubstr("x [2, 3] (called from dropout_test.cpp:")));
}

}  // namespace
}  // namespace tailgrad
