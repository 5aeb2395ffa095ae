// Study negative-scores: what dividing scores does to negative ones.
#include <algorithm>
#include <cmath>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <tailgrad/study/report/svg.h>
#include <tailgrad/study/studies/cell_values.h>
#include <tailgrad/study/studies/entries.h>
#include <tailgrad/study/studies/trained.h>

namespace tailgrad {
namespace negative_scores {
namespace {

using nlohmann::json;

const std::vector<double> kTaus = {0, 0.25, 0.5, 0.75, 1, 1.5, 2};

std::vector<std::string> data_of(const StudyPlan& plan) {
  if (plan.size == StudySize::tiny) return {"clusters"};
  return {"clusters", "wordnet"};
}

RunOptions run_options(const std::string& data, const StudyPlan& plan, std::uint64_t seed) {
  RunOptions options{.data = data};
  TrainerOptions& training = options.experiment.training;
  training.seed = seed;
  if (data == "clusters") {
    options.experiment.model = "mlp:hidden=32";
    training.epochs = plan.pick(2, 20, 20);
    training.batch_tokens = 64;
  } else {
    options.experiment.model = "bag:width=32";
    training.epochs = plan.pick(1, 4, 8);
    training.batch_tokens = 2048;
  }
  return options;
}

std::vector<StudyCell> cells(const StudyPlan& plan) {
  if (!plan.data.empty()) fail("--data", "study negative-scores has its own data");
  std::vector<StudyCell> all;
  for (const std::string& data : data_of(plan))
    for (const std::uint64_t seed : plan.seed_list(2, 5, 10))
      all.push_back({fmt::format("{} seed {}", data, seed),
                     json{{"run", run_json(run_options(data, plan, seed))}}.dump()});
  return all;
}

// Classes of the rarest third.
std::vector<bool> rare_classes(const std::vector<std::int64_t>& counts) {
  std::vector<std::int64_t> sorted = counts;
  std::ranges::sort(sorted);
  const std::int64_t bound = sorted[sorted.size() / 3];
  std::vector<bool> rare;
  for (const std::int64_t count : counts) rare.push_back(count < bound);
  return rare;
}

json run(const json& config, const StudyContext& context) {
  const RunOptions options = read_run(config.at("run"));
  const TrainedRun trained = train_run(options, context);
  if (trained.diverged) return {{"diverged", trained.divergence}};
  const Problem& problem = *trained.problem;
  const ScoredSplit test = score_split(*trained.experiment, problem.test);
  const auto width = static_cast<std::size_t>(test.classes);
  const std::vector<std::int64_t> counts = problem.counts(problem.train);
  const std::vector<bool> rare = rare_classes(counts);
  const std::vector<double> la = la_offset(problem, 1);

  double rare_items = 0;
  double unreachable = 0;  // true score below 0 and another above: no positive factors help
  double found_by_la = 0;  // of those
  for (std::size_t i = 0; i < test.size(); ++i) {
    const double* z = test.logits.data() + i * width;
    const auto label = static_cast<std::size_t>(test.labels[i]);
    if (!rare[label]) continue;
    ++rare_items;
    if (!(z[label] < 0 && *std::max_element(z, z + width) > 0)) continue;
    ++unreachable;
    bool won = true;
    for (std::size_t k = 0; k < width; ++k)
      won = won && (k == label || z[label] + la[label] > z[k] + la[k]);
    found_by_la += won ? 1 : 0;
  }
  // A constant added to all scores of an item changes no probability of a softmax.
  ScoredSplit raised = test;
  for (std::size_t i = 0; i < test.size(); ++i) {
    double* z = raised.logits.data() + i * width;
    const double lowest = *std::min_element(z, z + width);
    for (std::size_t k = 0; k < width; ++k) z[k] -= lowest;
  }
  const std::vector<double> norms = output_norms(*trained.experiment);
  const std::vector<double> log_prior = la_offset(problem, -1);
  json out = {{"rare_items", rare_items},
              {"unreachable", unreachable / rare_items},
              {"found_by_la", unreachable > 0 ? json(found_by_la / unreachable) : json(nullptr)},
              {"plain", balanced_error_of(test)},
              {"la", balanced_error_of(test, {}, la)},
              {"la_raised", balanced_error_of(raised, {}, la)}};
  for (const double tau : kTaus) {
    std::vector<double> by_norm;
    std::vector<double> by_prior;
    for (std::size_t k = 0; k < width; ++k) {
      by_norm.push_back(std::pow(norms[k], -tau));
      by_prior.push_back(std::exp(-tau * log_prior[k]));
    }
    out["by_norm"].push_back(balanced_error_of(test, by_norm));
    out["by_prior"].push_back(balanced_error_of(test, by_prior));
    out["by_prior_raised"].push_back(balanced_error_of(raised, by_prior));
    out["by_la"].push_back(balanced_error_of(test, {}, la_offset(problem, tau)));
  }
  return out;
}

// Two classes with 95 % and 5 %: the scores say P(rare | x) = .46, nine times its frequency.
StudyClaim constructed() {
  const double scores[] = {0.1, -0.05};
  const double priors[] = {0.95, 0.05};
  bool division_ever = false;
  for (int step = 0; step <= 1000; ++step) {
    const double tau = 0.01 * step;
    division_ever = division_ever ||
                    scores[1] / std::pow(priors[1], tau) > scores[0] / std::pow(priors[0], tau);
  }
  const bool adding = scores[1] - std::log(priors[1]) > scores[0] - std::log(priors[0]);
  return claim_exact(
      {.id = "C15.example",
       .claim = "A rare class with a negative score can be the right answer and never win by "
                "division",
       .published = "an argument, no number"},
      adding && !division_ever,
      "holds when the rare class wins by z - log prior and for no tau in [0, 10] by z / prior^tau",
      fmt::format("scores 0.1 and -0.05 at 95 % and 5 %: adding gives the rare class {}, division "
                  "{}",
                  adding ? "the win" : "no win",
                  division_ever ? "lets it win for some tau" : "never"));
}

std::vector<double> column(const json& cells, const std::string& data, const std::string& key) {
  return values_of(
      cells, [&](const json& config) { return config.at("run").at("data") == data; }, "/" + key);
}

// The same of a list, one number a tau.
std::vector<double> column(const json& cells, const std::string& data, const std::string& key,
                           std::size_t tau) {
  return column(cells, data, fmt::format("{}/{}", key, tau));
}

StudyResult judge(const StudyPlan& plan, const json& cells) {
  StudyResult result{.columns = {{"balanced_error", "balanced error, %", 100, 2}}};
  result.claims.push_back(constructed());
  for (const std::string& data : data_of(plan)) {
    const auto text = [&](const std::string& id, const std::string& claim) {
      return ClaimText{.id = "C15." + id + "." + data,
                       .claim = claim + " (" + data + ")",
                       .scale = 100,
                       .unit = "%"};
    };
    result.claims.push_back(claim_above(
        text("rate",
             "More than 1 % of the test items of the rarest third of the classes cannot be "
             "won by any division: their score is negative, another is positive"),
        summary_of_values(column(cells, data, "unreachable")), 0.01));
    result.claims.push_back(claim_above(
        text("found", "Of those, the additive adjustment with tau = 1 gets more than 1 % right"),
        summary_of_values(column(cells, data, "found_by_la")), 0.01));
    // The best tau of each seed on test, which flatters division.
    std::vector<double> best(column(cells, data, "plain").size(), INFINITY);
    for (const char* key : {"by_norm", "by_prior"})
      for (std::size_t t = 0; t < kTaus.size(); ++t) {
        const std::vector<double> at = column(cells, data, key, t);
        for (std::size_t s = 0; s < at.size(); ++s) best[s] = std::fmin(best[s], at[s]);
      }
    ClaimText against =
        text("error", "Division with the best tau on test is worse than adding with tau = 1");
    against.unit = "points";
    result.claims.push_back(
        claim_above(std::move(against),
                    summary_of_values(paired_differences(column(cells, data, "la"), best)), 0));
    std::vector<double> moved;
    const std::size_t half = 2;  // tau = 0.5
    const std::vector<double> plain = column(cells, data, "by_prior", half);
    const std::vector<double> raised = column(cells, data, "by_prior_raised", half);
    for (std::size_t s = 0; s < plain.size(); ++s) moved.push_back(std::abs(raised[s] - plain[s]));
    ClaimText shift = text(
        "shift",
        "Division by prior^0.5 is not well defined: a constant added to the scores of an item, "
        "which changes no probability, moves its balanced error by more than 1 point");
    shift.unit = "points";
    result.claims.push_back(claim_above(std::move(shift), summary_of_values(moved), 0.01));

    Chart chart{.title = "Adjusting scores of " + data + " afterwards",
                .x = {"tau"},
                .y = {"balanced error on test, %"}};
    for (const auto& [key, words] : {std::pair{"by_la", "minus tau log prior"},
                                     {"by_norm", "divided by |w|^tau"},
                                     {"by_prior", "divided by prior^tau"},
                                     {"by_prior_raised", "the same, scores raised to 0"}}) {
      Series series{.name = words, .x = kTaus};
      for (std::size_t t = 0; t < kTaus.size(); ++t) {
        std::vector<double> values = column(cells, data, key, t);
        const Summary summary = summary_of_values(values);
        series.y.push_back(100 * summary.mean.value_or(NAN));
        result.rows.push_back({.group = data,
                               .name = fmt::format("{}, tau = {:g}", words, kTaus[t]),
                               .metrics = {{"balanced_error", summary}}});
      }
      chart.series.push_back(std::move(series));
    }
    result.figures.push_back({.caption = chart.title,
                              .note = "Means over seeds of a net trained with cross-entropy.",
                              .svg = line_chart(chart),
                              .numbers = table_of(chart)});
  }
  result.settings = {
      "clusters: 20 Gaussian clusters in 16 dimensions, 1000 down to 10 training items a class, "
      "mlp:hidden=32, 20 epochs (tiny: 2); wordnet: glosses in 45 classes, bag:width=32, 4 epochs "
      "(full: 8); loss ce, default optimizer, last weights",
      fmt::format("{} seeds; rare: the third of the classes with the fewest training items",
                  plan.seed_list(2, 5, 10).size())};
  return result;
}

}  // namespace
}  // namespace negative_scores

StudyEntry negative_scores_study() {
  return {.name = "negative-scores",
          .meaning =
              "Does dividing scores by frequencies or lengths of weights break when scores "
              "are negative?",
          .source = "Menon et al. 2021, section 4.2",
          .claims = "C15",
          .cells = negative_scores::cells,
          .run = negative_scores::run,
          .judge = negative_scores::judge};
}

}  // namespace tailgrad
