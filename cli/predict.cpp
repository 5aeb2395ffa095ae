#include <algorithm>
#include <cstdio>
#include <memory>

#include <fmt/format.h>

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

int run(const PredictCommand& command) {
  if (command.common.threads > 0) set_threads(command.common.threads);
  const SavedModel saved = load_model(command.folder);
  const Table table = Table::read(command.data, table_format(command.data, command.format));
  Examples examples = encode(saved, table, command);
  examples.class_count = saved.about.labels.size();
  const std::vector<Real> logits = predict_logits(*saved.model, examples);
  const auto classes = static_cast<std::size_t>(examples.class_count);
  const std::size_t items = logits.size() / classes;
  if (!command.logits.empty())
    write_npy(command.logits, std::span<const float>(logits),
              std::vector<std::size_t>{items, classes});
  std::vector<std::string> predicted;
  for (std::size_t item = 0; item < items; ++item) {
    const auto row = logits.begin() + static_cast<std::ptrdiff_t>(item * classes);
    const auto best = std::max_element(row, row + static_cast<std::ptrdiff_t>(classes)) - row;
    predicted.push_back(saved.about.labels.name(static_cast<Index>(best)));
  }
  fmt::print("{}", with_column(table, "predicted", predicted));
  return 0;
}

}  // namespace

void add_predict(Program& program) {
  auto command = std::make_shared<PredictCommand>();
  program
      .verb("predict", "Label new items with a trained model",
            "Prints the input with one more column, `predicted`. Works without labels.",
            {"tailgrad predict runs/reviews new.csv --text-column body > labelled.csv",
             "tailgrad predict runs/reviews new.csv --logits logits.npy > labelled.csv"})
      .positional("DIR", command->folder, "Folder that train wrote")
      .positional("DATA", command->data, "A CSV or TSV file (also .gz)")
      .option("format", command->format, "csv or tsv; default: by the file's ending")
      .option("text-column", command->text_column, "Column of the text")
      .option("logits", command->logits, "Also write the logits [items, classes] to this .npy file")
      .flag("probabilities", command->probabilities, "One more column a class: its probability")
      .common(command->common)
      .action([command] { return run(*command); });
}

}  // namespace tailgrad::cli
