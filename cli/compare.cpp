#include <algorithm>
#include <cstdio>
#include <memory>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <tailgrad/cli/compare_folder.h>
#include <tailgrad/cli/grid_display.h>
#include <tailgrad/cli/interrupt.h>
#include <tailgrad/cli/run_options.h>
#include <tailgrad/cli/run_record.h>
#include <tailgrad/cli/verbs.h>
#include <tailgrad/core/atomic_file.h>
#include <tailgrad/core/parallel.h>
#include <tailgrad/core/text_form.h>
#include <tailgrad/study/budget.h>
#include <tailgrad/study/compare.h>
#include <tailgrad/study/compare_report.h>
#include <tailgrad/study/competitors.h>
#include <tailgrad/study/doctor.h>
#include <tailgrad/study/train_command.h>

namespace tailgrad::cli {
namespace {

using nlohmann::ordered_json;

struct CompareCommand {
  RunOptions run = {};
  CompetitorOptions competitors = {};
  CommonOptions common = {};
  int seeds = 5;
  double test_share = 0.2;
  std::string metric = {};
  std::string baseline = {};
  double matters = 0.005;
  int tune = 0;
  std::string tune_method = "random";
  std::string budget = {};
  int bootstrap = 1000;
  bool list_cells = false;
  int cell = 0;
  double checkpoint = 30;
  std::string out = {};
  bool force = false;
  bool resume = false;

