#include <losses/check.h>

#include <gmock/gmock.h>
#include <support/messages.h>

namespace tailgrad::test {
namespace {

ClassCounts counts(std::vector<double> n) {
  return ClassCounts(n);
}

TEST(La, GoldenValues) {
  const LossSetup setup{.counts = counts({700, 200, 100})};
  const double tau1[] = {0.0684657, 2.8212287, 5.0143759};
  const double half[] = {0.1293478, 2.2557292, 4.1023028};
  for (Index y = 0; y < 3; ++y) {
    EXPECT_NEAR(value_of("la", kLogits, y, setup), tau1[y], 5e-8);
    EXPECT_NEAR(value_of("balanced-softmax", kLogits, y, setup), tau1[y], 5e-8);
    EXPECT_NEAR(value_of("la:tau=0.5", kLogits, y, setup), half[y], 5e-8);
    EXPECT_DOUBLE_EQ(value_of("la:tau=0", kLogits, y, setup), value_of("ce", kLogits, y));
  }
}

TEST(La, EmptyClassIsSmoothed) {
  const ClassCounts n = counts({9, 0, 89});
  ASSERT_EQ(n.warnings().size(), 1U);
  EXPECT_THAT(n.warnings()[0], testing::HasSubstr("1 of 3 classes"));
  // Priors 10/101, 1/101, 90/101 at equal logits.
  EXPECT_NEAR(value_of("la", {0, 0, 0}, 1, {.counts = n}), std::log(101.0), 1e-12);
}

TEST(La, LargeTauIsNotFloored) {
  // log(pi^tau + 1e-12) would stop at -27.6.
  const LossSetup setup{.counts = counts({9999, 1})};
  EXPECT_NEAR(value_of("la:tau=10", {0, 0}, 1, setup), 10 * std::log(9999.0), 1e-9);
}

TEST(La, NeedsCounts) {
  EXPECT_THAT(message_of([] { make_loss("la"); }), testing::HasSubstr("class counts"));
  const LossSetup setup{.counts = counts({1, 2})};
  EXPECT_THAT(message_of([&] { value_of("la", kLogits, 0, setup); }),
              testing::HasSubstr("was made for 2 classes; the logits have 3 columns"));
}

}  // namespace
}  // namespace tailgrad::test
