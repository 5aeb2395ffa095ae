#include <losses/check.h>

#include <gmock/gmock.h>
#include <support/messages.h>

namespace tailgrad::test {
namespace {

TEST(Ce, GoldenValues) {
  EXPECT_NEAR(value_of("ce", kLogits, 0), 0.2413113, 5e-8);
  EXPECT_NEAR(value_of("ce", kLogits, 1), 1.7413113, 5e-8);
  EXPECT_NEAR(value_of("ce", kLogits, 2), 3.2413113, 5e-8);
}

TEST(Ce, LabelSmoothingByHand) {
  // 0.9 CE_y + 0.1 mean of the three CEs.
  const double mean = (0.24131129665 + 1.74131129665 + 3.24131129665) / 3;
  EXPECT_NEAR(value_of("ce:label_smoothing=0.1", kLogits, 1), 0.9 * 1.74131129665 + 0.1 * mean,
              1e-9);
}

TEST(Ce, GradientIsProbabilityMinusTarget) {
  const Index label = 1;
  const auto at = evaluate(*make_loss("ce"), {1, 3}, kLogits, {.classes = {&label, 1}});
  EXPECT_NEAR(at.gradient[0], 0.7855970345, 1e-9);
  EXPECT_NEAR(at.gradient[1], 0.1752903922 - 1, 1e-9);
  EXPECT_NEAR(at.gradient[2], 0.0391125733, 1e-9);
}

TEST(Ce, GradientCheck) {
  std::vector<double> logits;
  for (int i = 0; i < 5 * 19; ++i) logits.push_back(3 * std::sin(1.7 * i));
  const std::vector<Index> labels = {0, 18, 7, kIgnoredLabel, 3};
  for (const char* form : {"ce", "ce:label_smoothing=0.3"}) {
    const auto loss = make_loss(form);
    EXPECT_LT(gradient_error(*loss, {5, 19}, logits, {.classes = labels}, 1e-3), 1e-9) << form;
  }
}

TEST(Ce, KeepsSmallNumbersWhenSure) {
  const Index label = 0;
  const auto at = evaluate(*make_loss("ce"), {1, 2}, {100, 0}, {.classes = {&label, 1}});
  EXPECT_DOUBLE_EQ(at.value, std::exp(-100.0));
  EXPECT_DOUBLE_EQ(at.gradient[0], -std::exp(-100.0));
}

TEST(Ce, OneLogitIsTwo) {
  const std::vector<Index> labels = {0, 1, 1};
  const auto one = evaluate(*make_loss("ce"), {3, 1}, {0.3, -2, 5}, {.classes = labels});
  const auto two = evaluate(*make_loss("ce"), {3, 2}, {0, 0.3, 0, -2, 0, 5}, {.classes = labels});
  EXPECT_DOUBLE_EQ(one.value, two.value);
  for (std::size_t i = 0; i < 3; ++i) EXPECT_DOUBLE_EQ(one.gradient[i], two.gradient[2 * i + 1]);
}

TEST(Ce, ReportsBadInput) {
  const auto loss = make_loss("ce", LossSetup{.ignored_label = -1});
  const std::vector<Index> labels = {0, 3};
  EXPECT_THAT(message_of([&] {
                evaluate(*loss, {2, 3}, {1, 2, 3, 4, 5, 6}, {.classes = labels});
              }),
              testing::HasSubstr("the label of item 1 is 3; allowed are 0 .. 2 and -1 (ignored)"));
  const std::vector<Index> good = {0, 1};
  const double nan = std::nan("");
  EXPECT_THAT(message_of([&] {
                evaluate(*loss, {2, 3}, {1, 2, 3, 4, 5, nan}, {.classes = good});
              }),
              testing::HasSubstr("the logit of item 1, class 2 is nan"));
  EXPECT_THAT(message_of([] { make_loss("ce:label_smoothing=1"); }),
              testing::HasSubstr("label_smoothing"));
  EXPECT_THAT(message_of([] { make_loss("c"); }), testing::HasSubstr("unknown name"));
  EXPECT_THAT(message_of([] {
                make_loss("ce", LossSetup{.weights = {1, -2}});
              }),
              testing::HasSubstr("weight of class 1"));
}

TEST(Ce, NaNOfIgnoredItemsDoesNotMatter) {
  const std::vector<Index> labels = {kIgnoredLabel, 1};
  const auto at =
      evaluate(*make_loss("ce"), {2, 3}, {std::nan(""), 0, 0, 2, 0.5, -1}, {.classes = labels});
  EXPECT_NEAR(at.value, 1.7413113, 5e-8);
  EXPECT_EQ(at.gradient[0], 0);
}

TEST(Ce, AnyUpstreamGradient) {
  const Index label = 1;
  Tensor z = Tensor::from({1, 3}, std::vector<Real>{2, 0.5, -1});
  z.require_grad();
  const LossOutput output = (*make_loss("ce"))(z, {.classes = {&label, 1}}, {.scale = 0.25});
  Tape::current().backward(output.sum, Tensor::scalar(3));
  EXPECT_NEAR(z.grad()[0], 3 * 0.7855970345, 1e-9);
  // A second pass adds.
  const LossOutput again = (*make_loss("ce"))(z, {.classes = {&label, 1}});
  backward(again.mean());
  EXPECT_NEAR(z.grad()[0], 4 * 0.7855970345, 1e-9);
}

TEST(Ce, NothingCounted) {
  const auto none = evaluate(*make_loss("ce"), {0, 3}, {}, {});
  EXPECT_EQ(none.value, 0);
  EXPECT_EQ(none.normaliser, 0);
  const Index ignored = kIgnoredLabel;
  const auto all = evaluate(*make_loss("ce"), {1, 3}, kLogits, {.classes = {&ignored, 1}});
  EXPECT_EQ(all.normaliser, 0);
  EXPECT_EQ(all.gradient, std::vector<double>(3, 0.0));
}

}  // namespace
}  // namespace tailgrad::test