  std::string file(const char* name) const { return out + "/" + name; }
};

// Options that have no say in the result: where and how it is computed.
constexpr std::string_view kNoSay[] = {"out",   "threads", "memory-limit", "json",
                                       "quiet", "cell",    "list-cells",   "checkpoint"};
// Options of compare that train does not have.
constexpr std::string_view kNotOfTrain[] = {
    "losses", "samplers", "optimizers", "models",      "seeds",     "metric",    "baseline",
    "tune",   "matters",  "budget",     "tune-method", "bootstrap", "test-share"};

template <std::size_t N>
bool among(const std::string_view (&names)[N], const std::string& name) {
  return std::ranges::find(names, name) != std::end(names);
}

ordered_json config_with_a_say(const Verb& verb) {
  const ordered_json all = verb.config();
  ordered_json config;
  for (const auto& [name, value] : all.items())
    if (!among(kNoSay, name)) config[name] = value;
  return config;
}

// The command that trains one of the competitors: what was given, without what only compare knows.
std::string train_command(const CompareCommand& command, const Verb& verb, int epochs) {
  std::string text = "tailgrad train " + shell_word(command.run.problem.data);
  const ordered_json all = verb.config();
  for (const auto& [name, value] : all.items()) {
    if (name == "data" || name == "sampler" || name == "optimizer" || name == "model" ||
        name == "epochs" || among(kNoSay, name) || among(kNotOfTrain, name) || !verb.given(name))
      continue;
    if (value.is_boolean()) {
      if (value.get<bool>()) text += " --" + name;
      continue;
    }
    text += " --" + name + " " +
            shell_word(value.is_string() ? value.get<std::string>() : value.dump());
  }
  return text + fmt::format(" --epochs {}", epochs);
}

Tuning tuning_of(const CompareCommand& command) {
  if (command.tune < 0) fail("--tune", "needs 0 (none) or more tries");
  if (command.tune == 0) return Tuning::none;
  if (command.tune_method == "random") return Tuning::random;
  if (command.tune_method == "halving") return Tuning::halving;
  fail("--tune-method", "unknown: '" + command.tune_method + "'; known: random, halving");
}

int stopped(GridDisplay& display) {
  display.clear();
  fmt::print(stderr,
             "stopped by a signal; everything is saved: the same command goes on where this one "
             "stopped\n");
  return kStoppedBySignal;
}

void print_result(const CompareCommand& command, const CompareResult& result,
                  const ordered_json& document) {
  if (command.common.json) {
    fmt::print("{}\n", document.dump(2));
    return;
  }
  fmt::print("{}\n\n{}\n", result.answer, compare_table(result));
  for (const LossPair& pair : result.pairs)
    if (pair.a != result.baseline) fmt::print("{}.\n", pair.sentence);
  for (const std::string& note : result.notes) fmt::print("note: {}\n", note);
  for (const LossRow& row : result.losses)
    for (const SeedRun& run : row.runs)
      if (run.diverged) fmt::print("{} seed {}: {}\n", row.name, run.seed, run.divergence);
  fmt::print("to train it: {}\n", result.command);
  fmt::print("result: {}, report: {}\n", command.file("result.json"), command.file("report.html"));
}

void check(const CompareCommand& command) {
  if (command.force && command.resume) fail("compare", "--force and --resume exclude each other");
  if (command.seeds < 1) fail("--seeds", "needs at least 1");
  if (command.cell < 0) fail("--cell", "cells count from 1; see --list-cells");
  if (command.bootstrap < 2) fail("--bootstrap", "needs at least 2 resamples");
  if (!(command.checkpoint >= 0)) fail("--checkpoint", "needs 0 or more seconds");
  if (!(command.test_share >= 0 && command.test_share < 1))
    fail("--test-share", "needs a share in [0, 1)");
  if (!(command.matters >= 0 && command.matters < 1)) fail("--matters", "needs a number in [0, 1)");
  if (!command.budget.empty()) read_duration(command.budget);
  if (!command.metric.empty() &&
      std::ranges::find(outcome_metrics(), command.metric) == outcome_metrics().end())
    fail_unknown_name("--metric", command.metric, outcome_metrics());
}

// What counts, and by what the epochs are chosen: the same unless the user says otherwise.
void settle_metric(CompareCommand& command, const Verb& verb) {
  std::string& select = command.run.experiment.training.select;
  const bool judges = std::ranges::find(outcome_metrics(), select) != outcome_metrics().end();
  if (command.metric.empty()) command.metric = judges ? select : "macro_f1";
  if (!verb.given("select")) select = command.metric;
}

int run_one_cell(const CompareCommand& command, Grid& grid, GridDisplay& display) {
  const auto index = static_cast<std::size_t>(command.cell) - 1;
  if (!grid.run_one(index)) return stopped(display);
  display.clear();
  const GridCell& cell = grid.cells()[index];
  if (command.common.json) {
    fmt::print("{}\n", grid.result(cell).dump(2));
  } else {
    fmt::print("cell {} ({}): {}\n", command.cell, grid.name(cell), grid.files(cell).result());
  }
  return 0;
}

// What the doctor warns of, said before the runs begin.
std::vector<DataWarning> faults_of_data(const CompareCommand& command) {
  const TrainerOptions& training = command.run.experiment.training;
  const ProblemOptions& data = command.run.problem;
  const Diagnosis diagnosis = examine(
      data,
      {.batch_tokens = training.batch_tokens,
       .max_tokens = data.task == "tags" ? data.sentences.max_tokens : data.encoding.max_tokens});
  std::vector<DataWarning> faults = data_warnings(diagnosis);
  if (!command.common.quiet)
    for (const DataWarning& fault : faults)
      fmt::print(stderr, "data: {} {}\n", fault.finding, fault.consequence);
  return faults;
}

int run(CompareCommand& command, const Verb& verb) {
  check(command);
  command.run.settle(command.common.seed);
  command.run.problem.test_share = command.test_share;
  const Problem problem = load_problem(command.run.problem);
  std::vector<std::string> notes;
  const std::string advice = command.run.settle_data(problem);
  if (!advice.empty()) notes.push_back(advice);
  settle_metric(command, verb);
  GridPlan plan{
      .competitors = competitors_of(command.competitors, command.run.experiment, problem, notes),
      .metric = command.metric,
      .tuning = tuning_of(command),
      .tries = command.tune};
  for (int s = 0; s < command.seeds; ++s)
    plan.seeds.push_back(command.common.seed + static_cast<std::uint64_t>(s));
  baseline_of(plan, command.baseline);

  ordered_json config = config_with_a_say(verb);
  config["metric"] = command.metric;
  config["select"] = command.run.experiment.training.select;
  const std::string identity =
      ordered_json{{"config", config}, {"data", hash_of(problem)}}.dump(2) + "\n";

  watch_for_interrupt();
  GridDisplay display(command.common.quiet);
  const GridOptions options{
      .folder = command.file("cells"),
      .checkpoint_seconds = command.checkpoint,
      .stop = interrupted,
      .progress = [&](const GridProgress& now) { display.show(now, command.metric); },
      .warn = [&](const std::string& text) { display.warn(text); }};
  Grid grid(problem, std::move(plan), options);  // what does not fit is said here
  const CompareFolder folder{
      .path = command.out, .identity = identity, .force = command.force, .resume = command.resume};
  if (!command.list_cells || !command.budget.empty()) folder.enter();
  if (!command.budget.empty()) {
    const Cut cut =
        folder.cut_to_budget(command.budget, problem, grid.plan(), grid.jobs(threads()));
    if (!cut.note.empty()) notes.push_back(cut.note);
    grid.shorten(cut.epochs, static_cast<std::size_t>(cut.seeds));
    config["epochs"] = cut.epochs;
    config["seeds"] = cut.seeds;
  }
  if (command.list_cells) {
    list_cells(grid, command.common.json);
    return 0;
  }
  if (!command.common.quiet) {
    for (const std::string& note : problem.notes) fmt::print(stderr, "note: {}\n", note);
    for (const std::string& note : notes) fmt::print(stderr, "note: {}\n", note);
    for (const std::string& warning : problem.warnings)
      fmt::print(stderr, "warning: {}\n", warning);
    for (const std::string& warning : grid.warnings()) fmt::print(stderr, "warning: {}\n", warning);
  }
  if (command.cell > 0) return run_one_cell(command, grid, display);
  write_file(command.file("config.toml"), verb.toml());
  std::vector<DataWarning> faults = faults_of_data(command);
  if (!grid.run()) return stopped(display);
  display.clear();

  ordered_json versions = run_record();
  versions.erase("threads");
  CompareResult result =
      gather(problem, grid,
             {.matters = command.matters,
              .resamples = command.bootstrap,
              .seed = command.common.seed,
              .baseline = command.baseline,
              .train_command = train_command(
                  command, verb, grid.plan().competitors.front().experiment.training.epochs),
              .config = config.dump(),
              .versions = versions.dump()});
  result.notes.insert(result.notes.begin(), notes.begin(), notes.end());
  result.warnings = std::move(faults);  // they include what the readers warn of
  const ordered_json document = compare_json(result);
  const CompareTimings timings = gather_timings(grid, threads());
  write_file(command.file("timings.json"), timings_json(timings).dump(2) + "\n");
  write_file(command.file("result.json"), document.dump(2) + "\n");
  write_file(command.file("report.html"), compare_report(result, timings));
  print_result(command, result, document);
  return 0;
}

}  // namespace

void add_compare(Program& program) {
  auto command = std::make_shared<CompareCommand>();
  Verb verb = program.verb(
      "compare", "Which loss should I use on my data? Trains them all and says",
      "Trains every loss with the same seeds (same initial weights, batches and dropout masks),\n"
      "judges them on test, and says with intervals and corrected tests which one to use, or that\n"
      "nothing is different. Every run is a cell in OUT/cells: stop or kill it at any moment, and\n"
      "the same command goes on to the same result.\n"
      "\n"
      "A competitor is LOSS or LOSS@SAMPLER: ce@class-balanced is plain cross-entropy on balanced\n"
      "batches. Several are separated by ';'; 'all' stands for every loss that fits the task.\n"
      "\n"
      "More than one machine: --list-cells prints the cells, --cell K runs one into a shared "
      "--out,\n"
      "and a last call without it gathers (see docs/compare_on_a_cluster.md).",
      {"tailgrad compare wordnet --losses 'ce;wce:weights=inverse;la:tau=1;ce@class-balanced' \\\n"
       "      --seeds 3 --epochs 2 --out runs/compare",
       "tailgrad compare reviews.csv --test held.csv --losses all --metric balanced_error \\\n"
       "      --tune 8 --out runs/reviews"});
  command->run.declare(verb);
  verb.group("Comparison")
      .option("losses", command->competitors.losses,
              "Competitors, LOSS or LOSS@SAMPLER, separated by ';', or: all")
      .option("samplers", command->competitors.samplers,
              "Every loss with each of these samplers; separated by ';'")
      .option("optimizers", command->competitors.optimizers,
              "Every loss with each of these; separated by ';'")
      .option("models", command->competitors.models,
              "Every loss with each of these; separated by ';'")
      .option("seeds", command->seeds, "Runs of each competitor, with seeds --seed, --seed + 1, …")
      .option("test-share", command->test_share,
              "Without test data: share of each class that is held out for testing; 0: judge on "
              "dev, which also chose the epochs")
      .option("metric", command->metric,
              "What counts: accuracy, balanced_error, macro_f1, micro_f1, recall_few, span_f1; "
              "default: that of --select")
      .option("baseline", command->baseline,
              "Competitor that the others are compared with; default: ce, crf or bce")
      .option("matters", command->matters,
              "Smallest difference worth another loss than the baseline, in units of --metric")
      .option("tune", command->tune,
              "Tries of each loss's hyper-parameters on dev: the learning rate and what its text "
              "form leaves open; 0: none")
      .option("tune-method", command->tune_method,
              "random, or halving: short runs first, the better half goes on")
      .option("budget", command->budget,
              "Time for everything, such as 10m: epochs and seeds are cut to fit, and said")
      .option("bootstrap", command->bootstrap, "Resamples of the test items")
      .group("Cells")
      .flag("list-cells", command->list_cells, "Print one cell a line: number, state, name")
      .option("cell", command->cell, "Run this cell only (and the tries it needs)")
      .option("checkpoint", command->checkpoint, "Seconds between checkpoints within a cell")
      .group("Output")
      .option("out", command->out, "Folder for everything that is written")
      .required("out")
      .start_flag("force", command->force, "Replace what an earlier comparison wrote to --out")
      .start_flag("resume", command->resume,
                  "Use the cells in --out that fit, though other options have changed")
      .common(command->common)
      .action([command, verb] { return run(*command, verb); });
}

}  // namespace tailgrad::cli
