#include <tailgrad/core/text_form.h>

#include <limits>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <support/messages.h>
#include <tailgrad/core/error.h>
#include <tailgrad/core/form_spec.h>

namespace tailgrad {
namespace {

using test::message_of;
using ::testing::AllOf;
using ::testing::HasSubstr;

std::string parse_message(std::string_view text) {
  return message_of([&] { parse_text_form(text); });
}

FormSpec focal_spec() {
  return {
      .name = "focal",
      .meaning = "forgets easy items",
      .formula = "-(1 - p)^gamma log p",
      .source = "Lin et al. 2017",
      .options =
          {{.name = "gamma", .fallback = "2", .range = Range::at_least(0)},
           {.name = "alpha", .fallback = "none", .range = Range::between(0, 1), .words = {"none"}},
           {.name = "mode",
            .kind = OptionKind::word,
            .fallback = "softmax",
            .words = {"softmax", "sigmoid"}},
           {.name = "square", .kind = OptionKind::flag, .fallback = "false"},
           {.name = "steps",
            .kind = OptionKind::numbers,
            .fallback = "0.5/0.75",
            .range = Range::open(0, 1)},
           {.name = "size",
            .kind = OptionKind::integer,
            .fallback = "3",
            .range = Range::at_least(1)},
           {.name = "file", .kind = OptionKind::text, .fallback = "uniform", .words = {"uniform"}}},
      .shifts = {{"mode", "sigmoid", {{"gamma", "1.5"}}}}};
}
std::string read_message(std::string_view text) {
  return message_of([&] { read_settings(focal_spec(), text); });
}

TEST(TextForm, TakesNameAndOptionsApart) {
  const TextForm form = parse_text_form(" dsc: alpha = 0.01,smooth=1 ,file=a/b=c.npy");
  EXPECT_EQ(form.name, "dsc");
  ASSERT_EQ(form.options.size(), 3u);
  EXPECT_EQ(form.options[0].key, "alpha");
  EXPECT_EQ(form.options[0].value, "0.01");
  EXPECT_EQ(form.options[0].column, 15u);
  EXPECT_EQ(form.options[2].value, "a/b=c.npy");
  EXPECT_EQ(print_text_form(form), "dsc:alpha=0.01,smooth=1,file=a/b=c.npy");
}

TEST(TextForm, NameAloneAndCompoundNames) {
  EXPECT_EQ(parse_text_form("ce").name, "ce");
  EXPECT_TRUE(parse_text_form("ce").options.empty());
  EXPECT_EQ(parse_text_form("ce+dice:weight=0.5").name, "ce+dice");
  EXPECT_EQ(parse_text_form("tau-norm").name, "tau-norm");
}

TEST(TextForm, MalformedTextIsAnErrorWithItsColumn) {
  EXPECT_THAT(parse_message(""), HasSubstr("column 1: needs a name here"));
  EXPECT_THAT(parse_message(":a=1"), HasSubstr("column 1: needs a name"));
  EXPECT_THAT(parse_message("focal:"), HasSubstr("column 7: needs an option's name"));
  EXPECT_THAT(parse_message("focal:gamma"), HasSubstr("column 7: option gamma needs a value"));
  EXPECT_THAT(parse_message("focal:gamma="), HasSubstr("column 13: option gamma has an empty"));
  EXPECT_THAT(parse_message("focal:=2"), HasSubstr("column 7: needs an option's name"));
  EXPECT_THAT(parse_message("focal:gamma=2,"), HasSubstr("column 15: needs an option's name"));
  EXPECT_THAT(parse_message("focal:gamma=2,,alpha=1"), HasSubstr("column 15"));
  EXPECT_THAT(parse_message("focal:gamma=2,gamma=3"),
              AllOf(HasSubstr("column 21"), HasSubstr("gamma is given twice")));
  EXPECT_THAT(parse_message("fo cal"), HasSubstr("column 3: ' ' cannot stand here in a name"));
  EXPECT_THAT(parse_message("2fast"), HasSubstr("column 1: '2'"));
  EXPECT_THAT(parse_message("focal:ga.mma=1"), HasSubstr("column 9: '.'"));
}

TEST(TextForm, NumbersReadAndPrintExactly) {
  double value = 0;
  for (double number : {0.1, 1e-8, 3.0, -2.5e300, 1.0 / 3.0}) {
    ASSERT_TRUE(read_number(shortest_text(number), value));
    EXPECT_EQ(value, number);
  }
  EXPECT_EQ(shortest_text(5e-3), "0.005");
  EXPECT_EQ(shortest_text(1), "1");
  EXPECT_TRUE(read_number("+1e-4", value));
  for (const char* text : {"", "+", "++1", "1x", " 1", "nan", "0x10", "1,5"}) {
    EXPECT_FALSE(read_number(text, value)) << text;
  }
}

TEST(TextForm, UnknownNameSuggestsTheClosest) {
  const std::vector<std::string> known = {"ce", "wce", "focal"};
  EXPECT_EQ(closest_name("focl", known), "focal");
  EXPECT_EQ(closest_name("seesaw", known), "");
  EXPECT_EQ(message_of([&] { fail_unknown_name("loss", "focl", known); }),
            "loss: unknown name 'focl'; did you mean 'focal'? Known: ce, wce, focal");
}

TEST(FormSpec, DefaultsFillWhatIsNotGiven) {
  const Settings settings = read_settings(focal_spec(), "focal");
  EXPECT_EQ(settings.number("gamma"), 2);
  EXPECT_TRUE(settings.is("alpha", "none"));
  EXPECT_FALSE(settings.given("gamma"));
  EXPECT_FALSE(settings.flag("square"));
  EXPECT_EQ(settings.integer("size"), 3);
  EXPECT_EQ(settings.numbers("steps"), (std::vector<double>{0.5, 0.75}));
  EXPECT_EQ(settings.text(), "focal");
  EXPECT_EQ(
      settings.full_text(),
      "focal:gamma=2,alpha=none,mode=softmax,square=false,steps=0.5/0.75,size=3,file=uniform");
}

TEST(FormSpec, CanonicalTextIsAFixedPoint) {
  const Settings settings =
      read_settings(focal_spec(), "focal:size=1e1,steps=.25/5e-1,alpha=0.250,gamma=2.0,file=w.npy");
  EXPECT_EQ(settings.text(), "focal:alpha=0.25,steps=0.25/0.5,size=10,file=w.npy");
  EXPECT_EQ(read_settings(focal_spec(), settings.text()).full_text(), settings.full_text());
  EXPECT_EQ(read_settings(focal_spec(), settings.full_text()).text(), settings.text());
  EXPECT_TRUE(settings.given("gamma"));
}

TEST(FormSpec, AnotherOptionCanShiftDefaults) {
  const Settings settings = read_settings(focal_spec(), "focal:mode=sigmoid");
  EXPECT_EQ(settings.number("gamma"), 1.5);
  EXPECT_EQ(settings.text(), "focal:mode=sigmoid");
  EXPECT_EQ(read_settings(focal_spec(), "focal:mode=sigmoid,gamma=2").text(),
            "focal:gamma=2,mode=sigmoid");
}

TEST(FormSpec, BadOptionsSayWhatIsAllowed) {
  EXPECT_EQ(read_message("focal:gamma=-1"),
            "'focal:gamma=-1': column 13: option gamma must be a number >= 0; got '-1'");
  EXPECT_THAT(read_message("focal:gamma=two"), HasSubstr("must be a number >= 0; got 'two'"));
  EXPECT_THAT(read_message("focal:gamma=inf"), HasSubstr("must be a number >= 0; got 'inf'"));
  EXPECT_THAT(read_message("focal:alpha=2"), HasSubstr("must be a number in [0, 1] or none"));
  EXPECT_THAT(read_message("focal:mode=tanh"), HasSubstr("must be softmax or sigmoid"));
  EXPECT_THAT(read_message("focal:square=1"), HasSubstr("must be true or false"));
  EXPECT_THAT(read_message("focal:steps=0.5/1"),
              HasSubstr("must be numbers in (0, 1) separated by '/'"));
  EXPECT_THAT(read_message("focal:steps=0.5/"), HasSubstr("separated by '/'"));
  EXPECT_THAT(read_message("focal:size=2.5"), HasSubstr("must be a whole number >= 1"));
  EXPECT_THAT(read_message("focal:size=1e300"), HasSubstr("must be a whole number >= 1"));
  EXPECT_THAT(read_message("focal:gama=1"),
              AllOf(HasSubstr("focal has no option gama"), HasSubstr("gamma (a number >= 0)")));
  EXPECT_THAT(read_message("ce"), HasSubstr("the name must be focal; got ce"));
}

TEST(FormSpec, OptionWithoutDefaultMustBeGiven) {
  const FormSpec spec{.name = "tau-norm",
                      .options = {{.name = "weights", .kind = OptionKind::text}}};
  EXPECT_THAT(message_of([&] { read_settings(spec, "tau-norm"); }),
              HasSubstr("option weights must be given: a text without comma"));
  EXPECT_EQ(read_settings(spec, "tau-norm:weights=W.npy").word("weights"), "W.npy");
}

TEST(FormSpec, AskingForWhatIsNotThereIsOurFault) {
  const Settings settings = read_settings(focal_spec(), "focal");
  EXPECT_THROW(settings.number("delta"), InternalError);
  EXPECT_THROW(settings.flag("gamma"), InternalError);
  EXPECT_THROW(settings.number("alpha"), InternalError);  // none is no number
  const FormSpec wrong{.name = "x", .options = {{.name = "a", .fallback = "high"}}};
  EXPECT_THROW(read_settings(wrong, "x"), InternalError);
}

TEST(FormSpec, RangesContainWhatTheySay) {
  EXPECT_TRUE(Range::at_least(0).contains(0));
  EXPECT_FALSE(Range::above(0).contains(0));
  EXPECT_TRUE(Range::between(0, 1).contains(1));
  EXPECT_FALSE(Range::half_open(0, 1).contains(1));
  EXPECT_TRUE(Range::half_open(0, 1).contains(0));
  EXPECT_FALSE(Range::finite().contains(std::numeric_limits<double>::infinity()));
  EXPECT_EQ(Range::half_open(0, 1).text(), "in [0, 1)");
  EXPECT_EQ(Range::above(0).text(), "> 0");
}

TEST(FormSpec, HelpNamesEverything) {
  const std::string help = help_text(focal_spec());
  EXPECT_THAT(help, HasSubstr("focal:gamma=2,alpha=none"));
  EXPECT_THAT(help, HasSubstr("a number in [0, 1] or none; default none"));
  EXPECT_THAT(help, HasSubstr("with mode=sigmoid the defaults are gamma=1.5"));
}

TEST(FormSpec, JsonHelpHasNullWhereThereIsNothing) {
  const nlohmann::json help = help_json(focal_spec());
  EXPECT_EQ(help["name"], "focal");
  ASSERT_EQ(help["options"].size(), 7u);
  EXPECT_EQ(help["options"][0]["default"], "2");
  EXPECT_EQ(help["options"][0]["low"], 0);
  EXPECT_TRUE(help["options"][0]["high"].is_null());
  EXPECT_EQ(help["options"][1]["words"], nlohmann::json({"none"}));
  EXPECT_EQ(help["shifts"][0]["defaults"]["gamma"], "1.5");
}

}  // namespace
}  // namespace tailgrad
