// Study gaussian: what a loss makes of a line when optimisation is no excuse.
#include <algorithm>
#include <cmath>
#include <map>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <tailgrad/core/random.h>
#include <tailgrad/losses/table.h>
#include <tailgrad/study/report/svg.h>
#include <tailgrad/study/studies/cell_values.h>
#include <tailgrad/study/studies/entries.h>
#include <tailgrad/study/studies/gaussian_problem.h>

namespace tailgrad {
namespace gaussian {
namespace {

using nlohmann::json;

constexpr double kPriors[] = {0.05, 0.2};
constexpr int kTrialsACell = 5;
// What counts as "reaches the Bayes error": a tenth of a point.
constexpr double kReached = 0.001;
constexpr double kSweepStep = 0.125;
constexpr double kSweepEnd = 2;

// A published number of the independent reference program, in per cent: 100 trials where an sd is
// given, else about ten.
struct Reference {
  double mean = 0;
  double sd = 0;
};

struct LossLine {
  std::string name;
  Index outputs = 2;
  std::optional<Reference> at5 = {};
  std::optional<Reference> at20 = {};
};

// Options of these losses beside the defaults of the whole table.
const std::vector<LossLine>& special_lines() {
  static const std::vector<LossLine> lines = {
      {"la:tau=0.5", 2, Reference{10.61, 0.27}},
      {"la:tau=2", 2, Reference{18.21, 1.13}},
      {"pairwise:weight_power=-0.5,tau_true=0.5,tau_other=0.5", 2, Reference{7.883, 0.016}},
      {"pairwise:weight_power=1,tau_true=2,tau_other=2", 2, Reference{7.897, 0.036}},
      {"pairwise:weight_power=-1,tau_true=1,tau_other=1", 2, Reference{18.19, 1.22}},
      {"pairwise:tau_true=1,tau_other=1,adaptive=1", 2, Reference{8.42, 0.14}},
      {"dice:scope=batch,square=false,mode=sigmoid", 1, Reference{15.1}},
      {"dice:scope=batch,mode=sigmoid", 1, Reference{14.8}},
      {"dsc:alpha=0.01,square=true,scope=batch,mode=sigmoid", 1, Reference{14.8}},
      {"dsc:alpha=0.1,square=true,scope=batch,mode=sigmoid", 1, Reference{16.1}},
      {"dsc:alpha=0.5,square=true,scope=batch,mode=sigmoid", 1, Reference{24.2}},
      {"dsc:scope=batch,mode=sigmoid", 1, Reference{35.1}},
      {"dsc:square=true,scope=batch,mode=sigmoid", 1, Reference{34.5}},
      {"dice:mode=sigmoid", 1, Reference{20.7}},
      {"dice:square=false,mode=sigmoid", 1, Reference{22.1}},
      {"dsc:mode=sigmoid", 1, Reference{40.5}},
  };
  return lines;
}

std::vector<LossLine> loss_lines() {
  const std::map<std::string, std::pair<Reference, std::optional<Reference>>> known = {
      {"ce", {{18.08, 0.54}, Reference{10.33}}}, {"wce", {{7.886, 0.018}, Reference{7.87}}},
      {"adaptive", {{16.22, 0.49}, {}}},         {"equalised", {{8.71, 0.17}, {}}},
      {"la", {{7.883, 0.015}, Reference{7.87}}}, {"focal", {{18.4}, {}}}};
  std::vector<LossLine> lines;
  for (const LossEntry& entry : loss_table()) {
    if (entry.task == LossTask::sequences) continue;
    LossLine line{.name = entry.spec.name};
    if (const auto found = known.find(line.name); found != known.end()) {
      line.at5 = found->second.first;
      line.at20 = found->second.second;
    }
    lines.push_back(std::move(line));
  }
  for (const LossLine& line : special_lines()) lines.push_back(line);
  return lines;
}

std::vector<double> sweep_taus() {
  std::vector<double> taus;
  for (double tau = 0; tau <= kSweepEnd; tau += kSweepStep) taus.push_back(tau);
  return taus;
}

std::vector<StudyCell> cells(const StudyPlan& plan) {
  if (!plan.data.empty()) fail("--data", "study gaussian draws its own data");
  // Trials are the seeds of this study.
  const int trials = plan.seeds > 0 ? plan.seeds : plan.pick(4, 100, 100);
  const int items = plan.pick(1000, 10000, 10000);
  std::vector<StudyCell> all;
  for (const double prior : kPriors)
    for (int first = 0; first < trials; first += kTrialsACell) {
      const int count = std::min(kTrialsACell, trials - first);
      all.push_back(
          {fmt::format("{:g} % positives, trials {} to {}", 100 * prior, first + 1, first + count),
           json{{"prior", prior},
                {"items", items},
                {"seed", plan.seed},
                {"first", first},
                {"trials", count}}
               .dump()});
    }
  return all;
}

void add_scores(json& into, const std::string& name, const LineScores& scores,
                const LinearFit* fit) {
  json& row = into[name];
  row["balanced_error"].push_back(scores.balanced_error);
  row["accuracy"].push_back(scores.accuracy);
  row["f1"].push_back(scores.f1);
  row["best_offset"].push_back(scores.best_offset);
  row["converged"].push_back(fit == nullptr || fit->converged ? 1 : 0);
}

// The rows of the training data drawn again: `per_class` items of each class, with replacement.
LinearData balanced(const LinearData& data, std::size_t per_class, bool replace, Random random) {
  std::vector<std::vector<std::size_t>> of_class(2);
  for (std::size_t i = 0; i < data.size(); ++i)
    of_class[static_cast<std::size_t>(data.classes[i])].push_back(i);
  LinearData out;
  out.columns.resize(data.columns.size());
  for (std::size_t k = 0; k < 2; ++k) {
    if (!replace) random.shuffle(of_class[k]);
    for (std::size_t i = 0; i < per_class; ++i) {
      const std::size_t at =
          of_class[k][replace ? static_cast<std::size_t>(random.below(of_class[k].size())) : i];
      for (std::size_t f = 0; f < data.columns.size(); ++f)
        out.columns[f].push_back(data.columns[f][at]);
      out.classes.push_back(data.classes[at]);
    }
  }
  return out;
}

// Rows divided by nu^tau, then the same argmax.
LineScores normalised(const std::vector<double>& weights, const std::array<double, 2>& nu,
                      double tau, double prior) {
  std::vector<double> scaled = weights;
  for (std::size_t k = 0; k < 2; ++k)
    for (std::size_t f = 0; f < 3; ++f) scaled[3 * k + f] /= std::pow(nu[k], tau);
  return score_fit(scaled, prior);
}

void run_trial(const json& config, std::uint64_t trial, json& out) {
  const double prior = config.at("prior");
  const std::uint64_t seed = config.at("seed");
  const LinearData data = draw_gaussians(seed, trial, prior, config.at("items"));
  const ClassCounts counts = ClassCounts::of_labels(data.classes, 2);
  json& losses = out["losses"];
  LinearFit plain;
  LinearFit adjusted;
  for (const LossLine& line : loss_lines()) {
    const std::unique_ptr<Loss> loss = make_loss(line.name, counts);
    LinearFitOptions options{.outputs = line.outputs, .most_steps = 200};
    options.pass.progress = 0.99;  // deferred parts are in force
    LinearFit fit = fit_linear(*loss, data, options);
    if (line.name != "ce") {
      // Not all are convex: the lower of two valleys counts.
      options.start = plain.weights;
      if (line.outputs == 1)
        for (std::size_t f = 0; f < 3; ++f)
          options.start[f] = plain.weights[3 + f] - plain.weights[f];
      options.start.resize(3 * static_cast<std::size_t>(line.outputs));
      LinearFit other = fit_linear(*loss, data, options);
      if (other.loss < fit.loss) fit = std::move(other);
    }
    add_scores(losses, line.name, score_fit(fit.weights, prior), &fit);
    if (line.name == "ce") plain = fit;
    if (line.name == "la") adjusted = fit;
  }
  const std::unique_ptr<Loss> ce = make_loss("ce");
  const std::size_t rare = static_cast<std::size_t>(counts.raw()[1]);
  const Random random(seed, "resampling " + shortest_text(prior), trial);
  const LinearData drawn = balanced(data, data.size() / 2, true, random);
  const LinearFit over = fit_linear(*ce, drawn);
  add_scores(losses, "ce@class-balanced", score_fit(over.weights, prior), &over);
  const LinearFit under = fit_linear(*ce, balanced(data, rare, false, random));
  add_scores(losses, "ce@down-sampled", score_fit(under.weights, prior), &under);

  // Two rows from random starts, as a network has them; from zeros they are each other's negative
  // and dividing them by anything positive changes no decision.
  std::vector<double> start(6);
  Random first(seed, "first weights " + shortest_text(prior), trial);
  for (double& value : start) value = first.uniform(-1, 1) / std::sqrt(3.0);
  const LinearFit free_rows = fit_linear(*ce, data, {.start = start});
  std::array<double, 2> norms{};
  for (std::size_t k = 0; k < 2; ++k)
    norms[k] = std::sqrt(std::pow(free_rows.weights[3 * k], 2) +
                         std::pow(free_rows.weights[3 * k + 1], 2) +
                         std::pow(free_rows.weights[3 * k + 2], 2));
  const std::array<double, 2> priors{counts.prior(0), counts.prior(1)};
  const std::vector<double> log_prior = counts.log_prior();
  const double odds = log_prior[1] - log_prior[0];
  json posthoc = json::array();
  json by_norm = json::array();
  json by_prior = json::array();
  for (const double tau : sweep_taus()) {
    std::vector<double> shifted = plain.weights;
    shifted[5] -= tau * log_prior[1];
    shifted[2] -= tau * log_prior[0];
    const LineScores scores = score_fit(shifted, prior);
    posthoc.push_back(scores.balanced_error);
    if (std::fmod(tau, 0.25) == 0 && tau != 1.75)
      add_scores(losses, "ce, then la:tau=" + shortest_text(tau), scores, &plain);
    by_norm.push_back(normalised(free_rows.weights, norms, tau, prior).balanced_error);
    by_prior.push_back(normalised(free_rows.weights, priors, tau, prior).balanced_error);
  }
  out["sweep"]["la"].push_back(posthoc);
  out["sweep"]["norm"].push_back(by_norm);
  out["sweep"]["prior"].push_back(by_prior);
  // Is the one classifier the other with the log odds in its bias?
  double apart = 0;
  for (std::size_t f = 0; f < 3; ++f) {
    const double a = plain.weights[3 + f] - plain.weights[f] - (f == 2 ? odds : 0);
    const double b = adjusted.weights[3 + f] - adjusted.weights[f];
    apart = std::max(apart, std::abs(a - b));
  }
  out["apart"].push_back(apart);
}

json run(const json& config, const StudyContext& context) {
  json out = json::object();
  const std::uint64_t first = config.at("first");
  const std::uint64_t trials = config.at("trials");
  for (std::uint64_t trial = first; trial < first + trials; ++trial) {
    context.check_stop();
    run_trial(config, trial, out);
  }
  return out;
}

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
  const int trials = plan.seeds > 0 ? plan.seeds : plan.pick(4, 100, 100);
  result.settings = {
      fmt::format("x given y is N(y (1, 1), I); {} trials of {} training items each; errors are "
                  "exact, by the normal distribution function",
                  trials, plan.pick(1000, 10000, 10000)),
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

}  // namespace
}  // namespace gaussian

StudyEntry gaussian_study() {
  return {.name = "gaussian",
          .meaning =
              "Two Gaussians, one of them rare: which loss finds the Bayes rule for the "
              "balanced error when it is minimised to the end?",
          .source =
              "Menon et al. 2021, Long-tail learning via logit adjustment, section 6.1 and "
              "figure 2",
          .claims = "C17, C18, Q4, Q5",
          .cells = gaussian::cells,
          .run = gaussian::run,
          .judge = gaussian::judge};
}

}  // namespace tailgrad
