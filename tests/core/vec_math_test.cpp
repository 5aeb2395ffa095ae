#include <tailgrad/core/kernels/softmax_exp.h>
#include <tailgrad/core/kernels/vec_math.h>

#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

namespace tailgrad {
namespace {

constexpr float kInf = std::numeric_limits<float>::infinity();
constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
constexpr float kDenormal = std::numeric_limits<float>::denorm_min();

// Distance of `got` from the true value in units of the last place of the true value.
double ulps(float got, double exact) {
  const float nearest = static_cast<float>(exact);
  if (std::isinf(nearest) || std::isinf(got)) return got == nearest ? 0 : 1e9;
  const float next = std::nextafter(std::fabs(nearest), kInf);
  const double unit = std::isinf(next) ? std::ldexp(1.0, 104) : double{next} - std::fabs(nearest);
  return std::fabs(got - exact) / unit;
}

// Every 1009th float of [from, to], through a loop that the compiler vectorises.
template <class F, class Exact>
double worst(float from, float to, F f, Exact exact) {
  std::vector<float> x;
  if (from < 0) {
    const float end = std::min(to, -0.0F);
    for (std::uint32_t bits = std::bit_cast<std::uint32_t>(end);
         bits <= std::bit_cast<std::uint32_t>(from); bits += 1009)
      x.push_back(std::bit_cast<float>(bits));
    from = 0;
  }
  if (to > 0)
    for (std::uint32_t bits = std::bit_cast<std::uint32_t>(from);
         bits <= std::bit_cast<std::uint32_t>(to); bits += 1009)
      x.push_back(std::bit_cast<float>(bits));
  std::vector<float> y(x.size());
  const float* in = x.data();
  float* out = y.data();
  const std::size_t count = x.size();
#pragma GCC ivdep
  for (std::size_t i = 0; i < count; ++i) out[i] = f(in[i]);
  double most = 0;
  float at = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    const double off = ulps(y[i], exact(double{x[i]}));
    if (off > most) {
      most = off;
      at = x[i];
    }
  }
  ::testing::Test::RecordProperty("worst_ulp", std::to_string(most) + " at " + std::to_string(at));
  return most;
}

TEST(VecMath, ExpIsWithinOneUlpDownToDenormals) {
  EXPECT_LE(
      worst(
          -110, 89, [](float x) { return kernels::exp(x); }, [](double x) { return std::exp(x); }),
      1.0);
}

TEST(VecMath, SoftmaxExpIsWithinOneUlpOfNormalNumbers) {
#ifdef __FMA__
  constexpr double kUlp = 0.9;
#else
  constexpr double kUlp = 1.2;  // each product is rounded before the sum
#endif
  EXPECT_LE(worst(
                -87.32F, 64, [](float x) { return kernels::softmax_exp(x); },
                [](double x) { return std::exp(x); }),
            kUlp);
  EXPECT_EQ(kernels::softmax_exp(0.0F), 1);
  EXPECT_EQ(kernels::softmax_exp(-87.4F), 0);
  EXPECT_EQ(kernels::softmax_exp(-kInf), 0);
  EXPECT_TRUE(std::isnan(kernels::softmax_exp(kNan)));
}

// Of x (1 - d): d is the rounding of ln 2 to a float, in parts of it, below half of the last bit of
// x. Without fused multiply-add ln 2 has two parts, and d is 0.
TEST(VecMath, SoftmaxPowerIsWithinAFewUlpOfThePowerOfANeighbour) {
#ifdef __FMA__
  constexpr double kUlp = 2.2;
  const double d = 0.693147182F / std::log(2.0) - 1;
#else
  constexpr double kUlp = 3;    // each product is rounded before the sum
  const double d = 0;
#endif
  EXPECT_LT(d, 3e-9);
  EXPECT_LE(worst(
                -87.32F, 64, [](float x) { return kernels::softmax_power(x).value; },
                [d](double x) { return std::exp(x * (1 - d)); }),
            kUlp);
  EXPECT_EQ(kernels::softmax_power(0.0F).value, 1);
  EXPECT_EQ(kernels::softmax_power(-87.4F).value, 0);
  EXPECT_EQ(kernels::softmax_power(-1e30F).value, 0);
  EXPECT_EQ(kernels::softmax_power(-kInf).value, 0);
  EXPECT_TRUE(std::isnan(kernels::softmax_power(kNan).value));
}

TEST(VecMath, TheOrderOfASoftmaxPowerTellsWhatIsTooLarge) {
  for (const float x : {-kInf, -1e30F, -1e6F, -88.0F, 0.0F, 40.0F, 60.0F})
    EXPECT_LE(kernels::softmax_power(x).order, kernels::kSoftmaxFar) << x;
  for (const float x : {61.0F, 64.0F, 100.0F, 1e6F, 1e30F, kInf})
    EXPECT_GT(kernels::softmax_power(x).order, kernels::kSoftmaxFar) << x;
}

TEST(VecMath, Log1pOfUnitIsWithinTwoUlp) {
  EXPECT_LE(worst(
                kDenormal, 1, [](float x) { return kernels::log1p_of_unit(x); },
                [](double x) { return std::log1p(x); }),
            2.0);
  EXPECT_EQ(kernels::log1p_of_unit(0.0F), 0);
  EXPECT_TRUE(std::isnan(kernels::log1p_of_unit(kNan)));
}

TEST(VecMath, LogIsWithinOneUlpFromDenormalsOn) {
  EXPECT_LE(worst(
                kDenormal, std::numeric_limits<float>::max(),
                [](float x) { return kernels::log(x); }, [](double x) { return std::log(x); }),
            1.0);
}

TEST(VecMath, Log1pIsWithinTwoUlp) {
  EXPECT_LE(worst(
                -0.9999999F, 1e30F, [](float x) { return kernels::log1p(x); },
                [](double x) { return std::log1p(x); }),
            2.0);
}

TEST(VecMath, TanhIsWithinTwoUlp) {
  EXPECT_LE(
      worst(
          -20, 20, [](float x) { return kernels::tanh(x); }, [](double x) { return std::tanh(x); }),
      2.0);
}

TEST(VecMath, SigmoidIsWithinThreeUlp) {
  EXPECT_LE(worst(
                -100, 100, [](float x) { return kernels::sigmoid(x); },
                [](double x) { return 1 / (1 + std::exp(-x)); }),
            3.0);
}

TEST(VecMath, GateIsASigmoidWithoutItsLeastValues) {
  EXPECT_LE(worst(
                -87, 100, [](float x) { return kernels::gate(x); },
                [](double x) { return 1 / (1 + std::exp(-x)); }),
            3.0);
  EXPECT_EQ(kernels::gate(-87.1F), 0);
}

TEST(VecMath, ErfIsWithinTwoUlp) {
  EXPECT_LE(
      worst(
          -6, 6, [](float x) { return kernels::erf(x); }, [](double x) { return std::erf(x); }),
      2.0);
}

TEST(VecMath, GeluAndItsSlopeHaveSmallAbsoluteError) {
  double value = 0;
  double slope = 0;
  for (int i = -200000; i <= 200000; ++i) {
    const float x = static_cast<float>(i) * 1e-4F;
    const double phi = 0.5 * std::erfc(-double{x} * 0.70710678118654752440);
    const double density = 0.39894228040143267794 * std::exp(-0.5 * double{x} * x);
    value = std::max(value, std::fabs(kernels::gelu(x) - x * phi) / std::max(1.0, x * phi));
    slope = std::max(slope, std::fabs(kernels::gelu_slope(x) - (phi + x * density)));
  }
  EXPECT_LE(value, 2e-7);
  EXPECT_LE(slope, 4e-7);
}

TEST(VecMath, SpecialValues) {
  EXPECT_EQ(kernels::exp(0.0F), 1);
  EXPECT_EQ(kernels::exp(-0.0F), 1);
  EXPECT_EQ(kernels::exp(kInf), kInf);
  EXPECT_EQ(kernels::exp(-kInf), 0);
  EXPECT_EQ(kernels::exp(88.8F), kInf);
  EXPECT_EQ(kernels::exp(kDenormal), 1);
  EXPECT_EQ(kernels::log(0.0F), -kInf);
  EXPECT_EQ(kernels::log(-0.0F), -kInf);
  EXPECT_EQ(kernels::log(1.0F), 0);
  EXPECT_EQ(kernels::log(kInf), kInf);
  EXPECT_TRUE(std::isnan(kernels::log(-1.0F)));
  EXPECT_TRUE(std::isnan(kernels::log(-kInf)));
  EXPECT_TRUE(std::isnan(kernels::log(-kDenormal)));
  EXPECT_EQ(kernels::log1p(-1.0F), -kInf);
  EXPECT_EQ(kernels::log1p(kInf), kInf);
  EXPECT_EQ(kernels::log1p(kDenormal), kDenormal);
  EXPECT_TRUE(std::signbit(kernels::log1p(-0.0F)));
  EXPECT_TRUE(std::isnan(kernels::log1p(-2.0F)));
  EXPECT_EQ(kernels::tanh(kInf), 1);
  EXPECT_EQ(kernels::tanh(-kInf), -1);
  EXPECT_EQ(kernels::tanh(kDenormal), kDenormal);
  EXPECT_TRUE(std::signbit(kernels::tanh(-0.0F)));
  EXPECT_EQ(kernels::sigmoid(0.0F), 0.5F);
  EXPECT_EQ(kernels::sigmoid(kInf), 1);
  EXPECT_EQ(kernels::sigmoid(-kInf), 0);
  EXPECT_EQ(kernels::gate(0.0F), 0.5F);
  EXPECT_EQ(kernels::gate(kInf), 1);
  EXPECT_EQ(kernels::gate(-kInf), 0);
  EXPECT_EQ(kernels::erf(kInf), 1);
  EXPECT_EQ(kernels::erf(-kInf), -1);
  EXPECT_TRUE(std::signbit(kernels::erf(-0.0F)));
  EXPECT_EQ(kernels::gelu(kInf), kInf);
  EXPECT_EQ(kernels::gelu(-kInf), 0);
  EXPECT_EQ(kernels::gelu_slope(kInf), 1);
  EXPECT_EQ(kernels::gelu_slope(-kInf), 0);
  for (float (*f)(float) :
       {static_cast<float (*)(float)>(kernels::exp), static_cast<float (*)(float)>(kernels::log),
        static_cast<float (*)(float)>(kernels::log1p), static_cast<float (*)(float)>(kernels::tanh),
        static_cast<float (*)(float)>(kernels::sigmoid),
        static_cast<float (*)(float)>(kernels::gate), static_cast<float (*)(float)>(kernels::erf),
        static_cast<float (*)(float)>(kernels::gelu),
        static_cast<float (*)(float)>(kernels::gelu_slope)})
    EXPECT_TRUE(std::isnan(f(kNan)));
}

// Whatever the place of an element in a loop, its result has the same bits.
template <class F>
void expect_same_bits_everywhere(F f) {
  for (int n = 1; n <= 40; ++n) {
    std::vector<float> x(static_cast<std::size_t>(n));
    for (int i = 0; i < n; ++i) x[static_cast<std::size_t>(i)] = 0.37F * static_cast<float>(i) - 5;
    std::vector<float> y(x.size());
    const float* in = x.data();
    float* out = y.data();
    const std::size_t count = x.size();
#pragma GCC ivdep
    for (std::size_t i = 0; i < count; ++i) out[i] = f(in[i]);
    for (std::size_t i = 0; i < x.size(); ++i) {
      volatile float alone = x[i];
      const float one = f(alone);
      EXPECT_EQ(std::bit_cast<std::uint32_t>(one), std::bit_cast<std::uint32_t>(y[i]))
          << "element " << i << " of " << n;
    }
  }
}

TEST(VecMath, VectorBodyAndTailAgreeToTheBit) {
  expect_same_bits_everywhere([](float x) { return kernels::exp(x); });
  expect_same_bits_everywhere([](float x) { return kernels::softmax_exp(x - 10); });
  expect_same_bits_everywhere([](float x) { return kernels::softmax_power(x - 10).value; });
  expect_same_bits_everywhere([](float x) { return kernels::log1p_of_unit(x * 0.1F + 0.5F); });
  expect_same_bits_everywhere([](float x) { return kernels::log(x + 6); });
  expect_same_bits_everywhere([](float x) { return kernels::log1p(x + 5); });
  expect_same_bits_everywhere([](float x) { return kernels::tanh(x); });
  expect_same_bits_everywhere([](float x) { return kernels::sigmoid(x); });
  expect_same_bits_everywhere([](float x) { return kernels::gate(x); });
  expect_same_bits_everywhere([](float x) { return kernels::erf(x); });
  expect_same_bits_everywhere([](float x) { return kernels::gelu(x); });
  expect_same_bits_everywhere([](float x) { return kernels::gelu_slope(x); });
}

}  // namespace
}  // namespace tailgrad
