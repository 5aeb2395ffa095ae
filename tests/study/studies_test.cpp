// The studies: exact errors, fits to the end, cells that resume, and every study on its tiny grid.
#include <cmath>
#include <filesystem>
#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <tailgrad/core/error.h>
#include <tailgrad/core/parallel.h>
#include <tailgrad/losses/table.h>
#include <tailgrad/study/studies/gaussian_problem.h>
#include <tailgrad/study/studies/study_cells.h>
#include <tailgrad/study/studies/trained.h>

#include <support/messages.h>
#include <support/temporary_folder.h>

namespace tailgrad {
namespace {

using nlohmann::json;
using test::TemporaryFolder;
using ::testing::HasSubstr;

// From scipy.stats.norm, to all digits of double.
TEST(TwoGaussians, ErrorsOfLinesAreExact) {
  EXPECT_NEAR(bayes_balanced_error(), 0.07864960352514251, 1e-15);
  const LineScores best_accuracy = score_line(2, 2, -std::log(19.0), 0.05);
  EXPECT_NEAR(best_accuracy.balanced_error, 0.18077028647841656, 1e-14);
  EXPECT_NEAR(best_accuracy.accuracy, 0.9755872190794979, 1e-14);
  EXPECT_NEAR(best_accuracy.f1, 0.7255840707302579, 1e-14);
  EXPECT_NEAR(best_accuracy.best_offset, 0.07864960352514258, 1e-14);
  const LineScores slanted = score_line(1, 0.5, 0.3, 0.2);
  EXPECT_NEAR(slanted.balanced_error, 0.09763387674815008, 1e-14);
  EXPECT_NEAR(slanted.f1, 0.7532539713189312, 1e-14);
  EXPECT_NEAR(slanted.best_offset, 0.08985624743949988, 1e-14);
  EXPECT_NEAR(score_line(-1, 0.5, 0.3, 0.2).balanced_error, 0.6669244980612874, 1e-14);
}

TEST(TwoGaussians, ALineWithoutDirectionPredictsOneClass) {
  EXPECT_EQ(score_line(0, 0, 1, 0.05).balanced_error, 0.5);
  EXPECT_NEAR(score_line(0, 0, 1, 0.05).accuracy, 0.05, 1e-15);
  EXPECT_NEAR(score_line(0, 0, -1, 0.05).accuracy, 0.95, 1e-15);
  EXPECT_EQ(score_line(0, 0, -1, 0.05).f1, 0);
}

TEST(TwoGaussians, DrawsHaveTheirFrequencyAndDependOnSeedAndTrial) {
  const LinearData data = draw_gaussians(1, 0, 0.2, 10000);
  EXPECT_EQ(data.size(), 10000U);
  double positives = 0;
  double sum = 0;
  for (std::size_t i = 0; i < data.size(); ++i) {
    positives += data.classes[i];
    sum += static_cast<double>(data.columns[0][i]);
  }
  EXPECT_NEAR(positives, 2000, 4 * 40);        // sd 40
  EXPECT_NEAR(sum / 10000, -0.6, 4 * 0.0128);  // sd sqrt(1 + .64) / 100
  EXPECT_EQ(draw_gaussians(1, 0, 0.2, 100).classes, draw_gaussians(1, 0, 0.2, 100).classes);
  EXPECT_NE(draw_gaussians(1, 0, 0.2, 100).columns, draw_gaussians(1, 1, 0.2, 100).columns);
  EXPECT_NE(draw_gaussians(1, 0, 0.2, 100).columns, draw_gaussians(2, 0, 0.2, 100).columns);
}

LinearData three_to_one() {
  LinearData data;
  data.columns = {std::vector<Real>(8, Real{1})};
  data.classes = {0, 0, 1, 0, 0, 0, 1, 0};
  return data;
}

TEST(LinearFit, AConstantLearnsTheLogOdds) {
  const LinearFit fit = fit_linear(*make_loss("ce"), three_to_one());
  EXPECT_TRUE(fit.converged);
  EXPECT_NEAR(fit.weights[0] - fit.weights[1], std::log(3.0), 1e-4);
  EXPECT_NEAR(fit.loss, -0.75 * std::log(0.75) - 0.25 * std::log(0.25), 1e-6);
}

TEST(LinearFit, LogitAdjustmentMovesTheLogOddsToZero) {
  const LinearData data = three_to_one();
  const LinearFit fit = fit_linear(*make_loss("la", ClassCounts::of_labels(data.classes, 2)), data);
  EXPECT_NEAR(fit.weights[0] - fit.weights[1], 0, 1e-4);
}

TEST(LinearFit, OneLogitIsTheDifferenceOfTwo) {
  const LinearData data = draw_gaussians(3, 0, 0.3, 400);
  const LinearFit two = fit_linear(*make_loss("ce"), data);
  const LinearFit one = fit_linear(*make_loss("bce"), data, {.outputs = 1});
  for (std::size_t f = 0; f < 3; ++f)
    EXPECT_NEAR(one.weights[f], two.weights[3 + f] - two.weights[f], 2e-3) << f;
}

TEST(LinearFit, APenaltyShortensTheWeights) {
  const LinearData data = draw_gaussians(3, 0, 0.3, 400);
  const auto length = [&](double l2) {
    double sum = 0;
    for (const double w : fit_linear(*make_loss("ce"), data, {.l2 = l2}).weights) sum += w * w;
    return sum;
  };
  EXPECT_LT(length(0.1), 0.5 * length(0));
}

TEST(LinearFit, KeepsTheSumOfTheRowsOfItsStart) {
  // The gradient of a softmax sums to zero over the classes: what the start had in common stays.
  const LinearData data = draw_gaussians(3, 0, 0.3, 400);
  const LinearFit fit = fit_linear(*make_loss("ce"), data, {.start = {1, 2, 3, 0.5, 0.5, 0.5}});
  EXPECT_NEAR(fit.weights[0] + fit.weights[3], 1.5, 1e-3);
  EXPECT_NEAR(fit.weights[1] + fit.weights[4], 2.5, 1e-3);
  const LinearFit zeros = fit_linear(*make_loss("ce"), data);
  EXPECT_NEAR(fit.weights[5] - fit.weights[2], zeros.weights[5] - zeros.weights[2], 2e-3);
}

TEST(LinearFit, RefusesAStartOfAnotherSize) {
  EXPECT_THROW(fit_linear(*make_loss("ce"), three_to_one(), {.start = {1, 2, 3}}), Error);
}

// A study whose cells say what they were asked, and may be made to fail.
StudyEntry echo_study() {
  return {.name = "echo",
          .cells =
              [](const StudyPlan& plan) {
                std::vector<StudyCell> cells;
                for (int c = 0; c < plan.seeds; ++c)
                  cells.push_back({"cell " + std::to_string(c), json{{"c", c}}.dump()});
                return cells;
              },
          .run = [](const json& config, const StudyContext& context) -> json {
            context.check_stop();
            if (config.at("c") == 3) fail("echo", "cell 3 cannot be done");
            return {{"twice", 2 * config.at("c").get<int>()}};
          },
          .judge = nullptr};
}

TEST(StudyCells, RunOnceAndAreReadInOrder) {
  const TemporaryFolder folder;
  const StudyEntry study = echo_study();
  const std::vector<StudyCell> cells = study.cells({.seeds = 3});
  std::size_t finished = 0;
  const StudyRunOptions options{
      .folder = folder.path().string(),
      .progress = [&](std::size_t, std::size_t all, const std::string& what) {
        EXPECT_EQ(all, 3U);
        finished += what.empty() ? 0 : 1;
      }};
  EXPECT_TRUE(run_study_cells(study, cells, options));
  EXPECT_EQ(finished, 3U);
  EXPECT_EQ(folder.entries(), 3U);  // no claim is left
  EXPECT_TRUE(run_study_cells(study, cells, options));
  EXPECT_EQ(finished, 3U);
  double seconds = -1;
  const json all = read_study_cells(study, cells, options.folder, seconds);
  EXPECT_GE(seconds, 0);
  ASSERT_EQ(all.size(), 3U);
  EXPECT_EQ(all[2]["result"]["twice"], 4);
  EXPECT_EQ(all[2]["name"], "cell 2");
}

TEST(StudyCells, TheFirstErrorIsThrownAndTheOthersAreSaved) {
  const TemporaryFolder folder;
  const StudyEntry study = echo_study();
  const std::vector<StudyCell> cells = study.cells({.seeds = 4});
  EXPECT_THROW(run_study_cells(study, cells, {.folder = folder.path().string()}), Error);
  EXPECT_GE(folder.entries(), 2U);
}

TEST(StudyCells, StopLeavesNothingHalfDone) {
  const TemporaryFolder folder;
  const StudyEntry study = echo_study();
  const std::vector<StudyCell> cells = study.cells({.seeds = 3});
  EXPECT_FALSE(run_study_cells(study, cells,
                               {.folder = folder.path().string(), .stop = [] { return true; }}));
  EXPECT_EQ(folder.entries(), 0U);
}

TEST(StudyCells, ADamagedResultIsNamedAndComputedAgain) {
  const TemporaryFolder folder;
  const StudyEntry study = echo_study();
  const std::vector<StudyCell> cells = study.cells({.seeds = 1});
  std::vector<std::string> warnings;
  const StudyRunOptions options{.folder = folder.path().string(),
                                .warn = [&](const std::string& text) { warnings.push_back(text); }};
  run_study_cells(study, cells, options);
  double seconds = 0;
  const json whole = read_study_cells(study, cells, options.folder, seconds);
  const std::string path = folder.at(study_cell_id(study, cells[0]) + ".json");
  std::string changed = test::slurp(path);
  changed.replace(changed.find("\"twice\":0"), 9, "\"twice\":8");
  for (const std::string& bad : {std::string("{\"id\": 1}"), changed, changed.substr(0, 20)}) {
    test::spill(path, bad);
    EXPECT_THAT(
        test::message_of<Error>([&] { read_study_cells(study, cells, options.folder, seconds); }),
        AllOf(HasSubstr(path), HasSubstr("is damaged")));
    warnings.clear();
    EXPECT_TRUE(run_study_cells(study, cells, options));
    ASSERT_EQ(warnings.size(), 1U);
    EXPECT_THAT(warnings[0], HasSubstr("computed again"));
    EXPECT_EQ(read_study_cells(study, cells, options.folder, seconds), whole);
  }
}

TEST(StudyCells, TheIdDependsOnStudyVersionAndConfig) {
  StudyEntry study = echo_study();
  const StudyCell cell{"a name", R"({"c": 1})"};
  const std::string id = study_cell_id(study, cell);
  EXPECT_EQ(id, study_cell_id(study, {"another name", R"({"c":1})"}));
  EXPECT_NE(id, study_cell_id(study, {"a name", R"({"c": 2})"}));
  study.version = 2;
  EXPECT_NE(id, study_cell_id(study, cell));
}

TEST(StudyTable, NamesAreKnownAndUnknownOnesAreRefused) {
  EXPECT_EQ(find_study("gaussian").name, "gaussian");
  EXPECT_THROW(find_study("gausian"), Error);
  EXPECT_THAT(studies_text(), HasSubstr("claims: C17"));
}

TEST(StudyPlan, SeedsFollowTheSizeUnlessGiven) {
  EXPECT_EQ(StudyPlan{.size = StudySize::full}.seed_list(1, 2, 3).size(), 3U);
  EXPECT_EQ((StudyPlan{.seed = 7, .seeds = 2}.seed_list(1, 2, 3)),
            (std::vector<std::uint64_t>{7, 8}));
}

class EveryStudy : public ::testing::TestWithParam<std::string> {};

// What the command writes as result.json.
std::string document_of(const StudyEntry& study, const StudyPlan& plan,
                        const std::vector<StudyCell>& cells, const std::string& folder) {
  double seconds = 0;
  const StudyResult result = study.judge(plan, read_study_cells(study, cells, folder, seconds));
  const StudyRecord record{.study = study.name, .meaning = study.meaning, .size = "tiny"};
  return study_json(result, record).dump() + study_html(result, record);
}

TEST_P(EveryStudy, RunsTinyAndResumesToTheSameBytes) {
  const StudyEntry& study = find_study(GetParam());
  if (study.name == "long-tail-images" &&
      !std::filesystem::exists("/usr/share/datasets/fashion-mnist"))
    GTEST_SKIP() << "needs the package dataset-fashion-mnist";
  const StudyPlan plan{.size = StudySize::tiny};
  const std::vector<StudyCell> cells = study.cells(plan);
  ASSERT_GE(cells.size(), 2U);
  const TemporaryFolder folder;
  ASSERT_TRUE(run_study_cells(study, cells, {.folder = folder.path().string()}));
  const std::string first = document_of(study, plan, cells, folder.path().string());

  // Every second cell was lost, and the rest runs on one thread.
  for (std::size_t c = 0; c < cells.size(); c += 2)
    std::filesystem::remove(folder.at(study_cell_id(study, cells[c]) + ".json"));
  const int before = threads();
  set_threads(1);
  ASSERT_TRUE(run_study_cells(study, cells, {.folder = folder.path().string()}));
  set_threads(before);
  EXPECT_TRUE(first == document_of(study, plan, cells, folder.path().string()));

  double seconds = 0;
  const StudyResult result =
      study.judge(plan, read_study_cells(study, cells, folder.path().string(), seconds));
  EXPECT_FALSE(result.claims.empty());
  EXPECT_FALSE(result.rows.empty());
  EXPECT_FALSE(result.figures.empty());
  EXPECT_FALSE(result.settings.empty());
  std::set<std::string> ids;
  for (const StudyClaim& claim : result.claims) {
    EXPECT_TRUE(ids.insert(claim.text.id).second) << claim.text.id << " is there twice";
    EXPECT_TRUE(claim.verdict == "holds" || claim.verdict == "fails" ||
                claim.verdict == "undecided");
    EXPECT_FALSE(claim.rule.empty()) << claim.text.id;
    EXPECT_FALSE(claim.why.empty()) << claim.text.id;
  }
  for (const StudyFigure& figure : result.figures) {
    EXPECT_THAT(figure.svg, HasSubstr("<svg"));
    EXPECT_THAT(figure.svg, ::testing::Not(HasSubstr("no data"))) << figure.caption;
  }
}

std::vector<std::string> study_names() {
  std::vector<std::string> names;
  for (const StudyEntry& study : study_table()) names.push_back(study.name);
  return names;
}

INSTANTIATE_TEST_SUITE_P(, EveryStudy, ::testing::ValuesIn(study_names()), [](const auto& name) {
  std::string word = name.param;
  for (char& c : word)
    if (c == '-') c = '_';
  return word;
});

}  // namespace
}  // namespace tailgrad
