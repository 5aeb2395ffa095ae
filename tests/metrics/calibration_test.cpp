#include <tailgrad/metrics/calibration.h>

#include <limits>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <support/messages.h>

namespace tailgrad {
namespace {

using test::message_of;
using ::testing::HasSubstr;

TEST(Calibration, BinsAreOpenBelowAndClosedAbove) {
  EXPECT_EQ(calibration_bin(0, 10), 0);
  EXPECT_EQ(calibration_bin(0.1, 10), 0);
  EXPECT_EQ(calibration_bin(0.10001, 10), 1);
  EXPECT_EQ(calibration_bin(1, 10), 9);
}

TEST(Calibration, EceByHand) {
  // Bin (0.5, 1]: confidences 0.6 and 0.8, one true: |0.5 - 0.7| = 0.2 on 2 of 3 items; bin
  // [0, 0.5]: 0.4, true: 0.6 on 1 of 3.
  const std::vector<double> confidence = {0.6, 0.8, 0.4};
  const std::vector<std::uint8_t> came_true = {1, 0, 1};
  const auto bins = reliability_bins(confidence, came_true, 2);
  EXPECT_EQ(bins[1].count, 2);
  EXPECT_DOUBLE_EQ(*bins[1].confidence, 0.7);
  EXPECT_DOUBLE_EQ(*bins[1].accuracy, 0.5);
  EXPECT_NEAR(*expected_calibration_error(bins), (2 * 0.2 + 0.6) / 3, 1e-15);
}

TEST(Calibration, EmptyBinsHaveNoNumbers) {
  const auto bins = reliability_bins({}, {});
  EXPECT_EQ(bins.size(), 15u);
  EXPECT_EQ(bins[3].accuracy, std::nullopt);
  EXPECT_EQ(expected_calibration_error(bins), std::nullopt);
}

TEST(Calibration, BadInput) {
  const std::vector<std::uint8_t> one = {1};
  EXPECT_THAT(message_of([&] { reliability_bins(std::vector<double>{1.5}, one); }),
              HasSubstr("the confidence of item 0 must be in [0, 1]; got 1.5"));
  const double nan = std::numeric_limits<double>::quiet_NaN();
  EXPECT_THAT(message_of([&] { reliability_bins(std::vector<double>{nan}, one); }),
              HasSubstr("got nan"));
  EXPECT_THAT(message_of([&] { reliability_bins({}, one); }), HasSubstr("got 1 and 0"));
  EXPECT_THAT(message_of([&] { reliability_bins({}, {}, 0); }), HasSubstr("bins must be >= 1"));
}

}  // namespace
}  // namespace tailgrad
