#include <losses/check.h>

#include <gmock/gmock.h>
#include <support/messages.h>

namespace tailgrad::test {
namespace {

TEST(Compound, DeferredWeightsStartLate) {
  const auto loss = make_loss("drw:start=0.8,weights=inverse,base=focal:gamma=1", setup());
  const Index y = 2;
  const Targets targets{.classes = {&y, 1}};
  const double plain = value_of("focal:gamma=1", kLogits, 2);
  EXPECT_DOUBLE_EQ(evaluate(*loss, {1, 3}, kLogits, targets, {.progress = 0.79}).value, plain);
  EXPECT_DOUBLE_EQ(evaluate(*loss, {1, 3}, kLogits, targets, {.progress = 0.8}).value,
                   plain * 1000 / 300);
}

TEST(Compound, ErrorsNameThePart) {
  EXPECT_THAT(message_of([] { make_loss("mix:first=focl"); }),
              testing::AllOf(testing::HasSubstr("first=focl"), testing::HasSubstr("focal")));
  EXPECT_THAT(message_of([] { make_loss("drw:base=dice:scope=batch", setup()); }),
              testing::HasSubstr("takes no class weights"));
  EXPECT_THAT(message_of([] { make_loss("mix:first=dice:scope=class,second=dice:scope=batch"); }),
              testing::HasSubstr("at most one part"));
}

TEST(Compound, MixOfDifferentNormalisers) {
  // bce divides by elements, asl by items; both are means before they are added.
  const std::vector<std::uint8_t> marks = {1, 0, 1, 0, 0, 1};
  const std::vector<double> z = {2, 0.5, -1, 0, 1, 3};
  const auto value = [&](const char* form) {
    return evaluate(*make_loss(form), {2, 3}, z, {.marks = marks}).value;
  };
  EXPECT_NEAR(value("mix:first=bce,second=asl,weight=0.3"), value("bce") + 0.3 * value("asl"),
              1e-15);
}

}  // namespace
}  // namespace tailgrad::test
