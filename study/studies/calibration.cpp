// Study calibration: is the best tau the temperature?
#include <algorithm>
#include <cmath>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <tailgrad/study/correlation.h>
#include <tailgrad/study/report/svg.h>
#include <tailgrad/study/studies/cell_values.h>
#include <tailgrad/study/studies/entries.h>
#include <tailgrad/study/studies/trained.h>

namespace tailgrad {
namespace calibration {
namespace {

using nlohmann::json;

struct Setting {
  std::string data;
  std::string loss;
  int epochs;
  std::string name() const { return fmt::format("{} {}, {} epochs", data, loss, epochs); }
};

std::vector<Setting> settings_of(const StudyPlan& plan) {
  std::vector<Setting> all;
  const std::vector<int> table =
      plan.size == StudySize::tiny ? std::vector<int>{1, 3, 6} : std::vector<int>{3, 10, 30, 100};
  for (const int epochs : table)
    for (const char* loss : {"ce", "ce:label_smoothing=0.1"})
      all.push_back({"clusters", loss, epochs});
  if (plan.size == StudySize::tiny) return all;
  const std::string text = plan.size == StudySize::quick ? "wordnet/4" : "wordnet";
  const std::vector<int> epochs_of_text =
      plan.size == StudySize::quick ? std::vector<int>{2, 8} : std::vector<int>{1, 3, 10, 20};
  for (const int epochs : epochs_of_text)
    for (const char* loss : {"ce", "ce:label_smoothing=0.1"}) all.push_back({text, loss, epochs});
  return all;
}

std::vector<StudyCell> cells(const StudyPlan& plan) {
  if (!plan.data.empty()) fail("--data", "study calibration has its own data");
  std::vector<StudyCell> all;
  for (const Setting& setting : settings_of(plan))
    for (const std::uint64_t seed : plan.seed_list(2, 5, 5)) {
      RunOptions options{.data = setting.data};
      options.experiment.loss = setting.loss;
      TrainerOptions& training = options.experiment.training;
      training.seed = seed;
      training.epochs = setting.epochs;
      training.schedule = "constant";
      if (setting.data == "clusters") {
        options.experiment.model = "mlp:hidden=64";
        training.batch_tokens = 64;
      } else {
        options.experiment.model = "bag:width=32";
        training.batch_tokens = 2048;
      }
      all.push_back({fmt::format("{}, seed {}", setting.name(), seed),
                     json{{"setting", setting.name()}, {"run", run_json(options)}}.dump()});
    }
  return all;
}

// Calibration is that of data like the training data. A split whose classes are equally frequent is
// drawn again: of class k the first n_k items, over and over when there are fewer.
ScoredSplit as_frequent_as_in_training(const Problem& problem, const ScoredSplit& split) {
  const std::vector<std::int64_t> counts = problem.counts(problem.train);
  const auto width = static_cast<std::size_t>(split.classes);
  std::vector<std::int64_t> items(width);
  for (const Index label : split.labels) ++items[static_cast<std::size_t>(label)];
  if (*std::ranges::max_element(items) != *std::ranges::min_element(items)) return split;
  ScoredSplit out{.classes = split.classes};
  std::vector<std::int64_t> seen(width);
  for (std::size_t i = 0; i < split.size(); ++i) {
    const auto label = static_cast<std::size_t>(split.labels[i]);
    for (std::int64_t at = seen[label]++; at < counts[label]; at += items[label]) {
      out.labels.push_back(split.labels[i]);
      const double* row = split.logits.data() + i * width;
      out.logits.insert(out.logits.end(), row, row + width);
    }
  }
  return out;
}

json run(const json& config, const StudyContext& context) {
  const TrainedRun trained = train_run(read_run(config.at("run")), context);
  if (trained.diverged) return {{"diverged", trained.divergence}};
  const Problem& problem = *trained.problem;
  const ScoredSplit dev = score_split(*trained.experiment, problem.dev);
  const ScoredSplit test = score_split(*trained.experiment, problem.test);
  const ScoredSplit natural = as_frequent_as_in_training(problem, dev);
  const double temperature = temperature_of(natural);
  const double tau = tuned_tau(problem, dev);
  return {{"ece", json_number(ece_of(natural))},
          {"temperature", json_number(temperature)},
          {"tau", json_number(tau)},
          {"plain", balanced_error_of(test)},
          {"at_1", balanced_error_of(test, {}, la_offset(problem, 1))},
          {"at_tau", balanced_error_of(test, {}, la_offset(problem, tau))},
          {"at_temperature", balanced_error_of(test, {}, la_offset(problem, temperature))}};
}

std::vector<double> column(const json& cells, const std::string& setting, const std::string& key) {
  return values_of(
      cells, [&](const json& config) { return config.at("setting") == setting; }, "/" + key);
}

StudyResult judge(const StudyPlan& plan, const json& cells) {
  StudyResult result{.columns = {{"ece", "ECE, %", 100, 2},
                                 {"temperature", "temperature", 1, 2},
                                 {"tau", "best tau on dev", 1, 2},
                                 {"plain", "balanced error, %", 100, 2},
                                 {"at_1", "with tau = 1", 100, 2},
                                 {"at_tau", "best tau", 100, 2},
                                 {"at_temperature", "tau = temperature", 100, 2}}};
  const std::vector<Setting> settings = settings_of(plan);
  const std::vector<std::uint64_t> seeds = plan.seed_list(2, 5, 5);
  Chart chart{.title = "Best tau against temperature",
              .x = {"temperature of least log loss"},
              .y = {"best tau on dev"}};
  for (const Setting& setting : settings) {
    StudyRow row{.name = setting.name()};
    for (const StudyColumn& one : result.columns)
      row.metrics[one.metric] = summary_of_values(column(cells, setting.name(), one.metric));
    result.rows.push_back(std::move(row));
  }
  std::vector<std::string> kinds;
  for (const Setting& setting : settings)
    if (std::ranges::find(kinds, setting.data) == kinds.end()) kinds.push_back(setting.data);
  double longest = 1;
  for (const std::string& kind : kinds) {
    // One number a seed: rank correlations over the settings.
    std::vector<double> with_temperature;
    std::vector<double> with_ece;
    std::vector<double> gain;
    std::vector<double> closer;
    Series series{.name = kind};
    for (std::size_t s = 0; s < seeds.size(); ++s) {
      std::vector<double> taus;
      std::vector<double> temperatures;
      std::vector<double> eces;
      std::vector<double> from_1;
      double gains = 0;
      double closers = 0;
      double count = 0;
      for (const Setting& setting : settings) {
        if (setting.data != kind) continue;
        const auto at = [&](const char* key) { return column(cells, setting.name(), key)[s]; };
        taus.push_back(at("tau"));
        temperatures.push_back(at("temperature"));
        eces.push_back(at("ece"));
        from_1.push_back(std::abs(at("tau") - 1));
        gains += at("at_temperature") - at("at_1");
        closers += std::abs(at("tau") / at("temperature") - 1) - std::abs(at("tau") - 1);
        ++count;
        series.x.push_back(at("temperature"));
        series.y.push_back(at("tau"));
        series.labels.push_back(setting.name());
        longest = std::fmax(longest, at("temperature"));
      }
      with_temperature.push_back(spearman(taus, temperatures));
      with_ece.push_back(spearman(from_1, eces));
      gain.push_back(gains / count);
      closer.push_back(closers / count);
    }
    chart.series.push_back(std::move(series));
    const auto text = [&](const std::string& id, const std::string& claim) {
      return ClaimText{.id = "C22." + id + "." + kind, .claim = claim + " (" + kind + ")"};
    };
    result.claims.push_back(
        claim_above(text("temperature",
                         "The best tau grows with the temperature that calibrates the net "
                         "(Spearman over settings)"),
                    summary_of_values(with_temperature), 0));
    result.claims.push_back(claim_above(
        text("ece",
             "The best tau is the further from 1, the worse the calibration (Spearman of "
             "|tau - 1| and ECE over settings)"),
        summary_of_values(with_ece), 0));
    result.claims.push_back(
        claim_below(text("closer",
                         "After temperature scaling the best tau is closer to 1 (mean change of "
                         "|tau - 1|)"),
                    summary_of_values(closer), 0));
    ClaimText error = text("error",
                           "Calibrating first and taking tau = 1 lowers the balanced error "
                           "against tau = 1 alone");
    error.scale = 100;
    error.unit = "points";
    result.claims.push_back(claim_below(std::move(error), summary_of_values(gain), 0));
  }
  chart.series.push_back(
      {.name = "tau = T", .x = {0, longest}, .y = {0, longest}, .reference = true});
  result.figures.push_back({.caption = chart.title,
                            .note = "One mark a run; dashed: tau equal to the temperature, which a "
                                    "perfectly scaled net would need.",
                            .svg = scatter_plot(chart),
                            .numbers = table_of(chart)});
  result.settings = {
      fmt::format(
          "nets of different training length and label smoothing, {} seeds: clusters (20 "
          "classes, 1000 to 10 items, mlp:hidden=64) and glosses of wordnet (bag:width=32), "
          "constant learning rate, last weights",
          seeds.size()),
      "temperature and ECE (15 bins) on dev as frequent as in training; tau chosen on dev for the "
      "balanced error; errors on test",
      "z/T - log prior decides as z - T log prior: the best tau of a net that a temperature "
      "calibrates is that temperature"};
  return result;
}

}  // namespace
}  // namespace calibration

StudyEntry calibration_study() {
  return {.name = "calibration",
          .meaning = "Is the best tau different from 1 because nets are not calibrated?",
          .source = "Menon et al. 2021, section 4.2; Guo et al. 2017",
          .claims = "C22",
          .cells = calibration::cells,
          .run = calibration::run,
          .judge = calibration::judge};
}

}  // namespace tailgrad
