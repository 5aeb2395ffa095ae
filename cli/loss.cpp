// Compiled in double (TAILGRAD_F64), whatever the rest of the program is.
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <memory>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <tailgrad/cli/number_files.h>
#include <tailgrad/cli/run_record.h>
#include <tailgrad/cli/verbs.h>
#include <tailgrad/core/error.h>
#include <tailgrad/core/npz.h>
#include <tailgrad/core/tape.h>
#include <tailgrad/core/text_form.h>
#include <tailgrad/losses/table.h>

namespace tailgrad::cli {
namespace {

using nlohmann::ordered_json;

struct LossCommand {
  std::string loss;
  std::string logits;
  std::string targets;
  std::string counts;
  std::string weights;
  std::string offsets;
  std::string transitions;
  int ignore_index = kIgnoredLabel;
  std::uint64_t train_items = 0;
  std::string gradient;
  std::uint64_t step = 0;
  CommonOptions common;
};

struct Evaluation {
  std::string loss;
  double sum = 0;
  double normaliser = 0;
  double value = 0;
  std::vector<double> gradient = {};
  std::vector<std::string> warnings = {};

  bool counted() const { return normaliser != 0; }
};

LossSetup read_setup(const LossCommand& command, const LossEntry& entry, Index columns) {
  const Index classes = std::max<Index>(columns, 2);
  LossSetup setup;
  if (!command.counts.empty()) {
    // One column may be a binary problem, of two classes, or one class of a multi-label problem.
    const bool one = columns == 1 && read_array(command.counts).size() == 1;
    setup.counts = ClassCounts(read_counts(command.counts, one ? 1 : classes),
                               static_cast<double>(command.train_items));
  } else if (command.train_items > 0) {
    fail("--train-items", "belongs to --counts, which is missing");
  } else if (entry.needs_counts) {
    fail(entry.spec.name, "needs the class counts of the training data: --counts N.npy [classes]");
  }
  if (!command.weights.empty()) {
    const bool one = columns == 1 && read_array(command.weights).size() == 1;
    setup.weights = read_class_numbers(command.weights, one ? 1 : classes, "weights", false);
  }
  return setup;
}

// What a loss of sequences looks at beside logits and labels.
struct Sequences {
  std::vector<Index> offsets = {};
  Tensor transitions = {};
};

Sequences read_sequences(const LossCommand& command, const LossEntry& entry,
                         const LogitsFile& logits) {
  if (entry.task != LossTask::sequences) {
    if (!command.transitions.empty())
      fail("--transitions",
           "belongs to losses of sequences; " + entry.spec.name + " looks at each item by itself");
    return {};
  }
  if (command.transitions.empty())
    fail(entry.spec.name,
         "needs --transitions T.npy [classes + 2, classes + 2]: row = from, column = to, the last "
         "two begin and end");
  const NpyArray file = read_array(command.transitions);
  const auto side = static_cast<std::size_t>(logits.classes) + 2;
  if (file.shape != std::vector<std::size_t>{side, side})
    fail_at(command.transitions, 0, 0,
            fmt::format("needs the shape [{}, {}], two more than the {} classes of {}", side, side,
                        logits.classes, logits.path));
  const std::vector<double> values = file.as_doubles();
  if (!std::ranges::all_of(values, [](double value) { return std::isfinite(value); }))
    fail_at(command.transitions, 0, 0, "all transitions must be finite");
  const auto extent = static_cast<Index>(side);
  Sequences sequences{.offsets = {0, static_cast<Index>(logits.items)},
                      .transitions = Tensor::from({extent, extent}, values)};
  if (!command.offsets.empty()) sequences.offsets = read_offsets(command.offsets, logits.items);
  return sequences;
}

Evaluation evaluate(const LossCommand& command, const LossEntry& entry, const LogitsFile& logits,
                    const TargetsFile& targets, const Sequences& sequences) {
  const LossSetup setup = read_setup(command, entry, logits.classes);
  const std::unique_ptr<Loss> loss = make_loss(command.loss, setup);
  Tensor z = Tensor::from({static_cast<Index>(logits.items), logits.classes}, logits.values);
  z.require_grad();
  const LossOutput output = (*loss)(z,
                                    {.classes = targets.labels,
                                     .marks = targets.marks,
                                     .offsets = sequences.offsets,
                                     .transitions = sequences.transitions},
                                    {.seed = command.common.seed, .step = command.step});
  const Tensor mean = output.mean();
  backward(mean);
  Evaluation out{.loss = loss->text(),
                 .sum = output.sum.item(),
                 .normaliser = output.normaliser,
                 .value = mean.item()};
  if (z.has_grad()) {
    out.gradient.assign(z.grad().begin(), z.grad().end());
  } else {
    out.gradient.assign(logits.values.size(), 0.0);
  }
  out.warnings = loss->warnings();
  return out;
}

constexpr const char* kNothingCounted = "nothing was counted: the batch is empty or all ignored";

ordered_json json_of(const Evaluation& result, const LossCommand& command, const Verb& verb,
                     const LogitsFile& logits, std::size_t ignored) {
  ordered_json out = {{"loss", result.loss},
                      {"sum", result.sum},
                      {"normaliser", result.normaliser},
                      {"value", nullptr}};
  if (result.counted()) {
    out["value"] = result.value;
  } else {
    out["reason"] = std::string("value: ") + kNothingCounted;
  }
  out["items"] = logits.items;
  out["ignored"] = ignored;
  out["classes"] = logits.classes;
  if (!command.gradient.empty()) out["gradient"] = command.gradient;
  out["warnings"] = result.warnings;
  out["seed"] = command.common.seed;
  out["step"] = command.step;
  out.update(run_record());
  out["config"] = verb.config();
  return out;
}

void print_text(const Evaluation& result, const LossCommand& command, const LogitsFile& logits,
                std::size_t ignored) {
  fmt::print("{}\n", result.loss);
  fmt::print("items       {} of {} classes, {} ignored\n", logits.items, logits.classes, ignored);
  fmt::print("sum         {}\n", shortest_text(result.sum));
  fmt::print("normaliser  {}\n", shortest_text(result.normaliser));
  if (result.counted()) {
    fmt::print("value       {}\n", shortest_text(result.value));
  } else {
    fmt::print("value       n/a: {}\n", kNothingCounted);
  }
  double squares = 0;
  for (const double g : result.gradient) squares += g * g;
  fmt::print("gradient    norm {}{}\n", shortest_text(std::sqrt(squares)),
             command.gradient.empty() ? "" : ", written to " + command.gradient);
}

int run(const LossCommand& command, const Verb& verb) {
  const LossEntry& entry = find_loss(parse_text_form(command.loss).name);
  read_settings(entry.spec, command.loss);  // a mistake here is found before any file is opened
  const LogitsFile logits = read_logits(command.logits);
  const TargetsFile targets = read_targets(command.targets, logits, command.ignore_index);
  if (targets.multi_label && (entry.task == LossTask::classes || entry.task == LossTask::sequences))
    fail_at(targets.path, 0, 0,
            entry.spec.name +
                " takes one class an item, [items]; multi-label targets are for the "
                "losses that 'tailgrad list losses' names so");
  check_finite(logits, targets.labels);
  const Sequences sequences = read_sequences(command, entry, logits);
  if (!command.offsets.empty() && entry.task != LossTask::sequences) {
    read_offsets(command.offsets, logits.items);
    if (!command.common.quiet)
      fmt::print(stderr, "note: {} looks at each item by itself: --offsets changes nothing\n",
                 entry.spec.name);
  }
  const Evaluation result = evaluate(command, entry, logits, targets, sequences);
  if (!command.common.quiet)
    for (const std::string& warning : result.warnings) fmt::print(stderr, "warning: {}\n", warning);
  if (!command.gradient.empty())
    write_npy(command.gradient, result.gradient,
              std::vector<std::size_t>{logits.items, static_cast<std::size_t>(logits.classes)});
  const auto ignored = static_cast<std::size_t>(std::ranges::count(targets.labels, kIgnoredLabel));
  if (command.common.json) {
    fmt::print("{}\n", json_of(result, command, verb, logits, ignored).dump(2));
  } else {
    print_text(result, command, logits, ignored);
  }
  return 0;
}

}  // namespace

void add_loss(Program& program) {
  auto command = std::make_shared<LossCommand>();
  Verb verb = program.verb(
      "loss", "Value and gradient of one loss on numbers you give",
      "Computes in double, with the very code that trains, so that any other program can be\n"
      "checked against it. A loss is sum / normaliser: what several parts of a batch give can be\n"
      "added up before the division.",
      {"tailgrad loss focal:gamma=2 --logits logits.npy --targets labels.npy",
       "tailgrad loss la:tau=1 --logits logits.npy --targets labels.npy --counts counts.npy \\\n"
       "      --gradient gradient.npy --json"});
  verb.positional("LOSS", command->loss, "Text form, such as ce; see: tailgrad list losses")
      .group("Numbers (.npy, or FILE.npz:NAME)")
      .option("logits", command->logits, "[items, classes], float32 or float64")
      .required("logits")
      .option("targets", command->targets,
              "[items] integer classes, or [items, classes] 0/1 for multi-label losses")
      .required("targets")
      .option("counts", command->counts, "[classes] items of each class in the training data")
      .option("train-items", command->train_items,
              "Training items, when an item may have several classes; 0: the sum of --counts")
      .option("weights", command->weights, "[classes] factor of each class, for weights=file too")
      .option("offsets", command->offsets,
              "[sequences + 1] where sequences begin, for crf; without: one sequence")
      .option("transitions", command->transitions,
              "[classes + 2, classes + 2] row = from, column = to, begin and end last, for crf")
      .option("ignore-index", command->ignore_index, "Label of items that do not count")
      .group("Output")
      .option("gradient", command->gradient, "Write d value / d logits to this .npy file")
      .group("Randomness")
      .option("step", command->step, "Training step, which the random losses depend on")
      .common(command->common)
      .action([command, verb] { return run(*command, verb); });
}

}  // namespace tailgrad::cli
