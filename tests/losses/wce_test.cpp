#include <losses/check.h>

#include <gmock/gmock.h>
#include <support/messages.h>

namespace tailgrad::test {
namespace {

TEST(Wce, WeightsByHand) {
  const ClassCounts n(std::vector<double>{700, 200, 100});
  const auto inverse = class_weights(n, {.kind = "inverse"}).values;
  EXPECT_DOUBLE_EQ(inverse[0], 1000 / (3 * 700.0));
  EXPECT_DOUBLE_EQ(inverse[2], 1000 / (3 * 100.0));
  const auto root = class_weights(n, {.kind = "sqrt-inverse"}).values;
  EXPECT_DOUBLE_EQ(root[2] / root[0], std::sqrt(7.0));
  // Count-weighted means are 1.
  for (const auto& w : {inverse, root})
    EXPECT_NEAR((700 * w[0] + 200 * w[1] + 100 * w[2]) / 1000, 1, 1e-14);
  EXPECT_DOUBLE_EQ(class_weights(n, {.kind = "lg", .k = 1}).values[2], 1);  // lg(900/100 + 1)
  EXPECT_DOUBLE_EQ(class_weights(n, {.kind = "lg", .k = 1, .inside = true}).values[2],
                   std::log10(900 / 101.0));
}

TEST(Wce, NegativeLogarithmsBecomeZeroWithAWarning) {
  const ClassCounts n(std::vector<double>{980, 10, 10});
  const ClassWeights w = class_weights(n, {.kind = "lg", .k = 0});
  EXPECT_EQ(w.values[0], 0);
  ASSERT_EQ(w.warnings.size(), 1U);
  const auto loss = make_loss("wce:weights=lg,k=0", {.counts = n});
  EXPECT_THAT(loss->warnings(), testing::ElementsAre(testing::HasSubstr("weight becomes 0")));
}

TEST(Wce, NormaliseChoosesTheDivisor) {
  const std::vector<Index> labels = {0, 2};
  const std::vector<double> z = {2, 0.5, -1, 2, 0.5, -1};
  const LossSetup with{.weights = {1, 2, 4}};
  const double sum = 0.24131129665 + 4 * 3.24131129665;
  EXPECT_NEAR(evaluate(*make_loss("wce:weights=file", with), {2, 3}, z, {.classes = labels}).value,
              sum / 2, 1e-9);
  EXPECT_NEAR(evaluate(*make_loss("wce:weights=file,normalise=weights", with), {2, 3}, z,
                       {.classes = labels})
                  .value,
              sum / 5, 1e-9);
}

TEST(Wce, FileNeedsNumbers) {
  EXPECT_THAT(message_of([] { make_loss("wce:weights=file"); }),
              testing::HasSubstr("needs class weights from the caller"));
}

}  // namespace
}  // namespace tailgrad::test
