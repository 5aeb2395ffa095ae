#include <tailgrad/cli/toml_options.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <support/messages.h>

namespace tailgrad::cli {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

TEST(TomlOptions, StringsWordsAndLists) {
  EXPECT_THAT(toml_options("# a run\nloss = \"focal:gamma=2,alpha=1\" # so\r\nn=3\n\nempty = ''\n"
                           "k = [1, 'b',\n  # last\n  \"c\" ]\nnone = []",
                           "f"),
              ElementsAre("--loss=focal:gamma=2,alpha=1", "--n=3", "--empty", "", "--k=1", "--k=b",
                          "--k=c"));
}

TEST(TomlOptions, WhatAStringMayHold) {
  EXPECT_THAT(toml_options("a = \"x # \\\"y\\\" \\\\ \\t\\u00e4\\U0001f600\"\nb = 'C:\\n'\n", "f"),
              ElementsAre("--a=x # \"y\" \\ \t\u00e4\U0001f600", "--b=C:\\n"));
}

TEST(TomlOptions, FaultsAreNamedWithTheirPlace) {
  const auto message = [](const char* text) {
    return test::message_of([&] { toml_options(text, "run.toml"); });
  };
  EXPECT_THAT(message("a = 1\n[train]\n"), HasSubstr("run.toml:2:1: not a TOML file of options: "
                                                     "sections are not used"));
  EXPECT_THAT(message("a 1"), HasSubstr("run.toml:1:3: not a TOML file of options: needs '='"));
  EXPECT_THAT(message("a ="), HasSubstr("needs a value"));
  EXPECT_THAT(message("a = 1\na = 2"), HasSubstr("the option a is given twice"));
  EXPECT_THAT(message("a = \"x\ny\""), HasSubstr("run.toml:1:5: not a TOML file of options: a "
                                                 "quote is never closed"));
  EXPECT_THAT(message("a = 'x"), HasSubstr("never closed"));
  EXPECT_THAT(message("a = \"\\q\""), HasSubstr("there is no such escape"));
  EXPECT_THAT(message("a = \"\\ud800\""), HasSubstr("an escape that is no character"));
  EXPECT_THAT(message("a = b c"), HasSubstr("a value like this needs quotes"));
  EXPECT_THAT(message("a = [1 2]"), HasSubstr("a value like this needs quotes"));
  EXPECT_THAT(message("a = ['x' 'y']"), HasSubstr("needs ',' or ']'"));
  EXPECT_THAT(message("a = ["), HasSubstr("needs a value"));
  EXPECT_THAT(message("a = 'x' y"), HasSubstr("needs the end of the line after a value"));
}

}  // namespace
}  // namespace tailgrad::cli
