#include <tailgrad/optim/optimizer_options.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <tailgrad/core/error.h>
#include <tailgrad/optim/glob.h>

namespace tailgrad {
namespace {

using testing::HasSubstr;
using testing::ThrowsMessage;

TEST(Glob, MatchesWholeNames) {
  EXPECT_TRUE(glob_match("*", ""));
  EXPECT_TRUE(glob_match("*.bias", "layers.0.norm1.bias"));
  EXPECT_TRUE(glob_match("layers.?.norm*.*", "layers.0.norm1.bias"));
  EXPECT_TRUE(glob_match("a*b*c", "aXbXbYc"));
  EXPECT_TRUE(glob_match("a**", "a"));
  EXPECT_FALSE(glob_match("*.bias", "layers.0.bias.x"));
  EXPECT_FALSE(glob_match("layers.?.w", "layers.10.w"));
  EXPECT_FALSE(glob_match("", "a"));
  EXPECT_FALSE(glob_match("a?", "a"));
}

TEST(OptimizerOptions, ReadsEveryOption) {
  const OptimizerOptions sgd =
      read_optimizer("sgd:lr=0.1,momentum=0.9,nesterov=true,weight_decay=1e-4");
  EXPECT_EQ(std::get<SgdOptions>(sgd.rule),
            (SgdOptions{.lr = 0.1, .momentum = 0.9, .weight_decay = 1e-4, .nesterov = true}));
  EXPECT_FALSE(sgd.decay_all);
  const OptimizerOptions adam = read_optimizer("adam:beta1=0.8,beta2=0.95,eps=1e-6,decay=all");
  EXPECT_EQ(std::get<AdamOptions>(adam.rule),
            (AdamOptions{.beta1 = 0.8, .beta2 = 0.95, .eps = 1e-6}));
  EXPECT_TRUE(adam.decay_all);
}

TEST(OptimizerOptions, TextDefaultsAreTheStructs) {
  EXPECT_EQ(std::get<SgdOptions>(read_optimizer("sgd").rule), SgdOptions{});
  EXPECT_EQ(std::get<AdamOptions>(read_optimizer("adam").rule), AdamOptions{});
  EXPECT_EQ(std::get<AdamWOptions>(read_optimizer("adamw").rule), AdamWOptions{});
}

TEST(OptimizerOptions, PrintsCanonicalText) {
  EXPECT_EQ(optimizer_text(read_optimizer("adamw:lr=1e-3")),
            "adamw:lr=0.001,beta1=0.9,beta2=0.999,eps=1e-08,weight_decay=0.01,decay=matrices");
  const std::string text =
      "sgd:lr=0.1,momentum=0.9,dampening=0,weight_decay=0,nesterov=true,decay=all";
  EXPECT_EQ(optimizer_text(read_optimizer(text)), text);
}

TEST(OptimizerOptions, RefusesNonsense) {
  EXPECT_THAT([] { read_optimizer("adma"); },
              ThrowsMessage<Error>(HasSubstr("unknown name 'adma'; did you mean 'adam'")));
  EXPECT_THAT([] { read_optimizer("adam:lr=-1"); },
              ThrowsMessage<Error>(HasSubstr("option lr must be a number >= 0; got '-1'")));
  EXPECT_THAT([] { read_optimizer("adam:momentum=0.9"); },
              ThrowsMessage<Error>(HasSubstr("adam has no option momentum")));
  EXPECT_THAT([] { read_optimizer("adam:beta1=1"); },
              ThrowsMessage<Error>(HasSubstr("option beta1 must be a number in [0, 1)")));
  EXPECT_THAT([] { read_optimizer("sgd:nesterov=true"); },
              ThrowsMessage<Error>(HasSubstr("nesterov needs momentum > 0 and dampening = 0")));
  EXPECT_THAT([] { read_optimizer("sgd:momentum=0.9,dampening=0.1,nesterov=true"); },
              ThrowsMessage<Error>(HasSubstr("nesterov needs")));
  EXPECT_THAT([] { optimizer_text({.rule = AdamOptions{.eps = 0}}); },
              ThrowsMessage<Error>(HasSubstr("option eps")));
}

}  // namespace
}  // namespace tailgrad
