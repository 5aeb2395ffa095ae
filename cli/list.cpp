#include <cstdio>
#include <memory>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <tailgrad/cli/verbs.h>
#include <tailgrad/core/form_spec.h>
#include <tailgrad/data/long_tail.h>
#include <tailgrad/data/sampler.h>
#include <tailgrad/losses/table.h>
#include <tailgrad/metrics/posthoc.h>
#include <tailgrad/models/model_table.h>
#include <tailgrad/optim/optimizer_options.h>
#include <tailgrad/optim/schedule.h>
#include <tailgrad/study/studies/study.h>

namespace tailgrad::cli {
namespace {

using nlohmann::json;

// One WHAT of `tailgrad list WHAT`: for a person and for programs.
struct Listing {
  std::string what;
  std::string (*text)();
  json (*rows)();
};

std::string text_of(const std::vector<FormSpec>& specs) {
  std::string text;
  for (const FormSpec& spec : specs) text += help_text(spec) + "\n";
  return text;
}

json rows_of(const std::vector<FormSpec>& specs) {
  json rows = json::array();
  for (const FormSpec& spec : specs) rows.push_back(help_json(spec));
  return rows;
}

std::string tasks_text(const ModelEntry& entry) {
  std::string text;
  for (const std::string& task : tasks_of(entry)) text += (text.empty() ? "" : ", ") + task;
  return text;
}

std::string models_text() {
  std::string text;
  for (const ModelEntry& entry : model_table())
    text += help_text(entry.spec) + "    tasks: " + tasks_text(entry) + "\n\n";
  return text;
}

json models_json() {
  json rows = json::array();
  for (const ModelEntry& entry : model_table()) {
    rows.push_back(help_json(entry.spec));
    rows.back()["task"] = entry.task;
    rows.back()["tasks"] = tasks_of(entry);
  }
  return rows;
}

const std::vector<FormSpec>& task_specs() {
  static const std::vector<FormSpec> specs = {
      {.name = "text",
       .meaning = "one label a text: --text-column and --label-column of a CSV or TSV file"},
      {.name = "multilabel",
       .meaning =
           "any number of labels a text: as text, with the labels of a cell separated by "
           "--label-separator; a sigmoid a class, judged at 0.5 (compare: also at thresholds "
           "tuned on dev)"},
      {.name = "pair",
       .meaning =
           "one label for two texts: as text, the second one in --second-column; read as one "
           "sequence whose tokens know their text and whether the other one has the word"},
      {.name = "tags",
       .meaning = "a label a token: CoNLL columns (--word-column, --tag-column) or CoNLL-U; spans "
                  "(iob1, iob2, iobes, bmes) are found out and judged as spans"},
      {.name = "image",
       .meaning =
           "one label an image: IDX files (MNIST's form), CIFAR's binary files, a folder with "
           "them, or long-tailed data by name (tailgrad list data)"},
      {.name = "table",
       .meaning = "one label a row of numbers: --label-column, all other columns are features"},
  };
  return specs;
}

const std::vector<FormSpec>& data_specs() {
  static const std::vector<FormSpec> specs = [] {
    std::vector<FormSpec> all = {
        {.name = "wordnet",
         .meaning = "117,659 glosses of Debian's package wordnet-base in 45 classes (task text), "
                    "the largest 344 times the smallest; split 80/10/10 by a hash of the gloss",
         .source = "Princeton WordNet 3.0: class = lexicographer file, lexnames(5WN)"},
    };
    for (const FormSpec& form : long_tail_forms()) all.push_back(form);
    return all;
  }();
  return specs;
}

const std::vector<Listing>& listings() {
  static const std::vector<Listing> all = {
      {"losses", [] { return losses_text(); }, [] { return losses_json(); }},
      {"optimizers", [] { return text_of(optimizer_forms()); },
       [] { return rows_of(optimizer_forms()); }},
      {"schedules", [] { return text_of(schedule_forms()); },
       [] { return rows_of(schedule_forms()); }},
      {"models", models_text, models_json},
      {"samplers", [] { return text_of(sampler_forms()); },
       [] { return rows_of(sampler_forms()); }},
      {"adjustments", [] { return text_of(adjustment_specs()); },
       [] { return rows_of(adjustment_specs()); }},
      {"tasks", [] { return text_of(task_specs()); }, [] { return rows_of(task_specs()); }},
      {"data", [] { return text_of(data_specs()); }, [] { return rows_of(data_specs()); }},
      {"studies", studies_text, studies_json},
  };
  return all;
}

int run(const std::string& what, bool as_json) {
  std::vector<std::string> known;
  for (const Listing& listing : listings()) {
    if (listing.what == what) {
      fmt::print("{}", as_json ? listing.rows().dump(2) + "\n" : listing.text());
      return 0;
    }
    known.push_back(listing.what);
  }
  fail_unknown_name("list", what, known);
}

}  // namespace

void add_list(Program& program) {
  auto what = std::make_shared<std::string>();
  auto as_json = std::make_shared<bool>(false);
  program
      .verb("list", "Every name you can use, with options, defaults, formula and source",
            "A name is used as NAME or NAME:key=value,key=value, everywhere in the same way: in\n"
            "arguments, TOML files, results and saved models.",
            {"tailgrad list losses", "tailgrad list optimizers --json"})
      .positional("WHAT", *what,
                  "losses, optimizers, schedules, models, samplers, adjustments, tasks, data or "
                  "studies")
      .flag("json", *as_json, "Print one JSON document")
      .action([what, as_json] { return run(*what, *as_json); });
}

}  // namespace tailgrad::cli
