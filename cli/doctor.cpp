#include <cstdio>
#include <memory>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <tailgrad/cli/run_record.h>
#include <tailgrad/cli/verbs.h>
#include <tailgrad/study/doctor.h>
#include <tailgrad/study/experiment.h>
#include <tailgrad/study/image_problem.h>
#include <tailgrad/study/task_defaults.h>

namespace tailgrad::cli {
namespace {

struct DoctorCommand {
  ProblemOptions data = {};
  int batch_tokens = 1024;
  int max_tokens = 128;
  CommonOptions common = {};
};

int run(DoctorCommand& command, const Verb& verb) {
  // The sizes that train would take for this task.
  ExperimentOptions training;
  training.training.batch_tokens = command.batch_tokens;
  command.data.sentences.max_tokens = command.max_tokens;
  if (!verb.given("task") && means_images(command.data.data)) command.data.task = "image";
  set_task_defaults(
      command.data.task, [&verb](std::string_view name) { return verb.given(std::string(name)); },
      command.data, training);
  command.data.seed = command.common.seed;
  const Diagnosis diagnosis = examine(
      command.data, {.batch_tokens = training.training.batch_tokens,
                     .max_tokens = command.data.task == "tags" ? command.data.sentences.max_tokens
                                                               : command.max_tokens});
  if (command.common.json) {
    nlohmann::ordered_json document = diagnosis_json(diagnosis);
    document.update(run_record());
    document["seed"] = command.common.seed;
    document["config"] = verb.config();
    fmt::print("{}\n", document.dump(2));
  } else {
    std::fputs(diagnosis_text(diagnosis).c_str(), stdout);
  }
  return 0;
}

}  // namespace

void add_doctor(Program& program) {
  auto command = std::make_shared<DoctorCommand>();
  Verb verb = program.verb(
      "doctor", "What is in the data, and what will hurt in training on it",
      "Counts the classes of every split and looks for what spoils training or judging: rare and\n"
      "missing classes, duplicates within and across splits, conflicting labels, tags that break\n"
      "their scheme, odd characters, lengths. Each finding says what follows from it and what to\n"
      "do. The status is 0 whatever is found; data that cannot be read at all is refused with 2.\n"
      "compare does this first.",
      {"tailgrad doctor wordnet",
       "tailgrad doctor train.conll --test test.conll --task tags --json"});
  verb.group("Data").positional(
      "DATA", command->data.data,
      "A CSV, TSV, CoNLL or CoNLL-U file (also .gz), images, or a name; see: tailgrad list "
      "data");
  declare_data(verb, command->data);
  verb.option("max-tokens", command->max_tokens,
              "Words kept of a text (of tags: 512): longer ones are counted")
      .group("Tags");
  declare_tag_columns(verb, command->data);
  verb.group("Batches")
      .option("batch-tokens", command->batch_tokens,
              "Words (or table rows) of a batch (of tags: 256)")
      .common(command->common)
      .action([command, verb] { return run(*command, verb); });
}

}  // namespace tailgrad::cli
