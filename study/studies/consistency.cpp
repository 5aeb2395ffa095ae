// Study consistency: where a loss puts its threshold, predicted and simulated.
#include <algorithm>
#include <cmath>
#include <map>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <tailgrad/core/tape.h>
#include <tailgrad/losses/table.h>
#include <tailgrad/study/report/svg.h>
#include <tailgrad/study/studies/cell_values.h>
#include <tailgrad/study/studies/entries.h>
#include <tailgrad/study/studies/gaussian_problem.h>

namespace tailgrad {
namespace consistency {
namespace {

using nlohmann::json;

constexpr double kPriors[] = {0.05, 0.2};
constexpr int kTrialsACell = 2;
// Posteriors are cut into bins of this width in log odds.
constexpr double kBin = 0.25;
constexpr double kLowest = -10;
constexpr double kHighest = 5;
// Two thresholds are the same when their log odds are closer than this.
constexpr double kSame = 0.1;

enum class Expected { consistent, inconsistent, other };

struct Line {
  const char* name;
  Expected expected;
  const char* at5;  // published threshold at 5 % positives
};

const std::vector<Line>& lines() {
  static const std::vector<Line> all = {
      {"ce", Expected::inconsistent, ".5"},
      {"wce", Expected::consistent, ".05"},
      {"la", Expected::consistent, ".05"},
      {"balanced-softmax", Expected::consistent, ".05 (is la)"},
      {"la:tau=0.5", Expected::inconsistent, ""},
      {"la:tau=2", Expected::inconsistent, ".0028"},
      {"adaptive", Expected::inconsistent, ".451"},
      {"equalised", Expected::inconsistent, ".089"},
      {"pairwise:weight_power=-0.5,tau_true=0.5,tau_other=0.5", Expected::consistent, ".05"},
      {"pairwise:weight_power=1,tau_true=2,tau_other=2", Expected::consistent, ".05"},
      {"pairwise:weight_power=-1,tau_true=1,tau_other=1", Expected::inconsistent, ".0028"},
      {"pairwise:tau_true=1,tau_other=1,adaptive=1", Expected::inconsistent, ""},
      {"cb:beta=0.9999999", Expected::consistent, ".05 in the limit"},
      {"cb", Expected::inconsistent, ""},
      {"ldam", Expected::inconsistent, ""},
      {"focal", Expected::inconsistent, ""},
      {"poly", Expected::inconsistent, ""},
      {"gce", Expected::inconsistent, ""},
      {"ce:label_smoothing=0.1", Expected::inconsistent, ""},
      // Its margins follow the scores, so no slope at a tie predicts it.
      {"seesaw", Expected::other, ""},
  };
  return all;
}

double log_odds(double p) {
  return std::log(p / (1 - p));
}

int trials_of(const StudyPlan& plan) {
  return plan.seeds > 0 ? plan.seeds : plan.pick(2, 10, 40);
}

std::vector<StudyCell> cells(const StudyPlan& plan) {
  if (!plan.data.empty()) fail("--data", "study consistency draws its own data");
  std::vector<StudyCell> all;
  for (const double prior : kPriors)
    for (int first = 0; first < trials_of(plan); first += kTrialsACell)
      all.push_back({fmt::format("{:g} % positives, trials from {}", 100 * prior, first + 1),
                     json{{"prior", prior},
                          {"items", plan.pick(20000, 200000, 200000)},
                          {"seed", plan.seed},
                          {"first", first},
                          {"trials", std::min(kTrialsACell, trials_of(plan) - first)}}
                         .dump()});
  return all;
}

// d loss / d (z_1 - z_0) of one item of class y at z = (0, 0), by the loss itself.
double slope_at_tie(const Loss& loss, Index y) {
  Tensor logits = Tensor::parameter({1, 2});
  std::ranges::fill(logits.mutable_values(), Real{0});
  const std::vector<Index> classes{y};
  const LossOutput out = loss(logits, {.classes = classes});
  Tape::current().backward(out.sum, Tensor::scalar(Real{1}));
  const auto g = logits.grad();
  return 0.5 * (static_cast<double>(g[1]) - static_cast<double>(g[0]));
}

// The posterior at which a scorer that may do as it likes is torn: eta l'(+, 0) = -(1 - eta) l'(-,
// 0). For the margin losses this is 1 / (1 + w+ s(d+) / (w- s(d-))).
double predicted_log_odds(const Loss& loss) {
  return std::log(slope_at_tie(loss, 0) / -slope_at_tie(loss, 1));
}

struct Bin {
  LinearData items = {};
  double posterior_sum = 0;
};

std::vector<Bin> cut_into_bins(const LinearData& data, double prior) {
  std::vector<Bin> bins(static_cast<std::size_t>((kHighest - kLowest) / kBin));
  for (Bin& bin : bins) bin.items.columns.resize(1);
  for (std::size_t i = 0; i < data.size(); ++i) {
    const double x =
        static_cast<double>(data.columns[0][i]) + static_cast<double>(data.columns[1][i]);
    const double odds = 2 * x + log_odds(prior);
    const double at = (odds - kLowest) / kBin;
    if (!(at >= 0 && at < static_cast<double>(bins.size()))) continue;
    Bin& bin = bins[static_cast<std::size_t>(at)];
    bin.items.columns[0].push_back(1);
    bin.items.classes.push_back(data.classes[i]);
    bin.posterior_sum += 1 / (1 + std::exp(-odds));
  }
  return bins;
}

// The log odds at which the scores of the bins turn from - to +: the cut with the fewest items on
// its wrong side, then between its two bins by their scores.
double crossing(const std::vector<double>& score, const std::vector<double>& where,
                const std::vector<double>& size) {
  const std::size_t n = score.size();
  double wrong = 0;
  for (std::size_t b = 0; b < n; ++b) wrong += score[b] > 0 ? 0 : size[b];
  double least = wrong;
  std::size_t cut = 0;
  for (std::size_t b = 0; b < n; ++b) {
    wrong += score[b] > 0 ? size[b] : -size[b];
    if (wrong < least) {
      least = wrong;
      cut = b + 1;
    }
  }
  if (cut == 0 || cut == n) return NAN;
  const double below = score[cut - 1];
  const double above = score[cut];
  if (!(below < 0 && above > 0)) return 0.5 * (where[cut - 1] + where[cut]);
  return where[cut - 1] + (where[cut] - where[cut - 1]) * below / (below - above);
}

json run(const json& config, const StudyContext& context) {
  json out = json::object();
  const std::uint64_t first = config.at("first");
  const std::uint64_t trials = config.at("trials");
  for (std::uint64_t trial = first; trial < first + trials; ++trial) {
    const double prior = config.at("prior");
    const LinearData data = draw_gaussians(config.at("seed"), trial, prior, config.at("items"));
    // Of all items, those beyond the bins too.
    const ClassCounts counts = ClassCounts::of_labels(data.classes, 2);
    const std::vector<Bin> bins = cut_into_bins(data, prior);
    for (const Line& line : lines()) {
      context.check_stop();
      const std::unique_ptr<Loss> loss = make_loss(line.name, counts);
      std::vector<double> score;
      std::vector<double> where;
      std::vector<double> size;
      for (const Bin& bin : bins) {
        // Without both classes the scores run away; such bins are far from every threshold.
        const auto positives = std::ranges::count(bin.items.classes, Index{1});
        const auto items = static_cast<std::ptrdiff_t>(bin.items.size());
        if (items < 50) continue;
        const double posterior = bin.posterior_sum / static_cast<double>(items);
        where.push_back(log_odds(posterior));
        size.push_back(static_cast<double>(items));
        if (positives == 0 || positives == items) {
          score.push_back(positives == 0 ? -50 : 50);
          continue;
        }
        const LinearFit fit = fit_linear(*loss, bin.items, {.most_steps = 60, .tolerance = 1e-5});
        score.push_back(fit.weights[1] - fit.weights[0]);
      }
      const double at = crossing(score, where, size);
      out[line.name]["simulated"].push_back(json_number(at));
      out[line.name]["predicted"].push_back(predicted_log_odds(*loss));
    }
  }
  return out;
}

std::vector<double> numbers_of(const json& cells, double prior, const std::string& name,
                               const char* key) {
  std::vector<double> all;
  for (const json& cell : cells)
    if (cell.at("config").at("prior").get<double>() == prior)
      for (const json& value : cell.at("result").at(name).at(key))
        all.push_back(number_or_nan(value));
  return all;
}

double share_of(double odds) {
  return 1 / (1 + std::exp(-odds));
}

StudyResult judge(const StudyPlan& plan, const json& cells) {
  StudyResult result{.columns = {{"predicted", "predicted P(+) at the threshold", 1, 4},
                                 {"simulated", "simulated", 1, 4},
                                 {"from_prior", "log odds from the consistent one", 1, 3}}};
  for (const double prior : kPriors) {
    const bool first = prior == kPriors[0];
    const std::string at = first ? "" : "@20%";
    const std::string where = first ? "" : " (20 % positives)";
    ForestPlot plot{.title = fmt::format("Thresholds at {:g} % positives", 100 * prior),
                    .x = {"log odds of P(+) at which the decision turns"},
                    .reference = log_odds(prior)};
    for (const Line& line : lines()) {
      const std::vector<double> predicted = numbers_of(cells, prior, line.name, "predicted");
      const std::vector<double> simulated = numbers_of(cells, prior, line.name, "simulated");
      std::vector<double> from_prior = simulated;
      for (double& value : from_prior) value -= log_odds(prior);
      std::vector<double> away = from_prior;
      for (double& value : away) value = std::abs(value);
      const auto text = [&](const std::string& id, const std::string& claim,
                            const std::string& published) {
        return ClaimText{.id = id + line.name + at,
                         .claim = claim + where,
                         .published = published,
                         .unit = "in log odds",
                         .digits = 3};
      };
      const std::string published =
          first && *line.at5 != '\0' ? "threshold " + std::string(line.at5) : std::string();
      if (line.expected != Expected::other)
        result.claims.push_back(claim_within(
            text("C21.threshold.",
                 std::string("The threshold of ") + line.name + " is the predicted one", published),
            summary_of_values(paired_differences(predicted, simulated)), 0, kSame));
      if (line.expected == Expected::consistent)
        result.claims.push_back(claim_within(
            text("C21.consistent.",
                 std::string(line.name) + " is consistent for the balanced error", "0"),
            summary_of_values(from_prior), 0, kSame));
      if (line.expected == Expected::inconsistent)
        result.claims.push_back(claim_above(
            text("C21.inconsistent.",
                 std::string(line.name) + " is not consistent for the balanced error", ""),
            summary_of_values(away), kSame));
      StudyRow row{.group = fmt::format("{:g} % positives", 100 * prior), .name = line.name};
      std::vector<double> shares_predicted;
      std::vector<double> shares_simulated;
      for (const double odds : predicted) shares_predicted.push_back(share_of(odds));
      for (const double odds : simulated) shares_simulated.push_back(share_of(odds));
      if (line.expected != Expected::other)
        row.metrics["predicted"] = summary_of_values(shares_predicted);
      row.metrics["simulated"] = summary_of_values(shares_simulated);
      row.metrics["from_prior"] = summary_of_values(from_prior);
      result.rows.push_back(std::move(row));
      add_row(plot, line.name, summary_of_values(simulated), 1,
              line.expected == Expected::consistent ? 2 : 1);
    }
    result.figures.push_back({.caption = plot.title,
                              .note = "Dashed: the threshold of the Bayes rule for the balanced "
                                      "error, P(+) equal to its frequency.",
                              .svg = forest_plot(plot),
                              .numbers = table_of(plot)});
  }
  result.settings = {
      fmt::format("two Gaussians as in study gaussian; {} trials of {} items", trials_of(plan),
                  plan.pick(20000, 200000, 200000)),
      fmt::format(
          "the scorer may do as it likes: the known posterior is cut into bins of {} in log "
          "odds, and each bin of at least 50 items gets logits of its own, minimised with "
          "the loss of the library; the threshold is where their difference changes sign",
          kBin),
      "prediction: P(+) at which the slopes of the loss at equal logits balance, which for the "
      "margin losses is Lemma 2 of the paper with the standard sigmoid",
      fmt::format("two thresholds count as the same within {} in log odds", kSame)};
  result.notes = {
      "the paper prints Lemma 2 with sigma(z) = 1/(1 + e^z); with that its own example would be "
      "inconsistent: the standard sigmoid is meant",
      "consistency is asymptotic and for scorers without limits: a linear scorer, or a network "
      "that "
      "fits all its items, may still do otherwise (studies gaussian and separable)"};
  return result;
}

}  // namespace
}  // namespace consistency

StudyEntry consistency_study() {
  return {.name = "consistency",
          .meaning = "Which losses put their threshold where the balanced error wants it?",
          .source = "Menon et al. 2021, Theorem 1, Lemma 2 and equation 11",
          .claims = "C21",
          .cells = consistency::cells,
          .run = consistency::run,
          .judge = consistency::judge};
}

}  // namespace tailgrad
