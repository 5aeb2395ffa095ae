#include <tailgrad/cli/model_on_data.h>

#include <algorithm>

#include <tailgrad/core/error.h>
#include <tailgrad/data/csv.h>
#include <tailgrad/data/number_dataset.h>
#include <tailgrad/data/text_dataset.h>
#include <tailgrad/data/wordnet.h>
#include <tailgrad/models/predict.h>
#include <tailgrad/models/saved_model.h>

namespace tailgrad::cli {
namespace {

TextDataset wordnet_test(const LabelSet& labels) {
  TextSplits splits = load_wordnet();
  if (!std::ranges::equal(splits.labels.names(), labels.names()))
    fail("wordnet", "the model was trained on other classes: " + labels.text());
  return std::move(splits.test);
}

Examples read(const ModelOnDataOptions& options, const ModelDescription& about) {
  const LabelSet& labels = about.labels;
  if (const auto* texts = std::get_if<TextEncoding>(&about.encoding)) {
    if (options.data == "wordnet") return texts->encode(wordnet_test(labels), labels.size());
    const Table table = Table::read(options.data, table_format(options.data, options.format));
    const TextColumns columns{
        .text = options.text_column, .label = options.label_column, .format = {}};
    return texts->encode(read_texts(table, columns, &labels), labels.size());
  }
  const auto& numbers = std::get<NumberEncoding>(about.encoding);
  const Table table = Table::read(options.data, table_format(options.data, options.format));
  return numbers.encode(read_numbers(table, numbers.columns(), options.label_column, &labels),
                        labels.size());
}

}  // namespace

ModelOnData ask_model(const ModelOnDataOptions& options) {
  const SavedModel saved = load_model(options.folder);
  const Examples examples = read(options, saved.about);
  const std::vector<Real> logits = predict_logits(*saved.model, examples);
  const auto names = saved.about.labels.names();
  return {.logits = {.path = options.folder,
                     .items = examples.classes.size(),
                     .classes = saved.about.labels.size(),
                     .single = true,
                     .values = {logits.begin(), logits.end()}},
          .targets = {.path = options.data, .labels = examples.classes},
          .labels = {names.begin(), names.end()},
          .train_counts = saved.about.train_counts};
}

}  // namespace tailgrad::cli
