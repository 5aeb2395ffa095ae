#include <cstdio>
#include <memory>
#include <optional>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <tailgrad/cli/interrupt.h>
#include <tailgrad/cli/run_options.h>
#include <tailgrad/cli/run_record.h>
#include <tailgrad/cli/summary.h>
#include <tailgrad/cli/verbs.h>
#include <tailgrad/core/atomic_file.h>
#include <tailgrad/core/output_directory.h>
#include <tailgrad/core/peak_memory.h>
#include <tailgrad/core/progress.h>
#include <tailgrad/study/experiment.h>
#include <tailgrad/study/train_report.h>

namespace tailgrad::cli {
namespace {

using nlohmann::ordered_json;

struct TrainCommand {
  RunOptions run = {};
  CommonOptions common = {};
  std::string out = {};
  bool force = false;
  bool resume = false;
};

// The files of an output folder.
struct RunFolder {
  explicit RunFolder(std::string folder) : path(std::move(folder)) {}
  std::string path;
  std::string file(const char* name) const { return path + "/" + name; }
  std::string checkpoints() const { return path + "/checkpoint"; }
};

constexpr std::string_view kFilesOfRun[] = {"model.safetensors", "model.json",  "config.toml",
                                            "history.jsonl",     "result.json", "report.html",
                                            "checkpoint"};

ordered_json history_line(const EpochRecord& record) {
  ordered_json line = {{"epoch", record.epoch},
                       {"steps", record.steps},
                       {"train_loss", record.train_loss},
                       {"lr_factor", record.lr_factor},
                       {"gradient_norm", record.gradient_norm},
                       {"seconds", record.seconds},
                       {"best", record.best}};
  line["dev"] = record.dev;
  return line;
}

std::string epoch_text(const EpochRecord& record, const std::string& select) {
  return fmt::format("epoch {}: train loss {:.4f}, dev {} {:.4f}{}, {:.1f} s", record.epoch,
                     record.train_loss, select, record.dev.at(select), record.best ? " (best)" : "",
                     record.seconds);
}

// Takes up what an earlier start left in the folder, and says what that was.
void resume(Trainer& trainer, CheckpointFiles& checkpoints, const TrainCommand& command) {
  const bool found = trainer.load(checkpoints);
  for (const std::string& damage : checkpoints.passed_over())
    fmt::print(stderr, "warning: {}; going on from {}, the checkpoint before it\n", damage,
               checkpoints.newest());
  if (command.common.quiet) return;
  if (found) {
    fmt::print(stderr, "resuming after epoch {} of {}\n", trainer.history().size(),
               command.run.experiment.training.epochs);
  } else {
    fmt::print(stderr, "there is no checkpoint in {} yet: starting anew\n", command.out);
  }
}

std::string memory_text(const ordered_json& bytes) {
  return bytes.is_number() ? fmt::format("{:.0f} MB", bytes.get<double>() / 1e6) : "n/a";
}

// Where a diverged run can be taken up again.
std::string last_good_checkpoint(const CheckpointFiles& checkpoints, std::uint64_t saved_step) {
  if (saved_step == 0) return "there is no good checkpoint: none was saved before this step";
  return fmt::format("the last good checkpoint is {}, saved after step {}", checkpoints.newest(),
                     saved_step);
}

int run(TrainCommand& command, const Verb& verb) {
  command.run.settle(command.common.seed);
  ExperimentOptions& settings = command.run.experiment;
  if (command.force && command.resume) fail("train", "--force and --resume exclude each other");

  const Problem problem = load_problem(command.run.problem);
  const std::string advice = command.run.settle_data(problem);
  Experiment experiment(problem, settings);
  Trainer& trainer = experiment.trainer();
  settings = experiment.options();
  if (!command.common.quiet) {
    for (const std::string& note : problem.notes) fmt::print(stderr, "note: {}\n", note);
    for (const std::string& warning : problem.warnings)
      fmt::print(stderr, "warning: {}\n", warning);
    if (!advice.empty()) fmt::print(stderr, "warning: {}\n", advice);
    for (const std::string& warning : experiment.warnings())
      fmt::print(stderr, "warning: {}\n", warning);
  }

  const RunFolder folder(command.out);
  create_output_directory(command.out,
                          command.resume  ? IfOccupied::kResume
                          : command.force ? IfOccupied::kForce
                                          : IfOccupied::kRefuse,
                          kFilesOfRun);
  create_output_directory(folder.checkpoints(), IfOccupied::kResume);
  for (const std::string& mine : {folder.path, folder.checkpoints()}) remove_leftovers(mine, 0);
  CheckpointFiles checkpoints(folder.checkpoints() + "/state");
  if (command.resume) resume(trainer, checkpoints, command);
  write_file(folder.file("config.toml"), verb.toml());
  std::string history;
  for (const EpochRecord& record : trainer.history()) history += history_line(record).dump() + "\n";
  write_file(folder.file("history.jsonl"), history);

  watch_for_interrupt();
  Progress progress(command.common.quiet ? ProgressStyle::kQuiet : ProgressStyle::kAuto);
  int shown_epoch = 0;
  std::uint64_t saved_step = trainer.steps_done();
  const auto after_step = [&](const TrainProgress& now) {
    if (shown_epoch != now.epoch)
      progress.start(fmt::format("epoch {}/{}", now.epoch, settings.training.epochs),
                     now.epoch_steps);
    shown_epoch = now.epoch;
    progress.update(now.step, now.loss);
    return !interrupted();
  };
  const auto after_epoch = [&](const EpochRecord& record) {
    progress.line(epoch_text(record, settings.training.select));
    append_line(folder.file("history.jsonl"), history_line(record).dump());
    trainer.save(checkpoints);
    saved_step = record.steps;
  };
  bool finished = false;
  try {
    finished = trainer.run({.after_step = after_step, .after_epoch = after_epoch});
  } catch (const Diverged& error) {
    progress.clear();
    throw Diverged(std::string(error.what()) + "; " + last_good_checkpoint(checkpoints, saved_step),
                   error.step);
  }
  progress.clear();
  if (!finished) {
    trainer.save(checkpoints);
    fmt::print(stderr,
               "stopped by a signal; everything is saved: the same command with --resume "
               "goes on\n");
    return kStoppedBySignal;
  }

  const ordered_json outcome = experiment.finish();
  ordered_json result = run_record();
  result["seed"] = command.common.seed;
  result["config"] = verb.config();
  result.update(outcome);
  if (const std::optional<std::uint64_t> bytes = peak_memory_bytes()) {
    result["peak_memory_bytes"] = *bytes;
  } else {
    result["peak_memory_bytes"] = nullptr;
    result["peak_memory_reason"] = "the system does not say (no VmHWM in /proc/self/status)";
  }
  save_model(folder.path, experiment.model(), experiment.description());
  ordered_json lines = ordered_json::array();
  for (const EpochRecord& record : trainer.history()) lines.push_back(history_line(record));
  write_file(folder.file("report.html"), train_report(result, lines, experiment.mistakes()));
  write_file(folder.file("result.json"), result.dump(2) + "\n");

  if (command.common.json) {
    fmt::print("{}\n", result.dump(2));
  } else {
    fmt::print("{}", metrics_table(result));
    fmt::print("{:.1f} s, peak memory {}, weights {}\n", result["seconds"].get<double>(),
               memory_text(result["peak_memory_bytes"]), result["weights_hash"].get<std::string>());
    fmt::print("report: {}\n", folder.file("report.html"));
  }
  return 0;
}

}  // namespace

void add_train(Program& program) {
  auto command = std::make_shared<TrainCommand>();
  Verb verb = program.verb(
      "train", "Train one model with one loss on your data",
      "Reads the data, holds out a tenth for development when no --dev is given, trains, keeps "
      "the\n"
      "epoch that is best on development data (never test), judges it on dev and test, and writes\n"
      "the model, its history, result.json and a report.html to --out.",
      {"tailgrad train wordnet --loss la:tau=1 --epochs 2 --out runs/wordnet-la",
       "tailgrad train reviews.csv --test held.csv --text-column body --label-column stars \\\n"
       "      --loss focal:gamma=2 --out runs/reviews",
       "tailgrad train emotions.tsv --task multilabel --label-column emotions --out runs/emotions",
       "tailgrad train pairs.tsv --task pair --text-column a --second-column b --out runs/pairs",
       "tailgrad train train.conll --task tags --dev dev.conll --test test.conll --out runs/ner",
       "tailgrad train fashion-mnist-lt:ratio=100 --model resnet:depth=8 --loss la:tau=1 \\\n"
       "      --epochs 2 --out runs/fashion",
       "tailgrad train shuttle.csv --task table --label-column Class --out runs/shuttle"});
  command->run.declare(verb);
  verb.group("Learning")
      .option("loss", command->run.experiment.loss, "Text form; see: tailgrad list losses")
      .group("Output")
      .option("out", command->out, "Folder for everything that is written")
      .required("out")
      .start_flag("force", command->force, "Replace what an earlier run wrote to --out")
      .start_flag("resume", command->resume,
                  "Go on with the run in --out, to the same bytes as without the interruption")
      .common(command->common)
      .action([command, verb] { return run(*command, verb); });
}

}  // namespace tailgrad::cli
