#include <losses/check.h>

#include <gmock/gmock.h>

namespace tailgrad::test {
namespace {

TEST(Ldam, GoldenValuesOnCosines) {
  const std::vector<double> cosines = {0.6, 0.2, -0.1};
  EXPECT_NEAR(value_of("ldam", cosines, 0, setup()), 0.0603039, 5e-8);
  EXPECT_NEAR(value_of("ldam", cosines, 1, setup()), 24.6134462, 5e-8);
  EXPECT_NEAR(value_of("ldam", cosines, 2, setup()), 36.0000061, 5e-8);
}

TEST(Ldam, WarnsOnRawLogits) {
  const Index y = 0;
  const auto loss = make_loss("ldam", setup());
  evaluate(*loss, {1, 3}, {0.5, 0.1, -0.9}, {.classes = {&y, 1}});
  EXPECT_THAT(loss->warnings(), testing::IsEmpty());
  const auto raw = make_loss("ldam", setup());
  evaluate(*raw, {1, 3}, kLogits, {.classes = {&y, 1}});
  EXPECT_THAT(raw->warnings(), testing::ElementsAre(testing::HasSubstr("no cosines")));
}

}  // namespace
}  // namespace tailgrad::test
