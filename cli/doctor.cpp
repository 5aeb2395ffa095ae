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
  bool no_header = false;
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
  command.data.table.header = !command.no_header;
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
  verb.group("Data")
      .positional(
          "DATA", command->data.data,
          "A CSV, TSV, CoNLL or CoNLL-U file (also .gz), images, or a name; see: tailgrad list "
          "data")
      .option("dev", command->data.dev, "Development data; default: a tenth of DATA, as train does")
      .option("test", command->data.test, "Test data")
      .option("task", command->data.task,
              "text (one label a text), multilabel (any number of labels a text), pair (one label "
              "for two texts), tags (a label a token), image or table (numeric columns); default: "
              "text, image for images")
      .option("format", command->data.format,
              "csv or tsv; of tags conll or conllu; default: by the file's ending")
      .option("text-column", command->data.text_column, "Column of the text")
      .option("second-column", command->data.second_column,
              "Of task pair: column of the second text")
      .option("label-column", command->data.label_column, "Column of the label, or labels")
      .option("label-separator", command->data.label_separator,
              "Of task multilabel: between the labels of a cell")
      .option("label-names", command->data.label_names,
              "Names of the classes, one a line: the data may then hold their numbers, from 0")
      .flag("no-header", command->no_header, "The first row is an item; columns are named 1, 2, …")
      .option("quotes", command->data.table.quotes,
              "double (around cells) or none (ordinary characters); default: double in csv; in tsv "
              "double if the whole file reads so")
      .option("encoding", command->data.table.encoding, "Of the tables: utf-8 or latin-1")
      .option("max-tokens", command->max_tokens,
              "Words kept of a text (of tags: 512): longer ones are counted")
      .group("Tags")
      .option("word-column", command->data.word_column,
              "Number or name; default: the first column, in CoNLL-U form")
      .option("tag-column", command->data.tag_column,
              "Number or name; default: the last column, in CoNLL-U upos")
      .option("scheme", command->data.scheme,
              "Of the files: iob1, iob2, iobes, bmes or none; default: as the tags look")
      .group("Batches")
      .option("batch-tokens", command->batch_tokens,
              "Words (or table rows) of a batch (of tags: 256)")
      .common(command->common)
      .action([command, verb] { return run(*command, verb); });
}

}  // namespace tailgrad::cli
