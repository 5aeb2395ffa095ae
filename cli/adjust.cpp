#include <cstdio>
#include <filesystem>
#include <memory>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <tailgrad/cli/metrics_text.h>
#include <tailgrad/cli/number_files.h>
#include <tailgrad/cli/run_record.h>
#include <tailgrad/cli/verbs.h>
#include <tailgrad/core/atomic_file.h>
#include <tailgrad/core/error.h>
#include <tailgrad/core/form_spec.h>
#include <tailgrad/core/npy.h>
#include <tailgrad/losses/table.h>
#include <tailgrad/metrics/double_correction.h>
#include <tailgrad/metrics/multilabel.h>
#include <tailgrad/metrics/posthoc.h>
#include <tailgrad/metrics/report.h>
#include <tailgrad/study/evaluation_report.h>
#include <tailgrad/study/report/reliability.h>

namespace tailgrad::cli {
namespace {

using nlohmann::json;
using nlohmann::ordered_json;

struct AdjustCommand {
  std::string method = "la:tau=tuned";
  std::string logits;
  std::string labels;
  std::string train_counts;
  std::string metric = "balanced_error";
  int ignore_index = kIgnoredLabel;
  std::string training_loss;
  std::string sampler;
  std::string apply;
  std::string out;
  std::string report;
  bool force = false;
  CommonOptions common;
};

// Everything the adjustment is chosen with.
struct Dev {
  LogitsFile logits;
  TargetsFile targets;
  std::vector<std::int64_t> train_counts;
};

Metrics metrics_of(std::span<const double> logits, const Dev& dev) {
  const MetricsContext context{.train_counts = dev.train_counts};
  const Index classes = dev.logits.classes;
  return dev.targets.multi_label
             ? compute_metrics(multilabel_from_logits(logits, dev.targets.marks, classes), context)
             : compute_metrics(
                   predictions_from_logits(logits, dev.targets.labels, classes, kIgnoredLabel),
                   context);
}

std::string recipe_path(const std::string& out) {
  std::filesystem::path path(out);
  if (path.extension() != ".npy") fail("--out", fmt::format("must end in .npy; got '{}'", out));
  return path.replace_extension(".json").string();
}

void refuse_occupied(const AdjustCommand& command) {
  std::vector<std::string> paths;
  if (!command.out.empty()) paths = {command.out, recipe_path(command.out)};
  if (!command.report.empty()) paths.push_back(command.report);
  for (const std::string& path : paths) {
    if (!command.force && std::filesystem::exists(path))
      fail_at(path, 0, 0, "is there already; --force replaces it");
  }
}

Adjustment fit(const AdjustCommand& command, const Settings& method, const Dev& dev) {
  const Index classes = dev.logits.classes;
  AdjustmentData data{.classes = classes,
                      .logits = dev.logits.values,
                      .labels = dev.targets.labels,
                      .targets = dev.targets.marks,
                      .ignored = kIgnoredLabel,
                      .train_counts = dev.train_counts,
                      .metric = command.metric};
  const std::string& name = method.name();
  if (dev.targets.multi_label && name != "threshold")
    fail(name, "is for one label an item; multi-label targets can have: threshold");
  if ((name == "la" || name == "prior") && command.train_counts.empty())
    fail(name, "needs the training items of each class: --train-counts N.npy [classes]");
  std::vector<double> target;
  if (name == "prior" && !method.is("target", "uniform"))
    target = read_class_numbers(method.word("target"), classes, "target prior", true);
  std::vector<double> norms;
  if (name == "tau-norm") norms = read_weight_norms(method.word("weights"), classes);
  data.target_prior = target;
  data.weight_norms = norms;
  return fit_adjustment(command.method, data);
}

// The file that gets adjusted, in the precision it came in.
void write_adjusted(const std::string& path, const LogitsFile& from,
                    const std::vector<double>& adjusted) {
  const std::vector<std::size_t> shape = {from.items, static_cast<std::size_t>(from.classes)};
  if (from.single) {
    write_npy(path, std::vector<float>(adjusted.begin(), adjusted.end()), shape);
  } else {
    write_npy(path, adjusted, shape);
  }
}

int run(const AdjustCommand& command, const Verb& verb) {
  const TextForm form = parse_text_form(command.method);
  const Settings method = read_settings(adjustment_spec(form.name), form);
  higher_is_better(command.metric);  // a wrong name is found before any file is opened
  if (!command.apply.empty() && command.out.empty())
    fail("--apply", "needs --out ADJ.npy, where the adjusted logits go");
  refuse_occupied(command);

  Dev dev{.logits = read_logits(command.logits), .targets = {}, .train_counts = {}};
  if (dev.logits.classes < 2)
    fail_at(command.logits, 0, 0,
            "needs at least two classes; write a single logit z as the two logits 0 and z");
  dev.targets = read_targets(command.labels, dev.logits, command.ignore_index);
  check_finite(dev.logits);
  if (!command.train_counts.empty())
    dev.train_counts = read_counts(command.train_counts, dev.logits.classes);
  const LogitsFile target = command.apply.empty() ? dev.logits : read_logits(command.apply);
  if (target.classes != dev.logits.classes)
    fail_at(command.apply, 0, 0,
            fmt::format("holds {} classes, {} holds {}", target.classes, command.logits,
                        dev.logits.classes));
  check_finite(target);

  Adjustment adjustment = fit(command, method, dev);
  for (std::string& warning : double_corrections({.loss = command.training_loss,
                              .sampler = command.sampler,
                              .adjustment = command.method}))
    adjustment.warnings.push_back(std::move(warning));
  if (!command.common.quiet)
    for (const std::string& warning : adjustment.warnings)
      fmt::print(stderr, "warning: {}\n", warning);
  const Metrics judged_before = metrics_of(dev.logits.values, dev);
  const Metrics judged_after = metrics_of(apply_adjustment(adjustment, dev.logits.values), dev);
  const json before = metrics_json(judged_before);
  const json after = metrics_json(judged_after);

  ordered_json recipe = {{"recipe", adjustment.recipe},
                         {"scale", adjustment.scale},
                         {"offset", adjustment.offset},
                         {"warnings", adjustment.warnings},
                         {"method", method.full_text()},
                         {"metric", command.metric},
                         {"dev", {{"before", before}, {"after", after}}}};
  recipe.update(run_record());
  recipe["seed"] = command.common.seed;
  recipe["config"] = verb.config();
  if (!command.out.empty()) {
    write_adjusted(command.out, target, apply_adjustment(adjustment, target.values));
    write_file(recipe_path(command.out), recipe.dump(2) + "\n");
  }
  if (!command.report.empty()) {
    json both = before;
    both["reliability"] = reliability_json(judged_before.reliability);
    both["second"] = after;
    both["second"]["reliability"] = reliability_json(judged_after.reliability);
    write_file(command.report,
               evaluation_report("Adjustment " + adjustment.recipe, {"before", "after"}, both));
  }
  if (command.common.json) {
    fmt::print("{}\n", recipe.dump(2));
    return 0;
  }
  fmt::print("{}\n\n{}", adjustment.recipe, columns_text({{"before", before}, {"after", after}}));
  fmt::print("on the dev items that it was chosen with: after is a little too good\n");
  if (!command.out.empty())
    fmt::print("\nadjusted logits of {}: {}\nrecipe: {}\n", target.path, command.out,
               recipe_path(command.out));
  if (!command.report.empty()) fmt::print("\nreport: {}\n", command.report);
  return 0;
}

}  // namespace

void add_adjust(Program& program) {
  auto command = std::make_shared<AdjustCommand>();
  Verb verb = program.verb(
      "adjust", "Adjust a trained model's logits for imbalance, without training",
      "Every method makes scale * logit + offset with two numbers a class. Free numbers (tuned) "
      "are\n"
      "chosen on dev data; use other data to judge the result. The recipe is written beside the\n"
      "adjusted logits, as ADJ.json for ADJ.npy. 'tailgrad list adjustments' explains the methods.",
      {"tailgrad adjust la:tau=tuned --logits dev.npy --labels dev-labels.npy \\\n"
       "      --train-counts counts.npy --apply test.npy --out adjusted.npy",
       "tailgrad adjust threshold --logits dev.npy --labels dev-labels.npy --metric macro_f1"});
  verb.positional("METHOD", command->method,
                  "la:tau=1|tuned, prior:target=uniform|FILE, temperature, threshold or "
                  "tau-norm:weights=FILE",
                  false)
      .group("Dev data (.npy, or FILE.npz:NAME)")
      .option("logits", command->logits, "[items, classes], float32 or float64")
      .required("logits")
      .option("labels", command->labels, "[items] integer classes, or [items, classes] 0/1")
      .required("labels")
      .option("train-counts", command->train_counts,
              "[classes] items of each class in the training data; la and prior need it")
      .option("ignore-index", command->ignore_index, "Label of items that do not count")
      .group("Choice")
      .option("metric", command->metric,
              "What tuned numbers are best for: balanced_error, macro_f1, "
              "accuracy, ...")
      .option("training-loss", command->training_loss,
              "Loss that the model was trained with, to warn about double corrections")
      .option("sampler", command->sampler, "Sampler that it was trained with, for the same reason")
      .group("Output")
      .option("apply", command->apply, "Logits to adjust; default: the dev logits")
      .option("out", command->out, "Where they go (.npy, float type as they came)")
      .option("report", command->report,
              "Also write a page (.html): scores and reliability diagram on dev, before and after")
      .flag("force", command->force, "Replace files that are there")
      .common(command->common)
      .action([command, verb] { return run(*command, verb); });
}

}  // namespace tailgrad::cli
