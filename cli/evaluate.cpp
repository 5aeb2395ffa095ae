#include <cstdio>
#include <filesystem>
#include <memory>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <tailgrad/cli/metrics_text.h>
#include <tailgrad/cli/model_on_data.h>
#include <tailgrad/cli/number_files.h>
#include <tailgrad/cli/run_record.h>
#include <tailgrad/cli/tag_files.h>
#include <tailgrad/cli/verbs.h>
#include <tailgrad/core/atomic_file.h>
#include <tailgrad/core/error.h>
#include <tailgrad/losses/loss.h>
#include <tailgrad/metrics/bootstrap.h>
#include <tailgrad/metrics/multilabel.h>
#include <tailgrad/metrics/report.h>
#include <tailgrad/study/evaluation_report.h>
#include <tailgrad/study/report/reliability.h>

namespace tailgrad::cli {
namespace {

using nlohmann::json;
using nlohmann::ordered_json;

struct EvaluateCommand {
  std::vector<std::string> logits;
  std::string labels;
  std::string train_counts;
  int ignore_index = kIgnoredLabel;
  ModelOnDataOptions model;
  TagFilesOptions tags;
  int bootstrap = 1000;
  std::string report;
  bool force = false;
  CommonOptions common;
};

// One system or two on the same items.
struct Evaluated {
  std::vector<LogitsFile> systems;
  TargetsFile targets;
  std::vector<std::int64_t> train_counts;
  std::vector<std::string> names;  // of the classes; empty: their numbers
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

// What is judged: numbers in files, or a model that answers now.
Evaluated gather(const EvaluateCommand& command) {
  const bool model = !command.model.folder.empty();
  if (model == !command.logits.empty())
    fail("evaluate",
         "needs either --logits F.npy --labels F.npy, or --model DIR DATA, or --gold F.conll "
         "--predicted F.conll");
  if (!model) {
    if (command.labels.empty()) fail("--logits", "needs --labels F.npy beside it");
    if (!command.model.data.empty())
      fail(command.model.data,
           "data to read belongs to --model DIR; with --logits the labels come "
           "from --labels F.npy");
    return read_files(command);
  }
  if (!command.labels.empty()) fail("--model", "takes the labels from DATA, not from --labels");
  if (command.model.data.empty()) fail("--model", "needs DATA to judge it on: --model DIR DATA");
  ModelOnData asked = ask_model(command.model);
  Evaluated out{.systems = {std::move(asked.logits)},
                .targets = std::move(asked.targets),
                .train_counts = std::move(asked.train_counts),
                .names = std::move(asked.labels)};
  if (!command.train_counts.empty())
    out.train_counts = read_counts(command.train_counts, out.systems.front().classes);
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
    const Metrics judged = compute_metrics(items, context);
    json metrics = metrics_json(judged);
    metrics["reliability"] = reliability_json(judged.reliability);
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

// Tags of single tokens in files.
ordered_json judge_tag_files(const EvaluateCommand& command) {
  TagFilesOptions options = command.tags;
  options.format = command.model.file.format;
  if (options.gold.empty()) fail("--predicted", "needs --gold F beside it");
  if (options.predicted.empty()) fail("--gold", "needs --predicted F beside it");
  if (options.predicted.size() > 2)
    fail("--predicted", fmt::format("can be given once, or twice to compare two systems; got {} "
                                    "files",
                                    options.predicted.size()));
  if (!command.logits.empty() || !command.model.folder.empty())
    fail("--gold", "excludes --logits and --model: the predicted tags are in --predicted F");
  const TagFiles files = read_tag_files(options);
  if (!command.common.quiet) {
    for (const std::string& warning : files.warnings) fmt::print(stderr, "warning: {}\n", warning);
  }
  const MetricsContext context{.train_counts = files.train_counts, .names = files.labels};
  ordered_json out = judge(files.systems, context, command);
  out["scheme"] = files.scheme;
  return out;
}

ordered_json judge_tagger(const EvaluateCommand& command) {
  const TaggerOnData asked = ask_tagger(command.model);
  if (!command.common.quiet) {
    for (const std::string& warning : asked.warnings) fmt::print(stderr, "warning: {}\n", warning);
  }
  return judge(std::vector{asked.predictions},
               {.train_counts = asked.train_counts, .names = asked.labels}, command);
}

ordered_json judge_all(const Evaluated& data, const EvaluateCommand& command) {
  const MetricsContext context{.train_counts = data.train_counts, .names = data.names};
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
  if (!command.report.empty() && !command.force && std::filesystem::exists(command.report))
    fail_at(command.report, 0, 0, "is there already; --force replaces it");
  const bool of_tags = !command.tags.gold.empty() || !command.tags.predicted.empty();
  std::vector<std::string> systems = command.tags.predicted;
  ordered_json result;
  if (of_tags) {
    result = judge_tag_files(command);
  } else if (!command.model.folder.empty() && !command.model.data.empty() &&
             command.logits.empty() && is_tagger(command.model.folder)) {
    systems = {command.model.folder};
    result = judge_tagger(command);
  } else {
    const Evaluated data = gather(command);
    for (const LogitsFile& system : data.systems) systems.push_back(system.path);
    result = judge_all(data, command);
  }
  if (!command.report.empty())
    write_file(command.report, evaluation_report("Evaluation", systems, json(result)));
  if (command.common.json) {
    result.update(run_record());
    result["seed"] = command.common.seed;
    result["config"] = verb.config();
    fmt::print("{}\n", result.dump(2));
    return 0;
  }
  for (std::size_t s = 0; s < systems.size(); ++s) {
    fmt::print("{}{}: {}", s > 0 ? "\n" : "", systems[s],
               metrics_text(s == 0 ? json(result) : json(result["second"])));
  }
  if (result.contains("paired"))
    fmt::print("\nsecond minus first, on the same items\n{}", paired_text(result["paired"]));
  if (!command.report.empty()) fmt::print("\nreport: {}\n", command.report);
  return 0;
}

}  // namespace

void add_evaluate(Program& program) {
  auto command = std::make_shared<EvaluateCommand>();
  Verb verb = program.verb(
      "evaluate", "Judge a model or anyone's logits: errors by class, calibration, intervals",
      "Intervals are percentile bootstraps over items: what another test set of the same size "
      "could\n"
      "have given (of tags: over whole sentences). They know nothing of another training seed.\n"
      "--logits or --predicted given twice compares two systems on the same items.",
      {"tailgrad evaluate --model runs/first wordnet",
       "tailgrad evaluate --logits logits.npy --labels labels.npy --train-counts counts.npy",
       "tailgrad evaluate --logits ce.npy --logits la.npy --labels labels.npy --json",
       "tailgrad evaluate --gold test.conll --predicted tagged.conll --train train.conll"});
  verb.group("A model of ours")
      .option("model", command->model.folder, "Folder that train wrote")
      .positional(
          "DATA", command->model.data,
          "Labelled data: a CSV, TSV, CoNLL or CoNLL-U file, images, or a name such as wordnet",
          false);
  declare_items(verb, command->model);
  declare_posthoc_tau(verb, command->model);
  verb.option("label-column", command->model.label_column,
              "Column of the label; default: as in training; of tables of numbers: label")
      .option("label-separator", command->model.label_separator,
              "Between the labels of a cell, if the model gives several")
      .option("tag-column", command->model.tag_column,
              "Of a tagger: column of the tag; default: as in training")
      .group("Anyone's numbers (.npy, or FILE.npz:NAME)")
      .option("logits", command->logits, "[items, classes], float32 or float64; twice: two systems")
      .option("labels", command->labels, "[items] integer classes, or [items, classes] 0/1")
      .option("train-counts", command->train_counts,
              "[classes] items of each class in the training data: adds many, medium and few")
      .option("ignore-index", command->ignore_index, "Label of items that do not count")
      .group("Tags in files (CoNLL columns or CoNLL-U)")
      .option("gold", command->tags.gold, "File with the right tags")
      .option("predicted", command->tags.predicted,
              "File with the predicted tags of the same words; twice: two systems")
      .option("train", command->tags.train,
              "Training data: adds train counts and the accuracy on unknown words")
      .option("gold-column", command->tags.gold_column,
              "Number or name; default: the last one, in CoNLL-U upos")
      .option("predicted-column", command->tags.predicted_column, "Default: the last one")
      .option("scheme", command->tags.scheme,
              "iob1, iob2, iobes, bmes or none; default: as the gold tags look")
      .group("Intervals")
      .option("bootstrap", command->bootstrap, "Resamples of the items; 0: no intervals")
      .group("Output")
      .option("report", command->report,
              "Also write a page (.html): scores, reliability diagram, recall against frequency")
      .flag("force", command->force, "Replace a page that is there")
      .common(command->common)
      .action([command, verb] { return run(*command, verb); });
}

}  // namespace tailgrad::cli
