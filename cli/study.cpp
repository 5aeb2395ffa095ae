#include <cstdio>
#include <filesystem>
#include <memory>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <tailgrad/cli/interrupt.h>
#include <tailgrad/cli/run_record.h>
#include <tailgrad/cli/verbs.h>
#include <tailgrad/core/atomic_file.h>
#include <tailgrad/core/error.h>
#include <tailgrad/core/output_directory.h>
#include <tailgrad/core/parallel.h>
#include <tailgrad/core/progress.h>
#include <tailgrad/study/studies/study_cells.h>

namespace tailgrad::cli {
namespace {

using nlohmann::json;
using nlohmann::ordered_json;

struct StudyCommand {
  std::string name = {};
  bool tiny = false;
  bool quick = false;
  bool full = false;
  int seeds = 0;
  std::string data = {};
  std::string out = {};
  bool force = false;
  bool resume = false;
  CommonOptions common = {};

  std::string file(const std::string& of_out) const { return out + "/" + of_out; }
};

constexpr std::string_view kFilesOfStudy[] = {"cells",       "study.json",  "config.toml",
                                              "result.json", "report.html", "timings.json"};

StudyPlan plan_of(const StudyCommand& command) {
  if (command.tiny + command.quick + command.full > 1)
    fail("study", "--tiny, --quick and --full exclude each other");
  if (command.force && command.resume) fail("study", "--force and --resume exclude each other");
  if (command.seeds < 0) fail("--seeds", "needs 1 or more, or 0 for as many as the study has");
  return {.size = command.tiny   ? StudySize::tiny
                  : command.full ? StudySize::full
                                 : StudySize::quick,
          .seed = command.common.seed,
          .seeds = command.seeds,
          .data = command.data};
}

// What has a say in the result.
ordered_json config_of(const StudyCommand& command, const StudyPlan& plan) {
  return {{"study", command.name},
          {"size", size_name(plan.size)},
          {"seed", plan.seed},
          {"seeds", plan.seeds},
          {"data", plan.data}};
}

// The folder belongs to one study and plan: the same goes on, another one asks first.
void enter_folder(const StudyCommand& command, const std::string& identity) {
  const std::string mark = command.file("study.json");
  std::error_code code;
  const bool same = std::filesystem::exists(mark, code) && read_text(mark) == identity;
  const bool go_on = command.resume || (same && !command.force);
  create_output_directory(command.out,
                          go_on           ? IfOccupied::kResume
                          : command.force ? IfOccupied::kForce
                                          : IfOccupied::kRefuse,
                          kFilesOfStudy);
  if (!same || command.force) write_file(mark, identity);
  create_output_directory(command.file("cells"), IfOccupied::kResume);
}

std::string command_line(const StudyCommand& command, const StudyPlan& plan) {
  std::string text = "tailgrad study " + command.name + " --" + size_name(plan.size);
  if (plan.seeds > 0) text += fmt::format(" --seeds {}", plan.seeds);
  if (plan.seed != 1) text += fmt::format(" --seed {}", plan.seed);
  if (!plan.data.empty()) text += " --data " + plan.data;
  return text + " --out runs/" + command.name;
}

int list(bool as_json) {
  fmt::print("{}", as_json ? studies_json().dump(2) + "\n" : studies_text());
  return 0;
}

int run(StudyCommand& command, const Verb& verb) {
  if (command.name == "list") return list(command.common.json);
  const StudyEntry& study = find_study(command.name);
  const StudyPlan plan = plan_of(command);
  const std::vector<StudyCell> cells = study.cells(plan);
  if (command.out.empty())
    fail("--out", "needs a folder for the results, such as runs/" + study.name);
  const ordered_json config = config_of(command, plan);
  enter_folder(command, config.dump(2) + "\n");

  watch_for_interrupt();
  Progress progress(command.common.quiet ? ProgressStyle::kQuiet : ProgressStyle::kAuto);
  progress.start("cells", cells.size(), "cells");
  const bool finished =
      run_study_cells(study, cells,
                      {.folder = command.file("cells"),
                       .stop = interrupted,
                       .progress =
                           [&](std::size_t done, std::size_t all, const std::string& what) {
                             if (!what.empty())
                               progress.line(fmt::format("[{}/{}] {}", done, all, what));
                             progress.update(done);
                           },
                       .warn =
                           [&](const std::string& text) {
                             progress.clear();
                             fmt::print(stderr, "warning: {}\n", text);
                           }});
  progress.clear();
  if (!finished) {
    fmt::print(stderr,
               "stopped by a signal; finished cells are saved: the same command goes on where this "
               "one stopped\n");
    return kStoppedBySignal;
  }
  StudyRecord record{.study = study.name,
                     .meaning = study.meaning,
                     .source = study.source,
                     .size = size_name(plan.size),
                     .command = command_line(command, plan),
                     .config = config.dump()};
  ordered_json versions = run_record();
  versions.erase("threads");
  record.versions = versions.dump();
  record.machine = fmt::format("{} cells side by side, version {}, BLAS kernel {}", threads(),
                               versions.value("version", ""), versions.value("blas_kernel", ""));
  const json outcome = read_study_cells(study, cells, command.file("cells"), record.cell_seconds);
  const StudyResult result = study.judge(plan, outcome);
  const ordered_json document = study_json(result, record);
  write_file(command.file("config.toml"), verb.toml());
  write_file(
      command.file("timings.json"),
      ordered_json{{"cell_seconds", record.cell_seconds}, {"threads", threads()}}.dump(2) + "\n");
  for (std::size_t i = 0; i < result.figures.size(); ++i)
    write_file(command.file(fmt::format("{}-{}.svg", study.name, i + 1)),
               result.figures[i].svg + "\n");
  write_file(command.file(study.name + ".md"), study_markdown(result, record));
  write_file(command.file("report.html"), study_html(result, record));
  write_file(command.file("result.json"), document.dump(2) + "\n");
  if (command.common.json) {
    fmt::print("{}\n", document.dump(2));
    return 0;
  }
  fmt::print("{}\nresult: {}, report: {}\n", study_text(result), command.file("result.json"),
             command.file("report.html"));
  return 0;
}

}  // namespace

void add_study(Program& program) {
  auto command = std::make_shared<StudyCommand>();
  Verb verb =
      program.verb("study", "Runs an experiment of the literature again and judges its claims",
                   "A study is one experiment: a grid of runs, the published numbers, and a rule "
                   "that says from\n"
                   "the measured intervals whether a claim holds, fails or is undecided. Every run "
                   "is a cell in\n"
                   "OUT/cells: stop or kill the program at any moment, and the same command goes "
                   "on to the same\n"
                   "bytes. OUT receives result.json, report.html, and NAME.md with its figures.",
                   {"tailgrad study list", "tailgrad study gaussian --quick --out runs/gaussian",
                    "tailgrad study weight-norms --full --seeds 5 --out runs/weight-norms"});
  verb.group("Study")
      .positional("NAME", command->name, "A study, or: list")
      .flag("quick", command->quick, "At most three minutes on two cores (default)")
      .flag("full", command->full, "The whole grid, however long it takes")
      .flag("tiny", command->tiny, "Seconds: shows that all of it runs, proves nothing")
      .option("seeds", command->seeds,
              "Runs of each setting, with seeds --seed, --seed + 1, …; 0: as the size says")
      .option("data", command->data,
              "A file or folder for studies that also run on data of yours (see study list)")
      .group("Output")
      .option("out", command->out, "Folder for everything that is written")
      .start_flag("force", command->force, "Replace what an earlier study wrote to --out")
      .start_flag("resume", command->resume,
                  "Use the cells in --out that fit, though other options have changed")
      .common(command->common)
      .action([command, verb] { return run(*command, verb); });
}

}  // namespace tailgrad::cli
