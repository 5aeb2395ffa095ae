// Study gaussian: what a loss makes of a line when optimisation is no excuse.
#include <tailgrad/study/studies/gaussian.h>

#include <algorithm>
#include <cmath>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <tailgrad/core/random.h>
#include <tailgrad/study/studies/cell_values.h>
#include <tailgrad/study/studies/entries.h>
#include <tailgrad/study/studies/gaussian_problem.h>

namespace tailgrad {
namespace gaussian {
namespace {

using nlohmann::json;

constexpr int kTrialsACell = 5;
constexpr double kSweepStep = 0.125;
constexpr double kSweepEnd = 2;

std::vector<StudyCell> cells(const StudyPlan& plan) {
  if (!plan.data.empty()) fail("--data", "study gaussian draws its own data");
  const int trials = trials_of(plan);
  std::vector<StudyCell> all;
  for (const double prior : kPriors)
    for (int first = 0; first < trials; first += kTrialsACell) {
      const int count = std::min(kTrialsACell, trials - first);
      all.push_back(
          {fmt::format("{:g} % positives, trials {} to {}", 100 * prior, first + 1, first + count),
           json{{"prior", prior},
                {"items", items_of(plan)},
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

}  // namespace

std::vector<double> sweep_taus() {
  std::vector<double> taus;
  for (double tau = 0; tau <= kSweepEnd; tau += kSweepStep) taus.push_back(tau);
  return taus;
}

int trials_of(const StudyPlan& plan) {
  return plan.seeds > 0 ? plan.seeds : plan.pick(4, 100, 100);
}

int items_of(const StudyPlan& plan) {
  return plan.pick(1000, 10000, 10000);
}

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
