#include <tailgrad/core/progress.h>

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <support/temporary_folder.h>
#include <unistd.h>

#include <cmath>

namespace tailgrad {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

TEST(Progress, ClockText) {
  EXPECT_EQ(clock_text(0), "0:00");
  EXPECT_EQ(clock_text(59.6), "1:00");
  EXPECT_EQ(clock_text(3599), "59:59");
  EXPECT_EQ(clock_text(11109), "3:05:09");
  EXPECT_EQ(clock_text(-1), "?");
  EXPECT_EQ(clock_text(std::nan("")), "?");
  EXPECT_EQ(clock_text(INFINITY), "?");
}

TEST(Progress, LineShowsShareRateRestAndLoss) {
  const ProgressState state{"epoch 1/4", 50, 200, 10.0, "steps", 0.83119};
  EXPECT_EQ(progress_line(state, 200),
            "epoch 1/4 ━━━━━━╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌  25% 5.0 steps/s ETA 0:30 loss 0.8312");
  EXPECT_EQ(progress_line(state, 13), "epoch 1/4 ━━━");
  EXPECT_EQ(progress_line(state, 0), "");
}

TEST(Progress, LineHasNoNumbersThatNobodyKnows) {
  EXPECT_EQ(progress_line({"reading", 7, 0, 0.0, "rows"}, 80), "reading 7 rows");
  EXPECT_THAT(progress_line({"epoch 1/1", 0, 10, 0.0, "steps"}, 80), Not(HasSubstr("ETA")));
  // Never 100 % before the end, never more.
  EXPECT_THAT(progress_line({"e", 9999, 10000, 1.0, "steps"}, 80), HasSubstr(" 99% "));
  EXPECT_THAT(progress_line({"e", 12, 10, 1.0, "steps"}, 80), HasSubstr("100%"));
}

std::string written(ProgressStyle style) {
  const tailgrad::test::TemporaryFolder folder;
  const int file = ::open(folder.at("out").c_str(), O_CREAT | O_WRONLY, 0600);
  {
    Progress progress(style, file);
    progress.start("epoch 1/1", 10);
    progress.update(10, 0.5);
    progress.line("epoch 1/1 loss 0.5");
  }
  ::close(file);
  return tailgrad::test::slurp(folder.at("out"));
}

TEST(Progress, WritesLinesWhereThereIsNoTerminal) {
  EXPECT_EQ(written(ProgressStyle::kAuto), "epoch 1/1 loss 0.5\n");
  EXPECT_EQ(written(ProgressStyle::kQuiet), "");
}

TEST(Progress, BarGivesWayToLines) {
  const std::string text = written(ProgressStyle::kBar);
  EXPECT_THAT(text, HasSubstr("\repoch 1/1 ╌"));
  EXPECT_TRUE(text.ends_with("\r\x1b[Kepoch 1/1 loss 0.5\n")) << text;
}

}  // namespace
}  // namespace tailgrad
