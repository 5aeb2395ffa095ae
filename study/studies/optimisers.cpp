// Study optimisers: does the ranking of the losses survive the optimizer, and what does Adam's
// normalisation do for rare classes?
#include <algorithm>
#include <cmath>
#include <map>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <tailgrad/core/error.h>
#include <tailgrad/study/correlation.h>
#include <tailgrad/study/report/svg.h>
#include <tailgrad/study/studies/cell_values.h>
#include <tailgrad/study/studies/entries.h>
#include <tailgrad/study/studies/trained.h>

namespace tailgrad {
namespace optimisers {
namespace {

using nlohmann::json;

constexpr const char* kLosses[] = {"ce", "wce", "focal", "la", "equalised", "vs", "cb", "dsc"};

struct Optimizer {
  const char* name;
  const char* form;
};
constexpr Optimizer kOptimizers[] = {{"sgd-momentum", "sgd:momentum=0.9,"},
                                     {"adam", "adam:"},
                                     {"adamw", "adamw:weight_decay=0.01,"}};

struct Kind {
  std::string data;
  std::string model;
  int epochs;
  int batch;
  double sgd_rate;  // middle of the grid
  double adam_rate;
};

std::vector<Kind> kinds_of(const StudyPlan& plan) {
  std::vector<Kind> all;
  all.push_back({"clusters", "mlp:hidden=32", plan.pick(2, 15, 20), 64, 0.03, 1e-3});
  if (plan.size != StudySize::tiny)
    all.push_back({plan.size == StudySize::quick ? "wordnet/8" : "wordnet/2", "bag:width=32",
                   plan.pick(1, 4, 6), 2048, 1, 3e-3});
  if (!plan.data.empty())
    all.push_back({"ud-xpos=" + plan.data, "bilstm:width=32,words=32,char=none,affixes=16",
                   plan.pick(1, 1, 4), 512, 0.3, 2e-3});
  return all;
}

std::vector<double> factors_of(const StudyPlan& plan) {
  return plan.size == StudySize::full ? std::vector<double>{0.3, 1, 3} : std::vector<double>{1};
}

std::vector<std::string> losses_of(const StudyPlan& plan) {
  std::vector<std::string> all(std::begin(kLosses), std::end(kLosses));
  if (plan.size == StudySize::tiny) all.resize(4);
  return all;
}

std::vector<StudyCell> cells(const StudyPlan& plan) {
  std::vector<StudyCell> all;
  for (const Kind& kind : kinds_of(plan))
    for (const Optimizer& optimizer : kOptimizers)
      for (const double factor : factors_of(plan))
        for (const std::string& loss : losses_of(plan))
          for (const std::uint64_t seed : plan.seed_list(2, 5, 5)) {
            const bool adam = std::string(optimizer.name).starts_with("adam");
            RunOptions options{.data = kind.data};
            options.experiment.model = kind.model;
            options.experiment.loss = loss;
            TrainerOptions& training = options.experiment.training;
            training.optimizer = fmt::format("{}lr={:g}", optimizer.form,
                                             factor * (adam ? kind.adam_rate : kind.sgd_rate));
            training.schedule = "linear:warmup=0.1";
            training.epochs = kind.epochs;
            training.batch_tokens = static_cast<Index>(kind.batch);
            training.clip_norm = 1;
            training.seed = seed;
            all.push_back({fmt::format("{} {} x{:g} {}, seed {}", kind.data, optimizer.name, factor,
                                       loss, seed),
                           json{{"kind", kind.data},
                                {"optimizer", optimizer.name},
                                {"factor", factor},
                                {"run", run_json(options)}}
                               .dump()});
          }
  return all;
}

// Mean of log(step of a class of the rarest third) - log(step of one of the most frequent third),
// where a step is the distance that the row of the last layer went in an epoch.
double log_ratio(const std::vector<double>& steps, const std::vector<std::int64_t>& counts) {
  std::vector<std::int64_t> sorted = counts;
  std::ranges::sort(sorted);
  const std::int64_t rare = sorted[sorted.size() / 3];
  const std::int64_t frequent = sorted[sorted.size() - 1 - sorted.size() / 3];
  double sums[2] = {};
  double all[2] = {};
  for (std::size_t k = 0; k < counts.size(); ++k) {
    if (counts[k] == 0 || !(steps[k] > 0)) continue;
    const int side = counts[k] < rare ? 0 : counts[k] > frequent ? 1 : -1;
    if (side < 0) continue;
    sums[side] += std::log(steps[k]);
    ++all[side];
  }
  return all[0] > 0 && all[1] > 0 ? sums[0] / all[0] - sums[1] / all[1] : NAN;
}

json run(const json& config, const StudyContext& context) {
  std::vector<double> before;
  json ratios = json::array();
  const std::string data = config.at("run").at("data");
  const TrainedRun trained =
      train_run(read_run(config.at("run")), context, [&](int epoch, const Experiment& experiment) {
        const Problem& problem = study_problem(context, data);
        const auto values = experiment.model().output().weight.values();
        const auto classes = static_cast<std::size_t>(problem.labels.size());
        const std::size_t width = values.size() / classes;
        if (epoch > 0) {
          std::vector<double> steps(classes);
          for (std::size_t k = 0; k < classes; ++k) {
            for (std::size_t j = 0; j < width; ++j)
              steps[k] +=
                  std::pow(static_cast<double>(values[k * width + j]) - before[k * width + j], 2);
            steps[k] = std::sqrt(steps[k]);
          }
          ratios.push_back(json_number(log_ratio(steps, problem.counts(problem.train))));
        }
        before.assign(values.begin(), values.end());
      });
  if (trained.diverged) return {{"diverged", trained.divergence}};
  const ScoredSplit dev = score_split(*trained.experiment, trained.problem->dev);
  const ScoredSplit test = score_split(*trained.experiment, trained.problem->test);
  return {{"dev", json_number(balanced_error_of(dev))},
          {"test", json_number(balanced_error_of(test))},
          {"ratios", ratios}};
}

struct Cell {
  double dev = NAN;
  double test = NAN;
  std::vector<double> ratios = {};
};
// [optimizer][loss][factor][seed]
using Table = std::map<std::string, std::map<std::string, std::map<double, std::vector<Cell>>>>;

Table table_of_kind(const json& cells, const std::string& kind) {
  Table table;
  for (const json& cell : cells) {
    const json& config = cell.at("config");
    if (config.at("kind") != kind) continue;
    const json& result = cell.at("result");
    Cell one;
    if (result.contains("dev")) {
      one.dev = number_or_nan(result.at("dev"));
      one.test = number_or_nan(result.at("test"));
      for (const json& ratio : result.at("ratios")) one.ratios.push_back(number_or_nan(ratio));
    }
    table[config.at("optimizer")][config.at("run").at("loss")][config.at("factor").get<double>()]
        .push_back(std::move(one));
  }
  return table;
}

// The learning rate that is best on dev, for this loss and optimizer: mean over the seeds that did
// not diverge; one that diverged for any seed is not chosen unless all did.
const std::vector<Cell>& best_rate(const std::map<double, std::vector<Cell>>& by_factor) {
  const std::vector<Cell>* best = &by_factor.begin()->second;
  double least = INFINITY;
  for (const auto& [factor, seeds] : by_factor) {
    double sum = 0;
    for (const Cell& cell : seeds) sum += std::isfinite(cell.dev) ? cell.dev : 2.0;
    if (sum < least) {
      least = sum;
      best = &seeds;
    }
  }
  return *best;
}

std::vector<double> tests_of(const std::vector<Cell>& seeds) {
  std::vector<double> values;
  for (const Cell& cell : seeds) values.push_back(cell.test);
  return values;
}

StudyResult judge(const StudyPlan& plan, const json& cells) {
  StudyResult result{.columns = {{"balanced_error", "test balanced error, %", 100, 2}}};
  const std::vector<std::string> losses = losses_of(plan);
  for (const Kind& kind : kinds_of(plan)) {
    const Table table = table_of_kind(cells, kind.data);
    const std::string short_name = kind.data.substr(0, kind.data.find('='));
    const auto text = [&](const std::string& id, const std::string& claim) {
      return ClaimText{.id = "O." + id + "." + short_name,
                       .claim = claim + " (" + short_name + ")"};
    };
    std::map<std::string, std::map<std::string, std::vector<double>>> errors;
    ForestPlot plot{.title = "Balanced error by loss and optimizer, " + short_name,
                    .x = {"balanced error on test, %"}};
    for (std::size_t o = 0; o < std::size(kOptimizers); ++o) {
      const std::string optimizer = kOptimizers[o].name;
      plot.rows.push_back({.label = optimizer, .heading = true});
      for (const std::string& loss : losses) {
        const std::vector<double> tests = tests_of(best_rate(table.at(optimizer).at(loss)));
        errors[optimizer][loss] = tests;
        const Summary summary = summary_of_values(tests);
        result.rows.push_back({.group = short_name + ", " + optimizer,
                               .name = loss,
                               .metrics = {{"balanced_error", summary}}});
        add_row(plot, loss, summary, 100, o);
      }
    }
    // Ranks of the losses, seed by seed.
    const auto ranks_of = [&](const std::string& optimizer, std::size_t seed) {
      std::vector<double> values;
      for (const std::string& loss : losses) values.push_back(errors[optimizer][loss][seed]);
      return values;
    };
    const std::size_t seeds = errors["adam"]["ce"].size();
    for (const char* other : {"adam", "adamw"}) {
      std::vector<double> agreement;
      for (std::size_t s = 0; s < seeds; ++s)
        agreement.push_back(spearman(ranks_of("sgd-momentum", s), ranks_of(other, s)));
      result.claims.push_back(
          claim_above(text(std::string("ranking.") + other,
                           std::string("The losses rank alike under sgd-momentum and ") + other +
                               " (Spearman of their balanced errors, seed by seed)"),
                      summary_of_values(agreement), 0.5));
    }
    std::map<std::string, std::vector<double>> gains;
    for (const Optimizer& optimizer : kOptimizers) {
      gains[optimizer.name] =
          paired_differences(errors[optimizer.name]["ce"], errors[optimizer.name]["la"]);
      ClaimText gain =
          text(std::string("la.") + optimizer.name,
               std::string("la has a lower balanced error than ce under ") + optimizer.name);
      gain.scale = 100;
      gain.unit = "points";
      result.claims.push_back(
          claim_below(std::move(gain), summary_of_values(gains[optimizer.name]), 0));
    }
    ClaimText more = text("gain",
                          "la gains as much under adam as under sgd-momentum, within a "
                          "point (la minus ce, adam minus sgd-momentum)");
    more.scale = 100;
    more.unit = "points";
    result.claims.push_back(claim_within(
        std::move(more),
        summary_of_values(paired_differences(gains["sgd-momentum"], gains["adam"])), 0, 0.01));
    // Steps of rare and frequent classes.
    Chart steps{
        .title = "Steps of rare classes against frequent ones through training, ce, " + short_name,
        .x = {.label = "epoch", .whole = true},
        .y = {"step of rare rows / step of frequent rows", true}};
    std::map<std::string, std::vector<double>> mean_ratio;
    for (const Optimizer& optimizer : kOptimizers) {
      const std::vector<Cell>& chosen = best_rate(table.at(optimizer.name).at("ce"));
      Series line{.name = optimizer.name};
      std::size_t epochs = 0;
      for (const Cell& cell : chosen) {
        epochs = std::max(epochs, cell.ratios.size());
        double sum = 0;
        for (const double ratio : cell.ratios) sum += ratio;
        mean_ratio[optimizer.name].push_back(
            cell.ratios.empty() ? NAN : sum / static_cast<double>(cell.ratios.size()));
      }
      for (std::size_t e = 0; e < epochs; ++e) {
        std::vector<double> values;
        for (const Cell& cell : chosen)
          if (e < cell.ratios.size()) values.push_back(cell.ratios[e]);
        const Summary summary = summary_of_values(values);
        line.x.push_back(static_cast<double>(e + 1));
        line.y.push_back(summary.mean ? std::exp(*summary.mean) : NAN);
        line.low.push_back(summary.low ? std::exp(*summary.low) : line.y.back());
        line.high.push_back(summary.high ? std::exp(*summary.high) : line.y.back());
      }
      steps.series.push_back(std::move(line));
    }
    result.claims.push_back(claim_above(
        text("steps",
             "Adam lets the rows of rare classes go further, against those of frequent "
             "ones, than sgd-momentum (difference of the log ratio of steps, ce)"),
        summary_of_values(paired_differences(mean_ratio["sgd-momentum"], mean_ratio["adam"])), 0));
    result.figures.push_back({.caption = plot.title,
                              .note = "At the learning rate that is best on dev for that loss and "
                                      "optimizer.",
                              .svg = forest_plot(plot),
                              .numbers = table_of(plot)});
    result.figures.push_back({.caption = steps.title,
                              .note = "Distance that the row of the last layer goes in an epoch; "
                                      "geometric means of the rarest and the most frequent third.",
                              .svg = line_chart(steps),
                              .numbers = table_of(steps)});
  }
  std::string factors;
  for (const double factor : factors_of(plan)) factors += fmt::format(" {:g}", factor);
  result.settings = {
      fmt::format("{} seeds; learning rates are multiples{} of 0.03 / 1 / 0.3 (sgd-momentum) and "
                  "1e-3 / 3e-3 / 2e-3 (Adam, AdamW) on clusters / wordnet / tags; the best on dev "
                  "for each loss and optimizer is judged on test",
                  plan.seed_list(2, 5, 5).size(), factors),
      "losses at their defaults; linear warm-up of 10 %, then down to 0; gradients clipped to norm "
      "1; last weights"};
  if (plan.data.empty())
    result.notes.push_back(
        "tags are left out: --data FOLDER with Universal Dependencies files "
        "adds them");
  return result;
}

}  // namespace
}  // namespace optimisers

StudyEntry optimisers_study() {
  return {.name = "optimisers",
          .meaning = "Does the ranking of the losses survive the optimizer?",
          .source = "own question, after Menon et al. 2021, figure 1",
          .claims = "C14, C18 beyond the paper",
          .cells = optimisers::cells,
          .run = optimisers::run,
          .judge = optimisers::judge};
}

}  // namespace tailgrad
