// Study absorb-prior: if a bias can absorb the log prior, why write it into the loss?
#include <cmath>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <tailgrad/study/correlation.h>
#include <tailgrad/study/report/svg.h>
#include <tailgrad/study/studies/cell_values.h>
#include <tailgrad/study/studies/entries.h>
#include <tailgrad/study/studies/trained.h>

namespace tailgrad {
namespace absorb_prior {
namespace {

using nlohmann::json;

// What counts as the same balanced error: one point.
constexpr double kSame = 0.01;
constexpr const char* kLosses[] = {"ce", "la"};
constexpr BiasRule kRules[] = {BiasRule::free, BiasRule::none, BiasRule::log_prior,
                               BiasRule::decayed};
constexpr double kLearningRate = 3e-3;
constexpr double kDecay = 0.1;

std::vector<std::string> data_of(const StudyPlan& plan) {
  if (plan.size == StudySize::tiny) return {"clusters"};
  if (plan.size == StudySize::quick) return {"clusters", "wordnet/4"};
  return {"clusters", "wordnet"};
}

int epochs_of(const StudyPlan& plan, const std::string& data) {
  return data == "clusters" ? plan.pick(2, 20, 20) : plan.pick(1, 6, 6);
}

std::vector<StudyCell> cells(const StudyPlan& plan) {
  if (!plan.data.empty()) fail("--data", "study absorb-prior has its own data");
  std::vector<StudyCell> all;
  for (const std::string& data : data_of(plan))
    for (const char* loss : kLosses)
      for (const BiasRule rule : kRules)
        for (const std::uint64_t seed : plan.seed_list(2, 5, 10)) {
          RunOptions options{.data = data, .bias = rule};
          options.experiment.loss = loss;
          TrainerOptions& training = options.experiment.training;
          training.seed = seed;
          training.optimizer = fmt::format("adamw:lr={:g}", kLearningRate);
          training.schedule = "constant";
          if (rule == BiasRule::decayed) options.bias_decay = kLearningRate * kDecay;
          training.epochs = epochs_of(plan, data);
          if (data == "clusters") {
            options.experiment.model = "mlp:hidden=32";
            training.batch_tokens = 64;
          } else {
            options.experiment.model = "bag:width=32";
            training.batch_tokens = 2048;
          }
          all.push_back({fmt::format("{} {} bias {}, seed {}", data, loss, bias_name(rule), seed),
                         json{{"run", run_json(options)}}.dump()});
        }
  return all;
}

json run(const json& config, const StudyContext& context) {
  const RunOptions options = read_run(config.at("run"));
  const TrainedRun trained = train_run(options, context);
  if (trained.diverged) return {{"diverged", trained.divergence}};
  const Problem& problem = *trained.problem;
  const ScoredSplit dev = score_split(*trained.experiment, problem.dev);
  const ScoredSplit test = score_split(*trained.experiment, problem.test);
  const double tau = tuned_tau(problem, dev);
  const bool adjusted = options.experiment.loss == "la";
  return {
      {"plain", balanced_error_of(test)},
      {"judged",
       adjusted ? balanced_error_of(test) : balanced_error_of(test, {}, la_offset(problem, 1))},
      {"tuned", balanced_error_of(test, {}, la_offset(problem, tau))},
      {"tau", json_number(tau)},
      // How much of the log prior is in the bias.
      {"absorbed", json_number(slope(la_offset(problem, -1), output_biases(*trained.experiment)))}};
}

std::vector<double> column(const json& cells, const std::string& data, const std::string& loss,
                           BiasRule rule, const std::string& key) {
  return values_of(
      cells,
      [&](const json& config) {
        const json& run = config.at("run");
        return run.at("data") == data && run.at("loss") == loss &&
               run.at("bias") == bias_name(rule);
      },
      "/" + key);
}

StudyResult judge(const StudyPlan& plan, const json& cells) {
  StudyResult result{.columns = {{"plain", "balanced error of argmax z, %", 100, 2},
                                 {"judged", "as meant (ce: then la:tau=1), %", 100, 2},
                                 {"tuned", "tau from dev, %", 100, 2},
                                 {"tau", "that tau", 1, 2},
                                 {"absorbed", "log prior in the bias", 1, 2}}};
  for (const std::string& data : data_of(plan)) {
    const auto text = [&](const std::string& id, const std::string& claim) {
      return ClaimText{.id = "Q4." + id + "." + data,
                       .claim = claim + " (" + data + ")",
                       .scale = 100,
                       .unit = "points"};
    };
    ForestPlot plot{.title = "Balanced error by loss and bias, " + data,
                    .x = {"balanced error on test, %"}};
    for (const BiasRule rule : kRules) {
      const std::vector<double> ce = column(cells, data, "ce", rule, "judged");
      const std::vector<double> la = column(cells, data, "la", rule, "judged");
      result.claims.push_back(claim_within(
          text("loss." + bias_name(rule), "With bias " + bias_name(rule) +
                                              ", the logit-adjusted loss and post-hoc adjustment "
                                              "of cross-entropy differ by less than a point"),
          summary_of_values(paired_differences(ce, la)), 0, kSame));
    }
    for (const char* loss : kLosses)
      for (const BiasRule rule : {BiasRule::none, BiasRule::log_prior, BiasRule::decayed})
        result.claims.push_back(
            claim_within(text(std::string("bias.") + loss + "." + bias_name(rule),
                              std::string("Under ") + loss + " a bias " + bias_name(rule) +
                                  " does as well as a free one, within a point"),
                         summary_of_values(
                             paired_differences(column(cells, data, loss, BiasRule::free, "judged"),
                                                column(cells, data, loss, rule, "judged"))),
                         0, kSame));
    ClaimText absorbed =
        text("absorbed",
             "Under ce the free bias takes up at least half of the log prior (slope "
             "of bias on log prior)");
    absorbed.scale = 1;
    absorbed.unit = "";
    result.claims.push_back(
        claim_above(std::move(absorbed),
                    summary_of_values(column(cells, data, "ce", BiasRule::free, "absorbed")), 0.5));
    for (const char* loss : kLosses)
      for (const BiasRule rule : kRules) {
        StudyRow row{.group = data, .name = std::string(loss) + ", bias " + bias_name(rule)};
        for (const StudyColumn& one : result.columns)
          row.metrics[one.metric] = summary_of_values(column(cells, data, loss, rule, one.metric));
        add_row(plot, row.name, row.metrics["judged"], 100, std::string(loss) == "la" ? 1 : 0);
        result.rows.push_back(std::move(row));
      }
    result.figures.push_back({.caption = plot.title,
                              .note = "ce is judged after la:tau=1, la as it is.",
                              .svg = forest_plot(plot),
                              .numbers = table_of(plot)});
  }
  result.settings = {
      fmt::format("clusters: mlp:hidden=32, {} epochs; wordnet: bag:width=32, {} epochs; "
                  "adamw:lr={:g}, constant rate, last weights, {} seeds",
                  epochs_of(plan, "clusters"), epochs_of(plan, "wordnet"), kLearningRate,
                  plan.seed_list(2, 5, 10).size()),
      fmt::format(
          "bias none: held at 0; log-prior: begins there; decayed: multiplied by 1 - {:g} in "
          "every step",
          kLearningRate * kDecay),
      "the same seed means the same first weights and batches for all settings"};
  return result;
}

}  // namespace
}  // namespace absorb_prior

StudyEntry absorb_prior_study() {
  return {.name = "absorb-prior",
          .meaning =
              "A bias can absorb the log prior: does it still matter to write it into the "
              "loss?",
          .source =
              "question to Menon et al. 2021; their section 4.1 expects no difference for "
              "convex objectives",
          .claims = "Q4",
          .cells = absorb_prior::cells,
          .run = absorb_prior::run,
          .judge = absorb_prior::judge};
}

}  // namespace tailgrad
