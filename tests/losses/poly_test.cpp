#include <losses/check.h>

#include <gmock/gmock.h>

namespace tailgrad::test {
namespace {

TEST(Poly, ByHand) {
  EXPECT_NEAR(value_of("poly", kLogits, 1), 1.7413112967 + 1 - 0.1752903922, 2e-9);
  EXPECT_NEAR(value_of("poly:epsilon=-0.5", kLogits, 0), 0.2413112967 - 0.5 * (1 - 0.7855970345),
              2e-9);
}

}  // namespace
}  // namespace tailgrad::test
