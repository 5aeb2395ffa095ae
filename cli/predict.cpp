#include <algorithm>
#include <cmath>
#include <cstdio>
#include <memory>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include <tailgrad/cli/model_on_data.h>
#include <tailgrad/cli/verbs.h>
#include <tailgrad/core/npy.h>
#include <tailgrad/data/csv.h>
#include <tailgrad/data/images.h>
#include <tailgrad/models/predict.h>
#include <tailgrad/models/saved_model.h>

namespace tailgrad::cli {
namespace {

struct PredictCommand {
  ModelOnDataOptions read;
  std::string logits;
  bool probabilities = false;
  CommonOptions common;
};

TextColumns columns_of(const SavedModel& saved, const PredictCommand& command) {
  const auto* texts = std::get_if<TextEncoding>(&saved.about.encoding);
  return columns_now(texts != nullptr ? texts->options().columns : TextColumns(), command.read);
}

Examples encode(const SavedModel& saved, const Table& table, const TextColumns& columns) {
  if (const auto* texts = std::get_if<TextEncoding>(&saved.about.encoding))
    return texts->encode(read_texts(table, columns, nullptr), 0);
  const auto& numbers = std::get<NumberEncoding>(saved.about.encoding);
  return numbers.encode(read_numbers(table, numbers.columns(), {}, nullptr), 0);
}

// Sigmoid of each logit of a row, or softmax of the row, in double.
std::vector<double> probabilities(std::span<const Real> logits, bool several) {
  if (several) {
    std::vector<double> row;
    for (const Real logit : logits) row.push_back(1 / (1 + std::exp(-static_cast<double>(logit))));
    return row;
  }
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
  bool several = false;  // labels an item
  std::vector<std::vector<std::string>> predicted;
  std::vector<std::vector<double>> probabilities;  ///< [items][classes], or empty
};

// The most probable label, or of several all with a probability of at least a half.
Answers answers(std::span<const Real> logits, const LabelSet& labels, bool several,
                bool with_probabilities) {
  const auto classes = static_cast<std::size_t>(labels.size());
  Answers all{.several = several, .predicted = {}, .probabilities = {}};
  for (std::size_t begin = 0; begin < logits.size(); begin += classes) {
    const std::span<const Real> row = logits.subspan(begin, classes);
    std::vector<std::string>& chosen = all.predicted.emplace_back();
    if (several) {
      for (std::size_t k = 0; k < classes; ++k)
        if (row[k] >= 0) chosen.push_back(labels.name(static_cast<Index>(k)));
    } else {
      const auto best = std::ranges::max_element(row) - row.begin();
      chosen.push_back(labels.name(static_cast<Index>(best)));
    }
    if (with_probabilities) all.probabilities.push_back(probabilities(row, several));
  }
  return all;
}

// `separator` between several labels of a cell.
std::string as_table(const Table& table, const Answers& all, const LabelSet& labels,
                     const std::string& separator) {
  std::vector<NewColumn> columns = {{.name = "predicted", .values = {}}};
  for (const std::vector<std::string>& chosen : all.predicted)
    columns.front().values.push_back(fmt::format("{}", fmt::join(chosen, separator)));
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
  nlohmann::ordered_json predicted = nlohmann::ordered_json::array();
  for (const std::vector<std::string>& chosen : all.predicted) {
    if (all.several) {
      predicted.push_back(chosen);
    } else {
      predicted.push_back(chosen.front());
    }
  }
  nlohmann::ordered_json out = {
      {"n", all.predicted.size()}, {"labels", labels.names()}, {"predicted", predicted}};
  if (!all.probabilities.empty()) out["probabilities"] = all.probabilities;
  return out.dump(2) + "\n";
}

// CoNLL in, CoNLL out with one more column.
int tag(const SavedModel& saved, const PredictCommand& command) {
  const auto& encoding = std::get<SentenceEncoding>(saved.about.encoding);
  const LabelSet& labels = saved.about.labels;
  if (command.probabilities)
    fail("--probabilities", "has no place in a file of columns; --logits writes a file of its own");
  const ColumnFile file = ColumnFile::read(
      command.read.data, column_format(command.read.data, command.read.file.format));
  TagColumns columns = encoding.options().columns;
  if (!command.read.word_column.empty()) columns.word = command.read.word_column;
  const TaggedSentences data = read_tagged(file, columns, false);
  const Examples examples = encoding.encode(data, labels.size());
  if (!command.common.quiet) {
    for (const std::string& warning : file.warnings()) fmt::print(stderr, "warning: {}\n", warning);
    if (examples.sentences.cut > 0)
      fmt::print(stderr, "note: {} sentence{} of more than {} tokens read in pieces\n",
                 examples.sentences.cut, examples.sentences.cut == 1 ? "" : "s",
                 encoding.options().max_tokens);
  }
  const PostHoc adjustment = post_hoc(saved.about, command.read.posthoc_tau);
  if (!command.common.quiet)
    for (const std::string& warning : adjustment.warnings)
      fmt::print(stderr, "warning: {}\n", warning);
  const Outputs outputs = predict(*saved.model, examples, adjustment.shift);
  if (!command.logits.empty())
    write_npy(command.logits, std::span<const float>(outputs.logits),
              std::vector<std::size_t>{file.tokens(), static_cast<std::size_t>(labels.size())});
  const TagSet tags(labels, encoding.scheme());
  const std::vector<std::string> predicted =
      tags_in_scheme(tags, outputs.classes, data.offsets, encoding.file_scheme());
  if (command.common.json) {
    Answers all;
    for (const std::string& tag : predicted) all.predicted.push_back({tag});
    fmt::print("{}", as_json(all, labels));
  } else {
    fmt::print("{}", file.with_column(predicted));
  }
  return 0;
}

// A line an image: its number and its label.
std::string as_lines(const Answers& all, const LabelSet& labels) {
  std::vector<std::string> cells = {"item", "predicted"};
  if (!all.probabilities.empty())
    for (const std::string& name : labels.names()) cells.push_back(fmt::format("p({})", name));
  std::string text;
  append_row(text, cells, kCsv);
  for (std::size_t i = 0; i < all.predicted.size(); ++i) {
    cells = {std::to_string(i), all.predicted[i].front()};
    if (!all.probabilities.empty())
      for (const double p : all.probabilities[i])
        cells.push_back(fmt::to_string(static_cast<float>(p)));
    append_row(text, cells, kCsv);
  }
  return text;
}

int label_images(const SavedModel& saved, const PredictCommand& command) {
  const LabelSet& labels = saved.about.labels;
  const auto& encoding = std::get<ImageEncoding>(saved.about.encoding);
  ImageDataset data = images_to_read(command.read.data, command.read.file.format, labels);
  data.labels.clear();
  const Examples examples = encoding.encode(data, labels.size());
  const std::vector<Real> logits = predict_logits(*saved.model, examples);
  if (!command.logits.empty())
    write_npy(command.logits, std::span<const float>(logits),
              std::vector<std::size_t>{data.size(), static_cast<std::size_t>(labels.size())});
  const Answers all = answers(logits, labels, false, command.probabilities);
  fmt::print("{}", command.common.json ? as_json(all, labels) : as_lines(all, labels));
  return 0;
}

int run(const PredictCommand& command) {
  const SavedModel saved = load_model(command.read.folder);
  if (saved.about.task == "tags") return tag(saved, command);
  post_hoc(saved.about, command.read.posthoc_tau);  // refuses the option: only taggers know it
  if (saved.about.task == "image") return label_images(saved, command);
  const LabelSet& labels = saved.about.labels;
  const TextColumns columns = columns_of(saved, command);
  const Table table = Table::read(command.read.data, columns.file);
  Examples examples = encode(saved, table, columns);
  examples.class_count = labels.size();
  if (examples.texts.truncated > 0 && !command.common.quiet)
    fmt::print(stderr, "note: {} text{} longer than the model reads, cut to its length\n",
               examples.texts.truncated, examples.texts.truncated == 1 ? "" : "s");
  const std::vector<Real> logits = predict_logits(*saved.model, examples);
  if (!command.logits.empty())
    write_npy(command.logits, std::span<const float>(logits),
              std::vector<std::size_t>{table.rows(), static_cast<std::size_t>(labels.size())});
  const std::string& separator = columns.cells.separator;
  const Answers all = answers(logits, labels, !separator.empty(), command.probabilities);
  fmt::print("{}",
             command.common.json ? as_json(all, labels) : as_table(table, all, labels, separator));
  return 0;
}

}  // namespace

void add_predict(Program& program) {
  auto command = std::make_shared<PredictCommand>();
  Verb verb = program.verb(
      "predict", "Label new items with a trained model",
      "Prints the input with one more column, `predicted`; of images a line each, its number "
      "and\n"
      "`predicted`, in UTF-8. Works without labels.",
      {"tailgrad predict runs/reviews new.csv --text-column body > labelled.csv",
       "tailgrad predict runs/reviews new.csv --probabilities --logits logits.npy",
       "tailgrad predict runs/ner new.conll > tagged.conll"});
  verb.positional("DIR", command->read.folder, "Folder that train wrote")
      .positional(
          "DATA", command->read.data,
          "A CSV, TSV, CoNLL or CoNLL-U file (also .gz), or images: a folder, a file or a name");
  declare_items(verb, command->read);
  declare_posthoc_tau(verb, command->read);
  verb.option("label-separator", command->read.label_separator,
              "Between several predicted labels; default: as in training")
      .option("logits", command->logits,
              "Also write the logits [items, classes] to this .npy file, unadjusted")
      .flag("probabilities", command->probabilities, "One more column a class: its probability")
      .common(command->common)
      .action([command] { return run(*command); });
}

}  // namespace tailgrad::cli
