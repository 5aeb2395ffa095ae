#include <losses/check.h>

#include <gmock/gmock.h>
#include <support/messages.h>

namespace tailgrad::test {
namespace {

TEST(Overlap, GoldenValues) {
  EXPECT_NEAR(value_of("dice", kLogits, 0), .0489025, 5e-8);
  EXPECT_NEAR(value_of("dice", kLogits, 1), .7180878, 5e-8);
  EXPECT_NEAR(value_of("dice", kLogits, 2), .8727432, 5e-8);
  EXPECT_NEAR(value_of("dsc:alpha=1", kLogits, 0), .5460128, 5e-8);
  EXPECT_NEAR(value_of("dsc:alpha=1", kLogits, 1), .5792613, 5e-8);
  EXPECT_NEAR(value_of("dsc:alpha=1", kLogits, 2), .7427913, 5e-8);
  EXPECT_NEAR(value_of("tversky:alpha=0.3,beta=0.7", kLogits, 0), .1390921, 5e-8);
  EXPECT_NEAR(value_of("tversky:alpha=0.3,beta=0.7", kLogits, 1), .5317230, 5e-8);
  EXPECT_NEAR(value_of("tversky:alpha=0.3,beta=0.7", kLogits, 2), .6336356, 5e-8);
  EXPECT_NEAR(value_of("dsc:variant=gathered", kLogits, 0), .3834867, 5e-8);
  EXPECT_NEAR(value_of("dsc:variant=gathered", kLogits, 1), .3988860, 5e-8);
  EXPECT_NEAR(value_of("dsc:variant=gathered", kLogits, 2), .4723328, 5e-8);
  EXPECT_NEAR(value_of("dsc:variant=reference,square=true,alpha=0.01,smooth=1", kLogits, 0),
              .0509531, 5e-8);
  EXPECT_NEAR(value_of("dsc:variant=reference,square=true,alpha=0.01,smooth=1", kLogits, 1),
              .7111393, 5e-8);
  EXPECT_NEAR(value_of("dsc:variant=reference,square=true,alpha=0.01,smooth=1", kLogits, 2),
              .8654062, 5e-8);
}

struct SetRow {
  const char* alpha;
  const char* square;
  double smooth_1;
  double smooth_small;
};

// One set over five binary items, written as one logit.
TEST(Overlap, BinarySets) {
  const double p[] = {0.9, 0.2, 0.6, 0.1, 0.05};
  const std::vector<Index> y = {1, 0, 1, 0, 0};
  std::vector<double> z;
  for (const double value : p) z.push_back(std::log(value / (1 - value)));
  const SetRow table[] = {
      {"0", "false", .1752577, .2207735},    {"0", "true", .0526939, .0690436},
      {"0.01", "false", .1814842, .2289441}, {"0.01", "true", .0553258, .0727253},
      {"1", "false", .5423846, .7487822},    {"1", "true", .4648021, .6859293}};
  for (const SetRow& row : table) {
    for (const bool small : {false, true}) {
      const std::string form = std::string("dsc:mode=sigmoid,scope=batch,alpha=") + row.alpha +
                               ",square=" + row.square + ",smooth=" + (small ? "1e-4" : "1");
      const auto at = evaluate(*make_loss(form), {5, 1}, z, {.classes = y});
      EXPECT_NEAR(at.value, small ? row.smooth_small : row.smooth_1, 5e-8) << form;
    }
  }
  EXPECT_NEAR(evaluate(*make_loss("dsc:mode=sigmoid"), {5, 1}, z, {.classes = y}).value, .2081077,
              5e-8);
  EXPECT_NEAR(evaluate(*make_loss("dice:mode=sigmoid"), {5, 1}, z, {.classes = y}).value, .0244423,
              5e-8);
}

TEST(Overlap, TheBlogsNumbers) {
  const std::vector<double> z = {.1, .2, .8, 1.2, 1.24, 2.96};
  const double one[] = {.932761, .926233, .873725, .823718, .818006, .621965};
  for (Index y = 0; y < 6; ++y) EXPECT_NEAR(value_of("dsc:variant=blog", z, y), one[y], 5e-7);
  std::vector<double> twice = z;
  twice.insert(twice.end(), z.begin(), z.end());
  const double pairs[] = {.929497, .899979, .848721, .820862, .719985};
  const double factor_1[] = {.964744, .949985, .924356, .910426, .859988};
  for (Index y = 0; y < 5; ++y) {
    const std::vector<Index> labels = {y, y + 1};
    EXPECT_NEAR(evaluate(*make_loss("dsc:variant=blog"), {2, 6}, twice, {.classes = labels}).value,
                pairs[y], 5e-7);
    EXPECT_NEAR(
        evaluate(*make_loss("dsc:variant=blog,factor=1"), {2, 6}, twice, {.classes = labels}).value,
        factor_1[y], 5e-7);
  }
  // The post lets label 6 of 6 classes pass as a loss of 0 (batch mean .310982); here it is named.
  EXPECT_THAT(message_of([&] { value_of("dsc:variant=blog", z, 6); }),
              testing::HasSubstr("the label of item 0 is 6"));
}

TEST(Overlap, SetDiceOfCertainPredictionsIsOneMinusF1) {
  // 2 hits, 1 false alarm, 1 miss: F1 = 4/6.
  const std::vector<Index> y = {1, 1, 0, 1, 0, 0};
  const std::vector<double> z = {60, 60, 60, -60, -60, -60};
  const auto at =
      evaluate(*make_loss("dice:mode=sigmoid,scope=batch,smooth=1e-9"), {6, 1}, z, {.classes = y});
  EXPECT_NEAR(at.value, 1 - 4.0 / 6, 1e-8);
}

TEST(Overlap, SelfAdjustingDicePullsBackBeyondItsTurningPoint) {
  // alpha = 1, smooth = 1: a positive is best at p = 1/2, where its loss is 1/3.
  const std::vector<std::uint8_t> mark = {1};
  const auto loss = make_loss("dsc:mode=sigmoid");
  const auto at = evaluate(*loss, {1, 1}, {0}, {.marks = mark});
  EXPECT_NEAR(at.value, 1.0 / 3, 1e-15);
  EXPECT_NEAR(at.gradient[0], 0, 1e-16);
  EXPECT_LT(evaluate(*loss, {1, 1}, {-0.1}, {.marks = mark}).gradient[0], 0);
  EXPECT_GT(evaluate(*loss, {1, 1}, {0.1}, {.marks = mark}).gradient[0], 0);
}

TEST(Overlap, NegativesTeachOnlyWithSmoothing) {
  const std::vector<std::uint8_t> none = {0};
  const auto slope = [&](const char* form) {
    return evaluate(*make_loss(form), {1, 1}, {0}, {.marks = none}).gradient[0];
  };
  EXPECT_NEAR(slope("dice:mode=sigmoid,square=false,smooth=1"), 0.25 / 2.25, 1e-15);
  EXPECT_LT(slope("dice:mode=sigmoid,square=false,smooth=1e-9"), 1e-8);
}

TEST(Overlap, VariantsFixTheirScope) {
  EXPECT_THAT(message_of([] { make_loss("dsc:variant=reference,scope=batch"); }),
              testing::HasSubstr("variant=paper"));
  EXPECT_THAT(message_of([] { make_loss("dice:smooth=0"); }), testing::HasSubstr("option smooth"));
  EXPECT_EQ(make_loss("dsc:variant=reference")->text(),
            "dsc:alpha=0,smooth=0.0001,square=false,scope=example,factor=2,variant=reference,"
            "mode=softmax");
}

TEST(Overlap, StatisticsOfTheWrongSize) {
  const std::vector<Index> y = {1};
  const std::vector<double> statistics = {1, 2, 3};
  EXPECT_THAT(message_of([&] {
                evaluate(*make_loss("dice:scope=class"), {1, 3}, kLogits, {.classes = y},
                         {.statistics = statistics});
              }),
              testing::HasSubstr("needs 10 statistics"));
}

}  // namespace
}  // namespace tailgrad::test
