#include <algorithm>
#include <cmath>
#include <cstdio>
#include <memory>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <tailgrad/cli/verbs.h>
#include <tailgrad/core/npy.h>
#include <tailgrad/core/parallel.h>
#include <tailgrad/data/csv.h>
#include <tailgrad/models/predict.h>
#include <tailgrad/models/saved_model.h>

namespace tailgrad::cli {
namespace {

struct PredictCommand {
  std::string folder;
  std::string data;
  std::string format;
  std::string text_column = "text";
  std::string word_column;
  std::string logits;
  bool probabilities = false;
  CommonOptions common;
};

Examples encode(const SavedModel& saved, const Table& table, const PredictCommand& command) {
  if (const auto* texts = std::get_if<TextEncoding>(&saved.about.encoding)) {
    return texts->encode(
        read_texts(table, {.text = command.text_column, .label = {}, .format = {}}, nullptr), 0);
  }
  const auto& numbers = std::get<NumberEncoding>(saved.about.encoding);
  return numbers.encode(read_numbers(table, numbers.columns(), {}, nullptr), 0);
}

// softmax of one row, in double.
std::vector<double> probabilities(std::span<const Real> logits) {
  const double largest = *std::ranges::max_element(logits);
  std::vector<double> row;
  double sum = 0;
  for (const Real logit : logits) {
    row.push_back(std::exp(static_cast<double>(logit) - largest));
    sum += row.back();
  }
  for (double& value : row) value /= sum;
  return row;
}

// What is said about each item.
struct Answers {
  std::vector<std::string> predicted;
  std::vector<std::vector<double>> probabilities;  ///< [items][classes], or empty
};

Answers answers(std::span<const Real> logits, const LabelSet& labels, bool with_probabilities) {
  const auto classes = static_cast<std::size_t>(labels.size());
  Answers all;
  for (std::size_t begin = 0; begin < logits.size(); begin += classes) {
    const std::span<const Real> row = logits.subspan(begin, classes);
    const auto best = std::ranges::max_element(row) - row.begin();
    all.predicted.push_back(labels.name(static_cast<Index>(best)));
    if (with_probabilities) all.probabilities.push_back(probabilities(row));
  }
  return all;
}

std::string as_table(const Table& table, const Answers& all, const LabelSet& labels) {
  std::vector<NewColumn> columns = {{.name = "predicted", .values = all.predicted}};
  if (!all.probabilities.empty()) {
    for (Index label = 0; label < labels.size(); ++label) {
      columns.push_back({.name = fmt::format("p({})", labels.name(label)), .values = {}});
      // Digits beyond those of a float say nothing: the logits are floats.
      for (const std::vector<double>& row : all.probabilities)
        columns.back().values.push_back(
            fmt::format("{}", static_cast<float>(row[static_cast<std::size_t>(label)])));
    }
  }
  return with_columns(table, columns);
}

std::string as_json(const Answers& all, const LabelSet& labels) {
  nlohmann::ordered_json out = {
      {"n", all.predicted.size()}, {"labels", labels.names()}, {"predicted", all.predicted}};
  if (!all.probabilities.empty()) out["probabilities"] = all.probabilities;
  return out.dump(2) + "\n";
}

// CoNLL in, CoNLL out with one more column.
int tag(const SavedModel& saved, const PredictCommand& command) {
  const auto& encoding = std::get<SentenceEncoding>(saved.about.encoding);
  const LabelSet& labels = saved.about.labels;
  if (command.probabilities)
    fail("--probabilities", "has no place in a file of columns; --logits writes a file of its own");
  const ColumnFile file =
      ColumnFile::read(command.data, column_format(command.data, command.format));
  TagColumns columns = encoding.options().columns;
  if (!command.word_column.empty()) columns.word = command.word_column;
  const TaggedSentences data = read_tagged(file, columns, false);
  const Examples examples = encoding.encode(data, labels.size());
  if (!command.common.quiet) {
    for (const std::string& warning : file.warnings()) fmt::print(stderr, "warning: {}\n", warning);
    if (examples.sentences.cut > 0)
      fmt::print(stderr, "note: {} sentence{} of more than {} tokens read in pieces\n",
                 examples.sentences.cut, examples.sentences.cut == 1 ? "" : "s",
                 encoding.options().max_tokens);
  }
  const Outputs outputs = predict(*saved.model, examples);
  if (!command.logits.empty())
    write_npy(command.logits, std::span<const float>(outputs.logits),
              std::vector<std::size_t>{file.tokens(), static_cast<std::size_t>(labels.size())});
  const TagSet tags(labels, encoding.scheme());
  const std::vector<std::string> predicted =
      tags_in_scheme(tags, outputs.classes, data.offsets, encoding.file_scheme());
  if (command.common.json) {
    fmt::print("{}", as_json({.predicted = predicted, .probabilities = {}}, labels));
  } else {
    fmt::print("{}", file.with_column(predicted));
  }
  return 0;
}

int run(const PredictCommand& command) {
  if (command.common.threads > 0) set_threads(command.common.threads);
  const SavedModel saved = load_model(command.folder);
  if (saved.about.task == "tags") return tag(saved, command);
  const LabelSet& labels = saved.about.labels;
  const Table table = Table::read(command.data, table_format(command.data, command.format));
  Examples examples = encode(saved, table, command);
  examples.class_count = labels.size();
  if (examples.texts.truncated > 0 && !command.common.quiet)
    fmt::print(stderr, "note: {} text{} longer than the model reads, cut to its length\n",
               examples.texts.truncated, examples.texts.truncated == 1 ? "" : "s");
  const std::vector<Real> logits = predict_logits(*saved.model, examples);
  if (!command.logits.empty())
    write_npy(command.logits, std::span<const float>(logits),
              std::vector<std::size_t>{table.rows(), static_cast<std::size_t>(labels.size())});
  const Answers all = answers(logits, labels, command.probabilities);
  fmt::print("{}", command.common.json ? as_json(all, labels) : as_table(table, all, labels));
  return 0;
}

}  // namespace

void add_predict(Program& program) {
  auto command = std::make_shared<PredictCommand>();
  program
      .verb("predict", "Label new items with a trained model",
            "Prints the input with one more column, `predicted`. Works without labels.",
            {"tailgrad predict runs/reviews new.csv --text-column body > labelled.csv",
             "tailgrad predict runs/reviews new.csv --probabilities --logits logits.npy",
             "tailgrad predict runs/ner new.conll > tagged.conll"})
      .positional("DIR", command->folder, "Folder that train wrote")
      .positional("DATA", command->data, "A CSV, TSV, CoNLL or CoNLL-U file (also .gz)")
      .option("format", command->format,
              "csv, tsv; of taggers conll, conllu; default: by the file's ending")
      .option("text-column", command->text_column, "Column of the text")
      .option("word-column", command->word_column,
              "Of a tagger: column of the word, a number or a name; default: as in training")
      .option("logits", command->logits, "Also write the logits [items, classes] to this .npy file")
      .flag("probabilities", command->probabilities, "One more column a class: its probability")
      .common(command->common)
      .action([command] { return run(*command); });
}

}  // namespace tailgrad::cli
