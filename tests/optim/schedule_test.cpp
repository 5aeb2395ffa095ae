#include <tailgrad/optim/schedule.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <tailgrad/core/error.h>

namespace tailgrad {
namespace {

using testing::HasSubstr;
using testing::ThrowsMessage;

TEST(Schedule, IsConstantByDefault) {
  const Schedule schedule;
  EXPECT_EQ(schedule.text(), "constant:warmup=0");
  for (std::uint64_t t : {0u, 5u, 9u, 100u}) EXPECT_EQ(schedule.factor(t, 10), 1);
}

TEST(Schedule, WarmsUpFromTheFirstUpdate) {
  const Schedule schedule("linear:warmup=0.4");  // W = 4 of 10
  EXPECT_DOUBLE_EQ(schedule.factor(0, 10), 0.25);
  EXPECT_DOUBLE_EQ(schedule.factor(3, 10), 1);
  EXPECT_DOUBLE_EQ(schedule.factor(4, 10), 1);
  EXPECT_DOUBLE_EQ(schedule.factor(7, 10), 0.5);
  EXPECT_DOUBLE_EQ(schedule.factor(9, 10), 1.0 / 6);
  EXPECT_DOUBLE_EQ(schedule.factor(10, 10), 0);
  EXPECT_DOUBLE_EQ(schedule.factor(11, 10), 0);
}

TEST(Schedule, WarmUpIsAWholeNumberOfUpdates) {
  // 0.1 * 30 is 3.0000000000000004 in double; three updates are meant.
  EXPECT_DOUBLE_EQ(Schedule("constant:warmup=0.1").factor(1, 30), 2.0 / 3);
  // Less than one update rounds up.
  EXPECT_DOUBLE_EQ(Schedule("constant:warmup=0.1").factor(0, 3), 1);
}

TEST(Schedule, EdgesAreFinite) {
  for (const char* text : {"constant", "linear:warmup=1", "cosine:warmup=1", "step:warmup=1"})
    for (std::uint64_t total : {0u, 1u, 2u})
      for (std::uint64_t t = 0; t <= total; ++t) {
        const double factor = Schedule(text).factor(t, total);
        EXPECT_GE(factor, 0) << text;
        EXPECT_LE(factor, 1) << text;
      }
}

TEST(Schedule, PrintsAndListsItself) {
  EXPECT_EQ(Schedule("step:factor=1e-1").text(), "step:milestones=0.5/0.75,factor=0.1,warmup=0");
  EXPECT_EQ(Schedule(Schedule("cosine:warmup=0.25").text()).text(), "cosine:warmup=0.25");
  ASSERT_EQ(schedule_forms().size(), 4u);
  for (const FormSpec& form : schedule_forms()) EXPECT_NO_THROW(Schedule{form.name}) << form.name;
}

TEST(Schedule, RefusesNonsense) {
  EXPECT_THAT([] { Schedule("cosin"); },
              ThrowsMessage<Error>(HasSubstr("unknown name 'cosin'; did you mean 'cosine'")));
  EXPECT_THAT([] { Schedule("linear:warmup=1.5"); },
              ThrowsMessage<Error>(HasSubstr("option warmup must be a number in [0, 1]")));
  EXPECT_THAT([] { Schedule("step:factor=0"); }, ThrowsMessage<Error>(HasSubstr("option factor")));
}

}  // namespace
}  // namespace tailgrad
