#include <losses/check.h>

#include <gmock/gmock.h>

namespace tailgrad::test {
namespace {

TEST(Gce, ByHand) {
  EXPECT_NEAR(value_of("gce:q=0.7", kLogits, 1), (1 - std::pow(0.1752903922, 0.7)) / 0.7, 1e-9);
  EXPECT_NEAR(value_of("gce:q=1", kLogits, 2), 1 - 0.0391125733, 1e-9);
}

}  // namespace
}  // namespace tailgrad::test
