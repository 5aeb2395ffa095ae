#include <tailgrad/metrics/double_correction.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <support/messages.h>

namespace tailgrad {
namespace {

using test::message_of;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

TEST(DoubleCorrection, OneCorrectionIsFine) {
  EXPECT_THAT(double_corrections({}), IsEmpty());
  EXPECT_THAT(double_corrections({.loss = "la:tau=1"}), IsEmpty());
  EXPECT_THAT(double_corrections({.loss = "ce", .adjustment = "la"}), IsEmpty());
  EXPECT_THAT(double_corrections({.loss = "focal:gamma=2", .sampler = "class-balanced"}),
              IsEmpty());
  EXPECT_THAT(double_corrections({.loss = "la", .adjustment = "temperature"}), IsEmpty());
  EXPECT_THAT(double_corrections({.loss = "la:tau=0", .adjustment = "la:tau=1"}), IsEmpty());
}

TEST(DoubleCorrection, TwoAreReported) {
  EXPECT_THAT(double_corrections({.loss = "la:tau=1", .adjustment = "la"}),
              ElementsAre(HasSubstr("the loss la:tau=1 and the adjustment la both take")));
  EXPECT_THAT(double_corrections({.loss = "wce:weights=inverse", .adjustment = "prior"}),
              ElementsAre(HasSubstr("class weights and post-hoc adjustment")));
  EXPECT_THAT(double_corrections({.loss = "la", .sampler = "class-balanced"}),
              ElementsAre(HasSubstr("the sampler class-balanced")));
  EXPECT_THAT(double_corrections({.loss = "la:tau=1,weights=inverse"}),
              ElementsAre(HasSubstr("prior inside the loss and class weights")));
  EXPECT_EQ(double_corrections({.loss = "cb", .sampler = "square-root", .adjustment = "la"}).size(),
            3u);
}

TEST(DoubleCorrection, TunedStrengthIsLeftToDev) {
  EXPECT_THAT(double_corrections({.loss = "la", .adjustment = "la:tau=tuned"}), IsEmpty());
}

TEST(DoubleCorrection, MalformedFormIsAnError) {
  EXPECT_THAT(message_of([] { double_corrections({.loss = "la:"}); }), HasSubstr("column 4"));
}

}  // namespace
}  // namespace tailgrad
