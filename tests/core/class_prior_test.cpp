#include <tailgrad/core/class_prior.h>

#include <cmath>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <support/messages.h>

namespace tailgrad {
namespace {

using test::message_of;
using ::testing::HasSubstr;

TEST(ClassPrior, IsTheShareOfEachClass) {
  const ClassPrior prior = class_prior(std::vector<std::int64_t>{700, 200, 100});
  EXPECT_EQ(prior.prior, (std::vector<double>{0.7, 0.2, 0.1}));
  EXPECT_DOUBLE_EQ(prior.log_prior[2], std::log(0.1));
  EXPECT_FALSE(prior.smoothed);
  EXPECT_EQ(prior.warning, "");
}

TEST(ClassPrior, AnEmptyClassSmoothesAll) {
  const ClassPrior prior = class_prior(std::vector<std::int64_t>{6, 0, 1});
  EXPECT_EQ(prior.prior, (std::vector<double>{0.7, 0.1, 0.2}));
  EXPECT_TRUE(prior.smoothed);
  EXPECT_THAT(prior.warning, HasSubstr("1 of 3 classes have no training items (first: class 1)"));
  EXPECT_DOUBLE_EQ(class_prior(std::vector<std::int64_t>{0, 0}).prior[0], 0.5);
}

TEST(ClassPrior, BadCounts) {
  EXPECT_THAT(message_of([] { class_prior({}); }), HasSubstr("got none"));
  EXPECT_THAT(message_of([] {
                class_prior(std::vector<std::int64_t>{1, -1}, "--counts");
              }),
              HasSubstr("--counts: the count of class 1 must be >= 0; got -1"));
}

}  // namespace
}  // namespace tailgrad
