// --help: every verb says what it is for and shows two examples.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cli/run_program.h"

namespace tailgrad::test {
namespace {

using ::testing::HasSubstr;

TEST(Help, TheProgramListsItsVerbs) {
  const Ran ran = run_program({"--help"});
  EXPECT_EQ(ran.status, 0);
  EXPECT_EQ(ran.err, "");
  for (const char* verb : {"train", "study", "doctor", "predict", "export", "evaluate", "adjust",
                           "loss", "list", "version"})
    EXPECT_THAT(ran.out, HasSubstr(std::string("\n  ") + verb + " ")) << verb;
}

TEST(Help, EveryVerbShowsTwoExamples) {
  for (const std::string verb : {"train", "study", "doctor", "predict", "export", "evaluate",
                                 "adjust", "loss", "list", "version"}) {
    const Ran ran = run_program({verb, "--help"});
    EXPECT_EQ(ran.status, 0) << verb;
    const std::size_t at = ran.out.find("Examples:\n");
    ASSERT_NE(at, std::string::npos) << verb;
    std::size_t examples = 0;
    for (std::size_t from = at;
         (from = ran.out.find("tailgrad " + verb, from)) != std::string::npos; ++from)
      ++examples;
    EXPECT_GE(examples, 2U) << verb;
  }
}

TEST(Help, AnUnknownVerbNamesTheKnownOnes) {
  const Ran ran = run_program({"lost"});
  EXPECT_TRUE(ran.is_callers_fault());
  EXPECT_THAT(ran.err, HasSubstr("unknown name 'lost'; did you mean"));
}

TEST(Version, NamesTheLevelOfTheLoadedLibrary) {
  const Ran ran = run_program({"version", "--json"});
  const std::string level = nlohmann::json::parse(ran.out)["cpu_level"];
  EXPECT_THAT(level, ::testing::AnyOf("x86-64", "x86-64-v2", "x86-64-v3", "x86-64-v4", "other"));
#if defined(__x86_64__)
  EXPECT_NE(level, "other");
#endif
  EXPECT_THAT(run_program({"version"}).out, HasSubstr(", compiled for " + level + ", "));
}

}  // namespace
}  // namespace tailgrad::test
