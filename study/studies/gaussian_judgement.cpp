// How study gaussian judges its claims and what it shows.
#include <tailgrad/study/studies/gaussian.h>

#include <algorithm>
#include <cmath>
#include <map>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <tailgrad/study/report/svg.h>
#include <tailgrad/study/studies/cell_values.h>
#include <tailgrad/study/studies/gaussian_problem.h>

namespace tailgrad::gaussian {
namespace {

using nlohmann::json;

// What counts as "reaches the Bayes error": a tenth of a point.
constexpr double kReached = 0.001;

// All trials of one prior, poured together in their order.
struct Gathered {
  std::map<std::string, std::map<std::string, std::vector<double>>> losses;
  std::map<std::string, std::vector<std::vector<double>>> sweeps;  // [trial][tau]
  double apart = 0;
};

Gathered gather(const json& cells, double prior) {
  Gathered all;
  for (const json& cell : cells) {
    if (cell.at("config").at("prior").get<double>() != prior) continue;
    const json& result = cell.at("result");
    for (const auto& [name, metrics] : result.at("losses").items())
      for (const auto& [metric, values] : metrics.items())
        for (const json& value : values) all.losses[name][metric].push_back(number_or_nan(value));
    for (const auto& [name, trials] : result.at("sweep").items())
      for (const json& trial : trials) all.sweeps[name].push_back(trial);
    for (const json& apart : result.at("apart"))
      all.apart = std::max(all.apart, apart.is_number() ? apart.get<double>() : INFINITY);
  }
  return all;
}

std::vector<double> minus(std::vector<double> values, double amount) {
  for (double& value : values) value -= amount;
  return values;
}

ClaimText text_of(const std::string& id, const std::string& claim, const std::string& published) {
  return {.id = id, .claim = claim, .published = published, .scale = 100, .unit = "%", .digits = 3};
}

void add_claims(const Gathered& all, double prior, StudyResult& result) {
  const bool first = prior == kPriors[0];
  const std::string at = first ? "" : "@20%";
  const std::string where = first ? "" : " (20 % positives)";
  const double bayes = bayes_balanced_error();
  const auto errors = [&](const std::string& name) {
    return all.losses.at(name).at("balanced_error");
  };
  const auto excess = [&](const std::string& name) {
    return summary_of_values(minus(errors(name), bayes));
  };
  const auto points = [&](const std::string& id, const std::string& claim,
                          const std::string& published) {
    ClaimText text = text_of(id + at, claim + where, published);
    text.unit = "points";
    return text;
  };
  const auto published = [&](const char* at5, const char* at20) {
    return std::string(first ? at5 : at20);
  };
  result.claims.push_back(claim_below(
      points("C17.post-hoc", "Post-hoc logit adjustment with tau = 1 reaches the Bayes error",
             published("7.88 - 7.865 = 0.02", "")),
      excess("ce, then la:tau=1"), kReached));
  for (const auto& [key, form] :
       {std::pair{"norm", "length of the weights"}, std::pair{"prior", "class frequency"}}) {
    std::vector<double> best;
    for (const std::vector<double>& trial : all.sweeps.at(key))
      best.push_back(*std::ranges::min_element(trial) - bayes);
    result.claims.push_back(claim_above(
        points(std::string("C17.") + key,
               std::string("Dividing scores by the ") + form +
                   " to the power tau does not reach the Bayes error, with the best tau in "
                   "[0, 2] of each trial",
               "figure 2: rises from the error of ERM towards 50"),
        summary_of_values(best), kReached));
  }
  result.claims.push_back(
      claim_below(points("C18.la", "The logit-adjusted loss reaches the Bayes error",
                         published("7.883 - 7.865 = 0.018", "7.87 - 7.865")),
                  excess("la"), kReached));
  for (const auto& [loss, at5, at20] : {std::tuple{"ce", "18.08 - 7.865 = 10.2", "10.33 - 7.865"},
                                        std::tuple{"adaptive", "16.22 - 7.865 = 8.4", ""},
                                        std::tuple{"equalised", "8.71 - 7.865 = 0.85", ""}})
    result.claims.push_back(claim_above(
        points(std::string("C18.") + loss, std::string(loss) + " does not reach the Bayes error",
               published(at5, at20)),
        excess(loss), kReached));
  result.claims.push_back(claim_within(
      points("Q4.error",
             "The loss and the post-hoc adjustment of cross-entropy have the same error", "0"),
      summary_of_values(paired_differences(errors("ce, then la:tau=1"), errors("la"))), 0, 0.0001));
  result.claims.push_back(claim_exact(
      {.id = "Q4.weights" + at,
       .claim = "The logit-adjusted classifier is that of cross-entropy with the log odds in its "
                "bias" +
                where,
       .published = "apart by 1e-11 (in double)"},
      all.apart < 0.01, "holds when no weight of any trial is 0.01 or more apart, else fails",
      fmt::format("largest distance {:.1e}; the fits stop at a gradient of 2e-6 in single "
                  "precision",
                  all.apart)));
  result.claims.push_back(claim_within(
      points("Q5.weights", "Weighting by 1/frequency is as good as the logit-adjusted loss",
             published("7.886 - 7.883 = 0.003", "0")),
      summary_of_values(paired_differences(errors("la"), errors("wce"))), 0, 0.0005));
  result.claims.push_back(claim_within(
      points("Q5.up", "Class-balanced sampling is as good as weighting by 1/frequency", ""),
      summary_of_values(paired_differences(errors("wce"), errors("ce@class-balanced"))), 0,
      0.0005));
  result.claims.push_back(claim_within(
      points("Q5.down",
             "Throwing frequent items away until classes are equal is as good as weighting", ""),
      summary_of_values(paired_differences(errors("wce"), errors("ce@down-sampled"))), 0, 0.0005));
}

// Does this program agree with the independent one?
void add_reproductions(const Gathered& all, double prior, StudyResult& result) {
  const bool first = prior == kPriors[0];
  const auto add = [&](const std::string& name, const Reference& reference) {
    ClaimText text = text_of(
        "R." + name + (first ? "" : "@20%"),
        "The error of " + name + " is that of the reference program",
        reference.sd > 0 ? fmt::format("{:g} ± {:g} (sd, 100 trials)", reference.mean, reference.sd)
                         : fmt::format("{:g} (sd not given)", reference.mean));
    const Summary measured = summary_of_values(all.losses.at(name).at("balanced_error"));
    PublishedMean published{reference.mean / 100, reference.sd / 100, reference.sd > 0 ? 100 : 10};
    result.claims.push_back(claim_agrees(std::move(text), measured, published));
  };
  for (const LossLine& line : loss_lines())
    if (const auto& reference = first ? line.at5 : line.at20) add(line.name, *reference);
  if (!first) return;
  for (const auto& [tau, error] :
       {std::pair{"0.25", 13.86}, {"0.75", 8.57}, {"1", 7.88}, {"1.25", 8.61}, {"1.5", 10.69}})
    add(std::string("ce, then la:tau=") + tau, {error, 0});
}

void add_rows(const Gathered& all, double prior, StudyResult& result) {
  std::vector<std::string> order;
  for (const LossLine& line : loss_lines()) order.push_back(line.name);
  for (const char* name : {"ce@class-balanced", "ce@down-sampled"}) order.emplace_back(name);
  for (const auto& [name, metrics] : all.losses)
    if (name.starts_with("ce, then")) order.push_back(name);
  for (const std::string& name : order) {
    StudyRow row{.group = fmt::format("{:g} % positives", 100 * prior), .name = name};
    for (const auto& [metric, values] : all.losses.at(name))
      row.metrics[metric] = summary_of_values(values);
    result.rows.push_back(std::move(row));
  }
}

void add_figures(const Gathered& all, double prior, StudyResult& result) {
  const std::string title = fmt::format("{:g} % positives", 100 * prior);
  ForestPlot errors{.title = "Balanced error of every loss, " + title,
                    .x = {"balanced error of the population, %"},
                    .reference = 100 * bayes_balanced_error()};
  for (const LossLine& line : loss_lines())
    add_row(errors, line.name, summary_of_values(all.losses.at(line.name).at("balanced_error")),
            100, line.outputs == 1 ? 1 : 0);
  std::ranges::stable_sort(errors.rows, {}, &Interval::value);
  result.figures.push_back(
      {.caption = errors.title,
       .note = "Trained to the end; dashed: the Bayes rule. Squares: one logit instead of two.",
       .svg = forest_plot(errors),
       .numbers = table_of(errors)});
  Chart sweep{.title = "Adjusting a line of cross-entropy afterwards, " + title,
              .x = {"tau"},
              .y = {"balanced error of the population, %"}};
  const std::vector<double> taus = sweep_taus();
  for (const auto& [key, words] : {std::pair{"la", "minus tau log prior"},
                                   {"norm", "divided by |w|^tau"},
                                   {"prior", "divided by prior^tau"}}) {
    Series series{.name = words, .x = taus};
    for (std::size_t t = 0; t < taus.size(); ++t) {
      std::vector<double> values;
      for (const auto& trial : all.sweeps.at(key)) values.push_back(100 * trial[t]);
      const Summary summary = summary_of_values(values);
      series.y.push_back(summary.mean.value_or(NAN));
      series.low.push_back(summary.low.value_or(summary.mean.value_or(NAN)));
      series.high.push_back(summary.high.value_or(summary.mean.value_or(NAN)));
    }
    sweep.series.push_back(std::move(series));
  }
  sweep.series.push_back({.name = "Bayes",
                          .x = {0, kSweepEnd},
                          .y = {100 * bayes_balanced_error(), 100 * bayes_balanced_error()},
                          .reference = true});
  result.figures.push_back({.caption = sweep.title,
                            .note = "Means over trials; dashed: the Bayes rule.",
                            .svg = line_chart(sweep),
                            .numbers = table_of(sweep)});
}

}  // namespace

StudyResult judge(const StudyPlan& plan, const json& cells) {
  StudyResult result{.columns = {{"balanced_error", "balanced error, %", 100, 3},
                                 {"best_offset", "with the best threshold, %", 100, 3},
                                 {"f1", "F1 of +, %", 100, 2},
                                 {"accuracy", "accuracy, %", 100, 2},
                                 {"converged", "converged, %", 100, 0}}};
  std::vector<Gathered> all;
  for (const double prior : kPriors) all.push_back(gather(cells, prior));
  for (std::size_t p = 0; p < all.size(); ++p) add_claims(all[p], kPriors[p], result);
  for (std::size_t p = 0; p < all.size(); ++p) {
    add_reproductions(all[p], kPriors[p], result);
    add_rows(all[p], kPriors[p], result);
    add_figures(all[p], kPriors[p], result);
  }
  result.settings = {
      fmt::format("x given y is N(y (1, 1), I); {} trials of {} training items each; errors are "
                  "exact, by the normal distribution function",
                  trials_of(plan), items_of(plan)),
      fmt::format("Bayes balanced error {:.4f} %", 100 * bayes_balanced_error()),
      "each loss is minimised over an affine score by BFGS, from zeros and from the line of "
      "cross-entropy (the lower loss counts: not all are convex), on all items at once, until "
      "no component of the gradient of its mean exceeds 2e-6, or no step goes down, or 200 steps; "
      "single precision, sums in double",
      fmt::format("'reaches the Bayes error' means: less than {} points above it", 100 * kReached),
      "weight normalisation: two free rows of weights from random starts (uniform in 1/sqrt 3) and "
      "a constant feature; from zeros the rows are each other's negative and nothing would change"};
  result.notes = {
      "published numbers R.* are of an independent program for the same problem, not of the paper, "
      "which prints none",
      "ldam is given plain scores here, not cosines; drw is judged in its second phase; eql draws "
      "its random mask once; losses that do not converge have no minimum (logit-norm) or a corner"};
  return result;
}

}  // namespace tailgrad::gaussian
