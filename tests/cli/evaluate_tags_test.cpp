// `tailgrad evaluate --gold --predicted`: tags in files, one system or two, faults.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cli/npy_folder.h"

namespace tailgrad::test {
namespace {

using ::testing::HasSubstr;

class EvaluateTags : public ::testing::Test {
 protected:
  EvaluateTags() {
    gold_ = write("gold.conll", "EU B-ORG\nin O\n\nJohn B-PER\nDoe I-PER\nsings O\n");
    // One type wrong, one span begun with I-.
    said_ = write("said.conll",
                  "EU B-ORG B-PER\nin O O\n\nJohn B-PER I-PER\nDoe I-PER I-PER\nsings O O\n");
  }
  std::string write(const char* name, const std::string& text) const {
    spill(folder_.at(name), text);
    return folder_.at(name);
  }
  Ran evaluate(std::vector<std::string> more = {}) const {
    std::vector<std::string> arguments = {"evaluate", "--gold", gold_, "--predicted", said_};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return run_program(arguments);
  }
  NpyFolder folder_;
  std::string gold_, said_;
};

TEST_F(EvaluateTags, PrintsTheMetricsObject) {
  const std::string train = write("train.conll", "EU B-ORG\nin O\n\nJohn B-PER\nsings O\n");
  const Ran ran = evaluate({"--json", "--train", train, "--bootstrap", "50"});
  ASSERT_EQ(ran.status, 0) << ran.err;
  const auto out = ran.json();
  EXPECT_EQ(out["n"], 5);
  EXPECT_EQ(out["scheme"], "iob2");
  EXPECT_NEAR(out["accuracy"], 3.0 / 5, 1e-15);
  EXPECT_NEAR(out["span_f1"], 2.0 / 4, 1e-15);
  EXPECT_EQ(out["span_f1_strict"], 0);
  EXPECT_EQ(out["per_type"][1]["label"], "PER");
  EXPECT_EQ(out["per_type"][1]["support"], 1);
  EXPECT_EQ(out["per_type"][1]["precision"], 0.5);
  EXPECT_EQ(out["unknown_words"], 1);
  EXPECT_EQ(out["unknown_word_accuracy"], 1);
  EXPECT_EQ(out["per_class"][1]["label"], "B-PER");
  EXPECT_EQ(out["per_class"][1]["train_count"], 1);
  EXPECT_EQ(out["intervals"]["span_f1"]["estimate"], 0.5);
  EXPECT_THAT(ran.err, HasSubstr("said.conll: 1 fault of the scheme iob2: line 4: I-PER at the "
                                 "beginning of a sentence"));
}

TEST_F(EvaluateTags, TextForAPersonAndTwoSystems) {
  const Ran ran = evaluate({"--predicted", gold_, "--bootstrap", "50", "--quiet"});
  ASSERT_EQ(ran.status, 0) << ran.err;
  EXPECT_EQ(ran.err, "");
  EXPECT_THAT(ran.out, HasSubstr("span F1             0.5000"));
  EXPECT_THAT(ran.out, HasSubstr("strict span F1      0.0000"));
  EXPECT_THAT(ran.out, HasSubstr("strict span F1       0.0000   1.0000      1.0000"));
}

TEST_F(EvaluateTags, CoNllUAndColumns) {
  const auto node = [](const std::string& word, const std::string& upos) {
    return "1\t" + word + "\t_\t" + upos + "\tX\t_\t0\troot\t_\t_";
  };
  gold_ = write("g.conllu", node("a", "NOUN") + "\n\n" + node("b", "VERB") + "\n\n");
  said_ = write("p.conllu", node("a", "NOUN") + "\tNOUN\n\n" + node("b", "VERB") + "\tNOUN\n\n");
  const Ran ran = evaluate({"--json", "--bootstrap", "0"});
  ASSERT_EQ(ran.status, 0) << ran.err;
  EXPECT_EQ(ran.json()["accuracy"], 0.5);
  EXPECT_TRUE(ran.json()["span_f1"].is_null());
  const Ran same = evaluate({"--json", "--bootstrap", "0", "--predicted-column", "upos"});
  EXPECT_EQ(same.json()["accuracy"], 1);
}

TEST_F(EvaluateTags, BadInput) {
  const auto message = [&](const std::vector<std::string>& arguments) {
    const Ran ran = run_program(arguments);
    EXPECT_TRUE(ran.is_callers_fault()) << ran.err << ran.out;
    return ran.err;
  };
  const std::string other = write("other.conll", "EU O\nin O\n\nJane O\nDoe O\nsings O\n");
  EXPECT_THAT(message({"evaluate", "--gold", gold_, "--predicted", other}),
              HasSubstr("other.conll:4: the word is 'Jane', in " + gold_ + ":4 it is 'John'"));
  const std::string joined = write("joined.conll", "EU O\nin O\nJohn O\nDoe O\nsings O\n\n");
  EXPECT_THAT(message({"evaluate", "--gold", gold_, "--predicted", joined}),
              HasSubstr("joined.conll:3: sentences differ: 'John' begins one in " + gold_));
  const std::string part = write("part.conll", "EU O\nin O\n\nJohn O\nDoe O\n");
  EXPECT_THAT(message({"evaluate", "--gold", gold_, "--predicted", part}),
              HasSubstr("part.conll: has 4 tokens, " + gold_ + " has 5"));
  EXPECT_THAT(message({"evaluate", "--gold", gold_}), HasSubstr("needs --predicted F beside it"));
  EXPECT_THAT(message({"evaluate", "--predicted", said_}), HasSubstr("needs --gold F beside it"));
  EXPECT_THAT(message({"evaluate", "--gold", gold_, "--predicted", said_, "--logits", "x.npy"}),
              HasSubstr("excludes --logits and --model"));
  EXPECT_THAT(message({"evaluate", "--gold", gold_, "--predicted", said_, "--scheme", "bio3"}),
              HasSubstr("tag scheme: unknown name 'bio3'"));
  EXPECT_THAT(message({"evaluate", "--gold", gold_, "--predicted", said_, "--gold-column", "9"}),
              HasSubstr("there is no column 9"));
}

}  // namespace
}  // namespace tailgrad::test
