// `tailgrad list`: every table, for people and for programs.
#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cli/run_program.h"

namespace tailgrad::test {
namespace {

using ::testing::HasSubstr;
using ::testing::IsSupersetOf;

std::set<std::string> names(const std::string& what) {
  const Ran ran = run_program({"list", what, "--json"});
  EXPECT_EQ(ran.status, 0) << ran.err;
  std::set<std::string> all;
  for (const auto& row : ran.json()) all.insert(row["name"].get<std::string>());
  return all;
}

TEST(ListVerb, KnowsTheNamesOfTheContract) {
  EXPECT_THAT(names("losses"), IsSupersetOf({"ce", "la", "balanced-softmax"}));
  EXPECT_THAT(names("optimizers"), IsSupersetOf({"sgd", "adam", "adamw"}));
  EXPECT_THAT(names("schedules"), IsSupersetOf({"constant", "linear", "cosine", "step"}));
  EXPECT_THAT(names("models"), IsSupersetOf({"transformer", "mlp"}));
  EXPECT_THAT(names("samplers"), IsSupersetOf({"class-balanced", "square-root", "progressive"}));
  EXPECT_THAT(names("adjustments"),
              IsSupersetOf({"la", "prior", "temperature", "threshold", "tau-norm"}));
  EXPECT_THAT(names("tasks"), IsSupersetOf({"text", "multilabel", "pair", "tags", "table"}));
  EXPECT_THAT(names("data"), IsSupersetOf({"wordnet"}));
}

TEST(ListVerb, EveryOptionHasDefaultRangeAndMeaning) {
  for (const char* what : {"losses", "optimizers", "schedules", "samplers", "adjustments"}) {
    for (const auto& row : run_program({"list", what, "--json"}).json()) {
      SCOPED_TRACE(row["name"].get<std::string>());
      EXPECT_FALSE(row["meaning"].get<std::string>().empty());
      EXPECT_FALSE(row["formula"].get<std::string>().empty());
      const std::string name = row["name"];
      const bool plain = name == "constant" || name == "instance";  // nothing to cite
      EXPECT_EQ(row["source"].get<std::string>().empty(), plain);
      for (const auto& option : row["options"]) {
        SCOPED_TRACE(option["name"].get<std::string>());
        EXPECT_TRUE(option.contains("default"));
        EXPECT_FALSE(option["allowed"].get<std::string>().empty());
        EXPECT_FALSE(option["meaning"].get<std::string>().empty());
      }
    }
  }
}

TEST(ListVerb, TextForAPerson) {
  const Ran ran = run_program({"list", "losses"});
  EXPECT_EQ(ran.status, 0);
  EXPECT_THAT(ran.out, HasSubstr("la:tau=1\n"));
  EXPECT_THAT(ran.out, HasSubstr("formula: -log softmax(z + tau log pi)_y\n"));
  EXPECT_THAT(ran.out, HasSubstr("source: Menon et al. 2021"));
}

TEST(ListVerb, NoStudiesIsSaid) {
  EXPECT_THAT(run_program({"list", "studies"}).out, HasSubstr("gaussian\n"));
  EXPECT_EQ(run_program({"list", "studies", "--json"}).json()[0]["name"], "gaussian");
}

TEST(ListVerb, UnknownWhat) {
  const Ran ran = run_program({"list", "loss"});
  EXPECT_TRUE(ran.is_callers_fault());
  EXPECT_THAT(ran.err, HasSubstr("unknown name 'loss'; did you mean 'losses'?"));
  EXPECT_THAT(ran.err, HasSubstr("models, samplers, adjustments, tasks, data, studies"));
  EXPECT_EQ(run_program({"list"}).status, 2);
}

}  // namespace
}  // namespace tailgrad::test
