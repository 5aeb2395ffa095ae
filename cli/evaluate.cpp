#include <cstdio>
#include <memory>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <tailgrad/cli/metrics_text.h>
#include <tailgrad/cli/number_files.h>
#include <tailgrad/cli/run_record.h>
#include <tailgrad/cli/verbs.h>
#include <tailgrad/core/error.h>
#include <tailgrad/losses/loss.h>
#include <tailgrad/metrics/bootstrap.h>
#include <tailgrad/metrics/multilabel.h>
#include <tailgrad/metrics/report.h>

namespace tailgrad::cli {
namespace {

using nlohmann::json;
using nlohmann::ordered_json;

struct EvaluateCommand {
  std::vector<std::string> logits;
  std::string labels;
  std::string train_counts;
  int ignore_index = kIgnoredLabel;
  int bootstrap = 1000;
  CommonOptions common;
};

// One system or two on the same items.
struct Evaluated {
  std::vector<LogitsFile> systems;
  TargetsFile targets;
  std::vector<std::int64_t> train_counts;
};

// A single logit z of a binary problem means the logits (0, z).
void widen(LogitsFile& logits) {
  std::vector<double> two;
  two.reserve(2 * logits.items);
  for (const double z : logits.values) {
    two.push_back(0);
    two.push_back(z);
  }
  logits.values = std::move(two);
  logits.classes = 2;
}

Evaluated read_files(const EvaluateCommand& command) {
  if (command.logits.size() > 2)
    fail("--logits", fmt::format("can be given once, or twice to compare two systems; got {} files",
                                 command.logits.size()));
  Evaluated out;
  for (const std::string& path : command.logits) out.systems.push_back(read_logits(path));
  const LogitsFile& first = out.systems.front();
  for (const LogitsFile& other : out.systems) {
    if (other.items != first.items || other.classes != first.classes)
      fail_at(
          other.path, 0, 0,
          fmt::format("logits are [{}, {}], in {} they are [{}, {}]; both systems need the same "
                      "items and classes",
                      other.items, other.classes, first.path, first.items, first.classes));
  }
  out.targets = read_targets(command.labels, first, command.ignore_index);
  for (LogitsFile& system : out.systems) {
    check_finite(system);
    if (!out.targets.multi_label && system.classes == 1) widen(system);
  }
  if (!command.train_counts.empty())
    out.train_counts = read_counts(command.train_counts, first.classes);
  return out;
}

Predictions predictions(const LogitsFile& system, const Evaluated& data) {
  return predictions_from_logits(system.values, data.targets.labels, system.classes, kIgnoredLabel);
}

MultilabelPredictions marks(const LogitsFile& system, const Evaluated& data) {
  return multilabel_from_logits(system.values, data.targets.marks, system.classes);
}

// The metrics object of one system with its intervals; of two systems the second's and the paired
// differences too.
template <class Items>
ordered_json judge(const std::vector<Items>& systems, const MetricsContext& context,
                   const EvaluateCommand& command) {
  const BootstrapOptions options{.resamples = command.bootstrap, .seed = command.common.seed};
  const auto one = [&](const Items& items) {
    json metrics = metrics_json(compute_metrics(items, context));
    if (command.bootstrap > 0)
      metrics["intervals"] = intervals_json(bootstrap_intervals(items, context, options));
    return metrics;
  };
  ordered_json out = one(systems.front());
  if (systems.size() == 2) {
    out["second"] = one(systems.back());
    if (command.bootstrap > 0)
      out["paired"] =
          paired_json(paired_bootstrap(systems.front(), systems.back(), context, options));
  }
  if (command.bootstrap > 0)
    out["bootstrap"] = {
        {"resamples", options.resamples}, {"level", options.level}, {"seed", options.seed}};
  return out;
}

ordered_json judge_all(const Evaluated& data, const EvaluateCommand& command) {
  const MetricsContext context{.train_counts = data.train_counts};
  if (data.targets.multi_label) {
    std::vector<MultilabelPredictions> systems;
    for (const LogitsFile& system : data.systems) systems.push_back(marks(system, data));
    return judge(systems, context, command);
  }
  std::vector<Predictions> systems;
  for (const LogitsFile& system : data.systems) systems.push_back(predictions(system, data));
  return judge(systems, context, command);
}

int run(const EvaluateCommand& command, const Verb& verb) {
  if (command.bootstrap < 0)
    fail("--bootstrap", fmt::format("must be >= 0 resamples; got {}", command.bootstrap));
  const Evaluated data = read_files(command);
  ordered_json result = judge_all(data, command);
  if (command.common.json) {
    result.update(run_record());
    result["seed"] = command.common.seed;
    result["config"] = verb.config();
    fmt::print("{}\n", result.dump(2));
    return 0;
  }
  for (std::size_t s = 0; s < data.systems.size(); ++s) {
    fmt::print("{}{}: {}", s > 0 ? "\n" : "", data.systems[s].path,
               metrics_text(s == 0 ? json(result) : json(result["second"])));
  }
  if (result.contains("paired"))
    fmt::print("\nsecond minus first, on the same items\n{}", paired_text(result["paired"]));
  return 0;
}

}  // namespace

void add_evaluate(Program& program) {
  auto command = std::make_shared<EvaluateCommand>();
  Verb verb = program.verb(
      "evaluate", "Judge anyone's logits: errors by class, groups, calibration, intervals",
      "Intervals are percentile bootstraps over items: what another test set of the same size "
      "could\n"
      "have given. They know nothing of another training seed. --logits given twice compares two\n"
      "systems on the same items.",
      {"tailgrad evaluate --logits logits.npy --labels labels.npy --train-counts counts.npy",
       "tailgrad evaluate --logits ce.npy --logits la.npy --labels labels.npy --json"});
  verb.group("Numbers (.npy)")
      .option("logits", command->logits, "[items, classes], float32 or float64; twice: two systems")
      .required("logits")
      .option("labels", command->labels, "[items] integer classes, or [items, classes] 0/1")
      .required("labels")
      .option("train-counts", command->train_counts,
              "[classes] items of each class in the training data: adds many, medium and few")
      .option("ignore-index", command->ignore_index, "Label of items that do not count")
      .group("Intervals")
      .option("bootstrap", command->bootstrap, "Resamples of the items; 0: no intervals")
      .common(command->common)
      .action([command, verb] { return run(*command, verb); });
}

}  // namespace tailgrad::cli
