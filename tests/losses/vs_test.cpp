#include <losses/check.h>

#include <gmock/gmock.h>

namespace tailgrad::test {
namespace {

TEST(Vs, GoldenValues) {
  EXPECT_NEAR(value_of("vs:gamma=0.3,tau=1", kLogits, 0, setup()), .0635157, 5e-8);
  EXPECT_NEAR(value_of("vs:gamma=0.3,tau=1", kLogits, 1, setup()), 2.9729188, 5e-8);
  EXPECT_NEAR(value_of("vs:gamma=0.3,tau=1", kLogits, 2, setup()), 4.5672157, 5e-8);
}

}  // namespace
}  // namespace tailgrad::test
