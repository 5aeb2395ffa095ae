// Study weight-norms: do the weights of frequent classes grow longer, and is it the optimizer?
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
namespace weight_norms {
namespace {

using nlohmann::json;

struct Optimizer {
  const char* name;
  const char* form;  ///< without weight decay
  double text_rate;
  double tags_rate;
  double table_rate;
  double image_rate;
};

const std::vector<Optimizer>& optimizers() {
  static const std::vector<Optimizer> all = {
      {"sgd", "sgd:", 16, 2, 0.3, 0.3},
      {"sgd-momentum", "sgd:momentum=0.9,", 1, 0.3, 0.03, 0.03},
      {"nesterov", "sgd:momentum=0.9,nesterov=true,", 1, 0.3, 0.03, 0.03},
      {"adam", "adam:", 3e-3, 2e-3, 1e-3, 1e-3},
      {"adamw", "adamw:", 3e-3, 2e-3, 1e-3, 1e-3},
  };
  return all;
}

// Of the coupled decay of SGD and Adam and the decoupled one of AdamW: chosen so that weights
// shrink by about the same share in a step where gradients are small.
double decay_of(const Optimizer& optimizer, double rate) {
  constexpr double kShrink = 3e-5;  // a step
  const std::string name = optimizer.name;
  if (name == "adam") return 1e-5;  // through the normalisation: no shrink to compare with
  if (name == "sgd-momentum" || name == "nesterov") return kShrink / rate * 0.1;
  return kShrink / rate;
}

struct Kind {
  std::string data;
  std::string model;
  int epochs;
  int batch;
};

std::vector<Kind> kinds_of(const StudyPlan& plan) {
  std::vector<Kind> all;
  all.push_back({"clusters", "mlp:hidden=32", plan.pick(3, 15, 30), 64});
  if (plan.size == StudySize::quick) all.push_back({"wordnet/4", "bag:width=32", 6, 2048});
  if (plan.size == StudySize::full) {
    all.push_back({"wordnet", "bag:width=32", 6, 2048});
    all.push_back({"wordnet/4", "transformer:layers=1,width=32,heads=2,feedforward=64", 6, 1024});
    all.push_back(
        {"fashion-mnist-lt:ratio=100,most=1000,dev=50", "cnn:channels=8/16,hidden=32", 24, 128});
    all.push_back({"fashion-mnist-lt:ratio=100,most=500,dev=50", "resnet:depth=8", 24, 128});
  }
  if (!plan.data.empty())
    all.push_back({"ud-xpos=" + plan.data, "bilstm:width=32,words=32,char=none,affixes=16",
                   plan.pick(1, 2, 5), 512});
  return all;
}

struct Setting {
  Kind kind;
  const Optimizer* optimizer;
  bool decay;
  bool bias;
  std::string name() const {
    return fmt::format("{}{}{}", optimizer->name, decay ? ", decay" : "", bias ? "" : ", no bias");
  }
};

std::vector<Setting> settings_of(const StudyPlan& plan) {
  std::vector<Setting> all;
  for (const Kind& kind : kinds_of(plan))
    for (const Optimizer& optimizer : optimizers())
      for (const bool decay : {false, true})
        for (const bool bias : {true, false}) {
          // Without decay and with bias is the plain case; the others only where there is time.
          const bool plain = !decay && bias;
          if (!plain && plan.size != StudySize::full && kind.data != "clusters") continue;
          const bool dear =
              kind.model.starts_with("transformer") || kind.model.starts_with("resnet");
          if (!plain && dear) continue;
          all.push_back({kind, &optimizer, decay, bias});
        }
  return all;
}

std::vector<StudyCell> cells(const StudyPlan& plan) {
  std::vector<StudyCell> all;
  for (const Setting& setting : settings_of(plan))
    for (const std::uint64_t seed : plan.seed_list(2, 5, 5)) {
      const Optimizer& optimizer = *setting.optimizer;
      const std::string& data = setting.kind.data;
      const bool transformer = setting.kind.model.starts_with("transformer");
      double rate = data == "clusters"                     ? optimizer.table_rate
                    : data.starts_with("ud-")              ? optimizer.tags_rate
                    : data.starts_with("fashion-mnist-lt") ? optimizer.image_rate
                                                           : optimizer.text_rate;
      if (transformer && std::string(optimizer.form).starts_with("sgd")) rate /= 10;
      RunOptions options{.data = setting.kind.data,
                         .bias = setting.bias ? BiasRule::free : BiasRule::none};
      options.experiment.model = setting.kind.model;
      TrainerOptions& training = options.experiment.training;
      training.optimizer = fmt::format("{}lr={:g},weight_decay={:g}", optimizer.form, rate,
                                       setting.decay ? decay_of(optimizer, rate) : 0.0);
      training.schedule = "constant";
      training.epochs = setting.kind.epochs;
      training.batch_tokens = static_cast<Index>(setting.kind.batch);
      training.clip_norm = 1;
      training.seed = seed;
      all.push_back({fmt::format("{} {} {}, seed {}", setting.kind.data, setting.kind.model,
                                 setting.name(), seed),
                     json{{"kind", setting.kind.data + " " + setting.kind.model},
                          {"setting", setting.name()},
                          {"run", run_json(options)}}
                         .dump()});
    }
  return all;
}

// Longer is relative to a random start: what counts is how lengths are ordered among classes.
json run(const json& config, const StudyContext& context) {
  json path = json::array();
  const TrainedRun trained =
      train_run(read_run(config.at("run")), context, [&](int epoch, const Experiment& experiment) {
        const Problem& problem = study_problem(context, config.at("run").at("data"));
        std::vector<double> counts;
        for (const std::int64_t count : problem.counts(problem.train))
          counts.push_back(count > 0 ? static_cast<double>(count) : NAN);
        const std::vector<double> norms = output_norms(experiment);
        const ScoredSplit dev = score_split(experiment, problem.dev);
        path.push_back({{"epoch", epoch},
                        {"dev", json_number(balanced_error_of(dev))},
                        {"norms", norms},
                        {"rho", json_number(spearman(counts, norms))},
                        {"rho_bias", json_number(spearman(counts, output_biases(experiment)))}});
      });
  if (trained.diverged) return {{"diverged", trained.divergence}};
  const ScoredSplit test = score_split(*trained.experiment, trained.problem->test);
  return {{"path", path},
          {"counts", trained.problem->counts(trained.problem->train)},
          {"test", json_number(balanced_error_of(test))}};
}

// The first epoch at which a run is at least as good as every setting of its kind becomes.
std::size_t epoch_at(const json& path, double target) {
  for (std::size_t e = 1; e < path.size(); ++e)
    if (number_or_nan(path[e].at("dev")) <= target) return e;
  return path.size() - 1;
}

double best_of(const json& path) {
  double best = INFINITY;
  for (std::size_t e = 1; e < path.size(); ++e)
    best = std::fmin(best, number_or_nan(path[e].at("dev")));
  return best;
}

// Of one setting, a number a seed.
struct Group {
  std::vector<double> rho_end = {};
  std::vector<double> rho_equal = {};
  std::vector<double> rho_bias = {};
  std::vector<double> error_equal = {};
  std::vector<double> epoch_equal = {};
};

StudyResult judge(const StudyPlan& plan, const json& cells) {
  StudyResult result{.columns = {{"rho_equal", "rho at equal error", 1, 2},
                                 {"error_equal", "dev balanced error there, %", 100, 1},
                                 {"epoch_equal", "epoch", 1, 1},
                                 {"rho_end", "rho at the end", 1, 2},
                                 {"rho_bias", "of the bias", 1, 2},
                                 {"test", "test balanced error, %", 100, 1}}};
  std::vector<std::string> kinds;
  for (const json& cell : cells) {
    const std::string kind = cell.at("config").at("kind");
    if (std::ranges::find(kinds, kind) == kinds.end()) kinds.push_back(kind);
  }
  for (const std::string& kind : kinds) {
    // Settings and their runs, in the order of the grid.
    std::vector<std::string> names;
    std::map<std::string, std::vector<const json*>> runs;
    for (const json& cell : cells) {
      if (cell.at("config").at("kind") != kind) continue;
      const std::string name = cell.at("config").at("setting");
      if (!runs.contains(name)) names.push_back(name);
      runs[name].push_back(&cell.at("result"));
    }
    // The level that all plain settings reach: the worst of their best errors, mean over seeds.
    double target = 0;
    for (const std::string& name : names) {
      if (name.find(',') != std::string::npos) continue;
      std::vector<double> best;
      for (const json* run : runs[name])
        best.push_back(run->contains("path") ? best_of(run->at("path")) : NAN);
      target = std::fmax(target, summary_of_values(best).mean.value_or(0));
    }
    Chart through{.title = "Rank correlation of length and frequency through training, " + kind,
                  .x = {.label = "epoch", .whole = true},
                  .y = {"Spearman rho"}};
    Chart lengths{.title = "Length of a class's weights against its training items, " + kind,
                  .x = {"training items of the class", true},
                  .y = {"length of its weights / mean"}};
    std::map<std::string, std::vector<double>> at_equal;
    for (const std::string& name : names) {
      Group group;
      std::vector<double> test;
      std::vector<std::vector<double>> paths;
      std::vector<double> mean_norms;
      for (const json* run : runs[name]) {
        if (!run->contains("path")) {
          for (auto* values : {&group.rho_end, &group.rho_equal, &group.rho_bias,
                               &group.error_equal, &group.epoch_equal, &test})
            values->push_back(NAN);
          continue;
        }
        const json& path = run->at("path");
        const json& there = path[epoch_at(path, target)];
        group.rho_equal.push_back(number_or_nan(there.at("rho")));
        group.error_equal.push_back(number_or_nan(there.at("dev")));
        group.epoch_equal.push_back(there.at("epoch"));
        group.rho_end.push_back(number_or_nan(path.back().at("rho")));
        group.rho_bias.push_back(number_or_nan(path.back().at("rho_bias")));
        test.push_back(number_or_nan(run->at("test")));
        paths.emplace_back();
        for (const json& point : path) paths.back().push_back(number_or_nan(point.at("rho")));
        const std::vector<double> norms = there.at("norms");
        double mean = 0;
        for (const double norm : norms) mean += norm / static_cast<double>(norms.size());
        mean_norms.resize(norms.size());
        for (std::size_t k = 0; k < norms.size(); ++k)
          mean_norms[k] += norms[k] / mean / static_cast<double>(runs[name].size());
      }
      at_equal[name] = group.rho_equal;
      result.rows.push_back({.group = kind,
                             .name = name,
                             .metrics = {{"rho_equal", summary_of_values(group.rho_equal)},
                                         {"error_equal", summary_of_values(group.error_equal)},
                                         {"epoch_equal", summary_of_values(group.epoch_equal)},
                                         {"rho_end", summary_of_values(group.rho_end)},
                                         {"rho_bias", summary_of_values(group.rho_bias)},
                                         {"test", summary_of_values(test)}}});
      if (name.find(',') != std::string::npos || paths.empty()) continue;
      Series line{.name = name};
      for (std::size_t e = 0; e < paths.front().size(); ++e) {
        std::vector<double> values;
        for (const auto& path : paths) values.push_back(path[e]);
        const Summary summary = summary_of_values(values);
        line.x.push_back(static_cast<double>(e));
        line.y.push_back(summary.mean.value_or(NAN));
        line.low.push_back(std::fmax(-1, summary.low.value_or(summary.mean.value_or(NAN))));
        line.high.push_back(std::fmin(1, summary.high.value_or(summary.mean.value_or(NAN))));
      }
      through.series.push_back(std::move(line));
      if (name != "sgd-momentum" && name != "adam") continue;
      Series points{.name = name};
      for (const json* run : runs[name])
        if (run->contains("counts")) {
          for (const json& count : run->at("counts")) points.x.push_back(count);
          break;
        }
      points.y = mean_norms;
      lengths.series.push_back(std::move(points));
    }
    const auto text = [&](const std::string& id, const std::string& claim,
                          const std::string& published) {
      return ClaimText{.id = "C14." + id + "." + kind.substr(0, kind.find(' ')) +
                             (kind.find("transformer") != std::string::npos ? "-transformer" : ""),
                       .claim = claim + " (" + kind + ")",
                       .published = published};
    };
    for (const char* name : {"sgd", "sgd-momentum", "nesterov"})
      result.claims.push_back(
          claim_above(text(name,
                           std::string("Weights grow longer with class frequency under ") + name +
                               " (Spearman at equal error)",
                           "figure 1: clearly (SGD with momentum, ResNet-32)"),
                      summary_of_values(at_equal[name]), 0));
    for (const char* name : {"adam", "adamw"})
      result.claims.push_back(claim_below(
          text(name, std::string("They do not under ") + name + " (Spearman at equal error)",
               "figure 1: flat or reversed (Adam)"),
          summary_of_values(at_equal[name]), 0.2));
    result.claims.push_back(claim_above(
        text("difference", "The correlation is larger under sgd-momentum than under adam",
             "figure 1: yes"),
        summary_of_values(paired_differences(at_equal["adam"], at_equal["sgd-momentum"])), 0));
    result.figures.push_back({.caption = through.title,
                              .note = "Epoch 0: random first weights. Bands: 95 % over seeds.",
                              .svg = line_chart(through),
                              .numbers = table_of(through)});
    result.figures.push_back({.caption = lengths.title,
                              .note = "At equal balanced error; mean over seeds.",
                              .svg = scatter_plot(lengths),
                              .numbers = table_of(lengths)});
    result.notes.push_back(
        fmt::format("{}: equal error means the first epoch with a dev balanced "
                    "error of at most {:.1f} %, the worst of the settings' best; "
                    "a run that never gets there counts at its end",
                    kind, 100 * target));
  }
  std::string rates;
  for (const Optimizer& optimizer : optimizers())
    rates += fmt::format("{}{}: {:g} / {:g} / {:g}", rates.empty() ? "" : "; ", optimizer.name,
                         optimizer.text_rate, optimizer.tags_rate, optimizer.table_rate);
  result.settings = {
      fmt::format("loss ce, {} seeds, constant learning rate, gradients clipped to norm 1, last "
                  "layer's rows after every epoch",
                  plan.seed_list(2, 5, 5).size()),
      "learning rates (text / tags / table; a tenth for transformers under sgd): " + rates,
      "decay: SGD and AdamW shrink weights by about 3e-5 a step, Adam has weight_decay 1e-5; no "
      "bias: held at 0",
      "rho: Spearman rank correlation over classes of the length of a class's weights with its "
      "training items"};
  if (plan.data.empty())
    result.notes.push_back(
        "tags are left out: --data FOLDER with Universal Dependencies files "
        "adds them");
  return result;
}

}  // namespace
}  // namespace weight_norms

StudyEntry weight_norms_study() {
  return {.name = "weight-norms",
          .meaning =
              "Do the last layer's weights grow longer for frequent classes under SGD with "
              "momentum and not under Adam?",
          .source = "Menon et al. 2021, section 4.2 and figure 1; Kang et al. 2020",
          .claims = "C14",
          .cells = weight_norms::cells,
          .run = weight_norms::run,
          .judge = weight_norms::judge};
}

}  // namespace tailgrad
