// The data doctor: every check on data made for it, with numbers by hand.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include <tailgrad/core/error.h>
#include <tailgrad/study/doctor.h>

#include <support/temporary_folder.h>

namespace tailgrad::test {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

const Finding* find(const Diagnosis& diagnosis, const std::string& id) {
  const auto found = std::ranges::find(diagnosis.findings, id, &Finding::id);
  return found == diagnosis.findings.end() ? nullptr : &*found;
}

class Doctor : public ::testing::Test {
 protected:
  // Texts "a0 b0", "a1 b1", … of a label: all different.
  static std::string rows(const std::string& label, int from, int count) {
    std::string out;
    for (int i = from; i < from + count; ++i) {
      const std::string n = std::to_string(i);
      out += label + ",a" + n + " b" + n + "\n";
    }
    return out;
  }
  std::string file(const std::string& name, const std::string& body) const {
    spill(folder_.at(name), "label,text\n" + body);
    return folder_.at(name);
  }
  Diagnosis texts(const std::string& train, const std::string& dev, const std::string& test,
                  DoctorOptions options = {}) const {
    return examine({.data = file("train.csv", train),
                    .dev = file("dev.csv", dev),
                    .test = file("test.csv", test)},
                   options);
  }

  TemporaryFolder folder_;
};

TEST_F(Doctor, CountsClassesAndBatches) {
  // 8 and 2 texts of two words; a batch of 8 words is 4 texts.
  const Diagnosis found = texts(rows("x", 0, 8) + rows("y", 100, 2), rows("x", 200, 1),
                                rows("y", 300, 3), {.batch_tokens = 8});
  ASSERT_EQ(found.splits.size(), 3u);
  EXPECT_EQ(found.splits[0].items, 10u);
  EXPECT_EQ(found.splits[0].median, 2);
  ASSERT_EQ(found.classes.size(), 2u);
  EXPECT_EQ(found.classes[1].counts, (std::vector<std::int64_t>{2, 0, 3}));
  EXPECT_DOUBLE_EQ(found.classes[1].share, 0.2);
  EXPECT_DOUBLE_EQ(found.batch_items, 4);
  EXPECT_DOUBLE_EQ(found.classes[1].in_batch, 0.8);
  EXPECT_NEAR(found.classes[1].absent, 8.0 * 7 * 6 * 5 / (10.0 * 9 * 8 * 7), 1e-12);
  EXPECT_EQ(found.classes[0].absent, 0);  // 4 items cannot all be of the two of y
  EXPECT_DOUBLE_EQ(*found.imbalance, 4);
}

TEST_F(Doctor, CleanDataHasNoFinding) {
  const Diagnosis found =
      texts(rows("x", 0, 40) + rows("y", 100, 40), rows("x", 200, 10) + rows("y", 300, 10),
            rows("x", 400, 10) + rows("y", 500, 10));
  EXPECT_THAT(found.findings, IsEmpty()) << diagnosis_text(found);
  EXPECT_THAT(diagnosis_text(found), HasSubstr("Nothing was found"));
  EXPECT_THAT(data_warnings(found), IsEmpty());
}

TEST_F(Doctor, RareAndMissingClasses) {
  const Diagnosis found = texts(rows("x", 0, 120) + rows("y", 200, 3), rows("x", 300, 5),
                                rows("x", 400, 5), {.batch_tokens = 10});
  ASSERT_NE(find(found, "imbalance"), nullptr);
  EXPECT_TRUE(find(found, "imbalance")->warning);
  EXPECT_THAT(find(found, "imbalance")->finding, HasSubstr("40 times"));
  EXPECT_THAT(find(found, "imbalance")->consequence, HasSubstr("97.6 %"));
  EXPECT_THAT(find(found, "few-training-items")->finding, HasSubstr("'y' (3)"));
  EXPECT_THAT(find(found, "no-dev-items")->finding, HasSubstr("'y'"));
  EXPECT_THAT(find(found, "no-test-items")->finding, HasSubstr("1 class without any test item"));
  EXPECT_THAT(find(found, "few-test-items")->finding, HasSubstr("'x' (5)"));
  EXPECT_THAT(find(found, "absent-from-batches")->finding, HasSubstr("'y' (88 %)"));
}

TEST_F(Doctor, DuplicatesWithinAndAcross) {
  const Diagnosis found =
      texts("x,same words\nx,same words\n" + rows("x", 0, 5) + rows("y", 100, 5), "y,Same  WORDS\n",
            "x,same words\n" + rows("y", 300, 1));
  ASSERT_NE(find(found, "duplicates-across"), nullptr);
  EXPECT_EQ(find(found, "duplicates-across")->count, 1u);
  EXPECT_EQ(find(found, "duplicates-across")->places.front(),
            folder_.at("test.csv") + ":2 as " + folder_.at("train.csv") + ":2: same words");
  EXPECT_EQ(find(found, "near-duplicates-across")->count, 1u);
  EXPECT_EQ(find(found, "duplicates-within")->count, 1u);
  EXPECT_EQ(find(found, "near-duplicates-within"), nullptr);
  ASSERT_NE(find(found, "conflicting-labels"), nullptr);
  EXPECT_EQ(find(found, "conflicting-labels")->count, 1u);
  EXPECT_THAT(find(found, "conflicting-labels")->places.front(), HasSubstr("'y'"));
}

TEST_F(Doctor, OddCharactersAndLengths) {
  const Diagnosis found = texts(
      "x,bell \x07 rings\nx,lost \xef\xbf\xbd here\nx,zero\xe2\x80\x8bwidth\n"
      "x,caf\x65\xcc\x81 noir\ny,caf\xc3\xa9 creme\ny,caf\xc3\x83\xc2\xa9 latte\n"
      "y,salt &amp; oil\ny,one two three four five\n",
      "x,x1 y1\ny,x2 y2\n", "x,x3 y3\ny,x4 y4\n", {.max_tokens = 4});
  for (const char* id : {"control-characters", "replacement-character", "invisible-characters",
                         "mixed-normalisation", "wrong-decoding"}) {
    ASSERT_NE(find(found, id), nullptr) << id;
    EXPECT_EQ(find(found, id)->count, 1u) << id;
  }
  EXPECT_EQ(find(found, "control-characters")->places.front(), folder_.at("train.csv") + ":2");
  EXPECT_EQ(find(found, "mixed-normalisation")->places.front(), folder_.at("train.csv") + ":5");
  EXPECT_NE(find(found, "html-entities"), nullptr);
  ASSERT_NE(find(found, "cut-items"), nullptr);
  EXPECT_THAT(find(found, "cut-items")->places.back(), HasSubstr("train.csv:9: 5 words"));
  EXPECT_EQ(find(found, "wordless-items"), nullptr);
}

TEST_F(Doctor, LabelsThatDifferByCaseOnly) {
  const Diagnosis found = texts(rows("Spam", 0, 5) + rows("spam", 100, 5) + rows("ham", 200, 5),
                                rows("ham", 300, 1), rows("ham", 400, 1));
  ASSERT_NE(find(found, "label-spellings"), nullptr);
  EXPECT_EQ(find(found, "label-spellings")->count, 1u);
  EXPECT_THAT(find(found, "label-spellings")->finding, HasSubstr("'Spam', 'spam'"));
}

TEST_F(Doctor, AnotherMixOfClassesInTest) {
  const Diagnosis found =
      texts(rows("x", 0, 50) + rows("y", 100, 50), rows("x", 200, 20) + rows("y", 300, 20),
            rows("x", 400, 90) + rows("y", 500, 10));
  EXPECT_THAT(find(found, "shift-test")->finding, HasSubstr("40 %"));
  EXPECT_EQ(find(found, "shift-dev"), nullptr);
}

TEST_F(Doctor, SeveralLabelsAText) {
  // 41 texts of x, 4 of them also of y; one of nothing; one text twice, with other labels.
  std::string body = "x|y,w0 v0\n,w1 v1\n";
  body += rows("x", 100, 36) + rows("x|y", 200, 2) + "x|y,same words\nx,same words\n";
  const Diagnosis found = examine({.data = file("train.csv", body),
                                   .dev = file("dev.csv", rows("x|y", 300, 10)),
                                   .test = file("test.csv", rows("x|y", 400, 10)),
                                   .task = "multilabel",
                                   .label_separator = "|"},
                                  {.batch_tokens = 8});
  ASSERT_EQ(found.classes.size(), 2u);
  EXPECT_EQ(found.splits[0].items, 42u);
  EXPECT_EQ(found.splits[0].labels, 45u);
  EXPECT_EQ(found.classes[0].counts[0], 41);
  EXPECT_EQ(found.classes[1].counts[0], 4);
  EXPECT_NEAR(found.classes[1].absent, 38.0 * 37 * 36 * 35 / (42.0 * 41 * 40 * 39), 1e-12);
  ASSERT_NE(find(found, "imbalance"), nullptr);
  EXPECT_THAT(find(found, "imbalance")->action, HasSubstr("bce"));
  EXPECT_THAT(find(found, "imbalance")->consequence, Not(HasSubstr("always")));
  ASSERT_NE(find(found, "unlabelled-items"), nullptr);
  EXPECT_EQ(find(found, "unlabelled-items")->places.front(), folder_.at("train.csv") + ":3");
  ASSERT_NE(find(found, "conflicting-labels"), nullptr);
  EXPECT_THAT(find(found, "conflicting-labels")->places.front(), HasSubstr("'x y'"));
  EXPECT_THAT(find(found, "conflicting-labels")->action, Not(HasSubstr("several labels")));
}

TEST_F(Doctor, APairIsTheSameOnlyIfBothTextsAre) {
  const auto pairs = [&](const std::string& name, const std::string& body) {
    spill(folder_.at(name), "label,text,text2\n" + body);
    return folder_.at(name);
  };
  const Diagnosis found =
      examine({.data = pairs("train.csv", "x,a b,c d e\ny,a b,f\nx,a b,c d e\ny,g,h\n"),
               .dev = pairs("dev.csv", "x,i,j\ny,k,l\n"),
               .test = pairs("test.csv", "x,c d e,a b\ny,g,h\n"),
               .task = "pair"},
              {.batch_tokens = 8, .max_tokens = 2});
  EXPECT_EQ(found.item, "pair");
  EXPECT_EQ(found.splits[0].longest, 5);  // of both texts together
  EXPECT_EQ(find(found, "duplicates-within")->count, 1u);
  ASSERT_NE(find(found, "duplicates-across"), nullptr);
  EXPECT_EQ(find(found, "duplicates-across")->count, 1u);  // not the one with its texts exchanged
  EXPECT_THAT(find(found, "duplicates-across")->places.front(), HasSubstr("g / h"));
  ASSERT_NE(find(found, "cut-items"), nullptr);
  EXPECT_EQ(find(found, "cut-items")->count, 3u);
  EXPECT_THAT(find(found, "cut-items")->places.front(), HasSubstr(":2: 3 words"));
}

TEST_F(Doctor, TagsThatBreakTheirSchemeHaveLines) {
  spill(folder_.at("train.conll"),
        "Ann B-PER\nLee I-PER\nsaw O\nBonn B-LOC\n\nsaw O\nBonn I-LOC\nLee B-PER\nBo I-PER\n\n"
        "Ann B-PER\nsaw O\n\nLee B-PER\nsaw O\nBonn B-LOC\n");
  spill(folder_.at("dev.conll"), "Ann B-PER\nsaw O\n");
  const Diagnosis found = examine({.data = folder_.at("train.conll"),
                                   .dev = folder_.at("dev.conll"),
                                   .task = "tags",
                                   .scheme = "iob2"},
                                  {.batch_tokens = 10});
  EXPECT_EQ(found.item, "sentence");
  EXPECT_EQ(found.label, "token");
  ASSERT_NE(find(found, "tag-faults"), nullptr);
  EXPECT_EQ(find(found, "tag-faults")->count, 1u);
  EXPECT_THAT(find(found, "tag-faults")->places.front(), HasSubstr("train.conll:7: "));
  // 13 tokens in 4 sentences, 10 a batch: 3 sentences. I-LOC is in one of four.
  const auto row = std::ranges::find(found.classes, "I-LOC", &ClassFacts::label);
  ASSERT_NE(row, found.classes.end());
  EXPECT_NEAR(row->absent, 0.25, 1e-12);
}

TEST_F(Doctor, TablesHaveColumnsToo) {
  std::string csv = "id,flat,value,label\n";
  for (int i = 0; i < 40; ++i)
    csv += std::to_string(i) + ",7," + std::to_string((i * 7) % 13) + (i % 2 ? ",a\n" : ",b\n");
  spill(folder_.at("rows.csv"), csv);
  const Diagnosis found = examine({.data = folder_.at("rows.csv"), .task = "table"}, {});
  EXPECT_THAT(find(found, "counting-columns")->finding, HasSubstr("id"));
  EXPECT_THAT(find(found, "constant-columns")->finding, HasSubstr("flat"));
  EXPECT_EQ(found.splits.size(), 2u);  // dev is held out, there is no test
  EXPECT_FALSE(found.notes.empty());
}

TEST_F(Doctor, JsonAndTextSayTheSame) {
  const Diagnosis found = texts(rows("x", 0, 60) + rows("y", 100, 2), rows("x", 200, 5),
                                rows("x", 300, 5) + "x,a0 b0\n");
  const nlohmann::json json = diagnosis_json(found);
  EXPECT_EQ(json["classes"][1]["train"], 2);
  EXPECT_EQ(json["classes"][1]["test"], 0);
  EXPECT_EQ(json["findings"].size(), found.findings.size());
  const std::string text = diagnosis_text(found);
  bool notes = false;
  for (const Finding& finding : found.findings) {
    EXPECT_FALSE(finding.consequence.empty()) << finding.id;
    EXPECT_FALSE(finding.action.empty()) << finding.id;
    EXPECT_THAT(text, HasSubstr(finding.finding));
    EXPECT_FALSE(notes && finding.warning) << "warnings come first";
    notes = notes || !finding.warning;
  }
  const std::vector<DataWarning> warnings = data_warnings(found);
  EXPECT_EQ(warnings.size(), static_cast<std::size_t>(std::ranges::count_if(
                                 found.findings, [](const Finding& f) { return f.warning; })));
}

TEST_F(Doctor, RefusesWhatTheReadersRefuse) {
  EXPECT_THROW(texts(rows("x", 0, 5) + rows("y", 9, 5), rows("z", 20, 1), rows("x", 30, 1)), Error);
  EXPECT_THROW(examine({.data = file("t.csv", rows("x", 0, 3)), .task = "song"}, {}), Error);
  EXPECT_THROW(
      examine({.data = file("t.csv", rows("x", 0, 3) + rows("y", 9, 3))}, {.batch_tokens = 0}),
      Error);
}

}  // namespace
}  // namespace tailgrad::test
