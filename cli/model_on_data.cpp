#include <tailgrad/cli/model_on_data.h>

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include <tailgrad/cli/command_line.h>
#include <tailgrad/cli/data_options.h>
#include <tailgrad/core/error.h>
#include <tailgrad/data/csv.h>
#include <tailgrad/data/images.h>
#include <tailgrad/data/long_tail.h>
#include <tailgrad/data/number_dataset.h>
#include <tailgrad/data/tag_faults.h>
#include <tailgrad/data/text_dataset.h>
#include <tailgrad/data/wordnet.h>
#include <tailgrad/losses/class_counts.h>
#include <tailgrad/losses/crf.h>
#include <tailgrad/metrics/double_correction.h>
#include <tailgrad/models/predict.h>
#include <tailgrad/models/saved_model.h>
#include <tailgrad/models/tag_judgement.h>

namespace tailgrad::cli {
namespace {

TextDataset wordnet_test(const LabelSet& labels) {
  TextSplits splits = load_wordnet();
  if (!std::ranges::equal(splits.labels.names(), labels.names()))
    fail("wordnet", "the model was trained on other classes: " + labels.text());
  return std::move(splits.test);
}

ImageDataset labelled_images(const ModelOnDataOptions& options, const LabelSet& labels) {
  ImageDataset data = images_to_read(options.data, options.file.format, labels);
  if (data.labels.empty()) fail_at(options.data, 0, 0, "has no labels to judge by");
  return data;
}

Examples read(const ModelOnDataOptions& options, const ModelDescription& about) {
  const LabelSet& labels = about.labels;
  if (const auto* texts = std::get_if<TextEncoding>(&about.encoding)) {
    if (options.data == "wordnet") return texts->encode(wordnet_test(labels), labels.size());
    const TextColumns columns = columns_now(texts->options().columns, options);
    const Table table = Table::read(options.data, columns.file);
    return texts->encode(read_texts(table, columns, &labels), labels.size());
  }
  if (std::holds_alternative<SentenceEncoding>(about.encoding))
    fail(options.folder, "holds a tagger, which answers another question here");
  if (const auto* images = std::get_if<ImageEncoding>(&about.encoding))
    return images->encode(labelled_images(options, labels), labels.size());
  const auto& numbers = std::get<NumberEncoding>(about.encoding);
  const Table table = Table::read(options.data, columns_now({}, options).file);
  return numbers.encode(
      read_numbers(table, numbers.columns(),
                   options.label_column.empty() ? "label" : options.label_column, &labels),
      labels.size());
}

}  // namespace

void declare_items(Verb& verb, ModelOnDataOptions& options) {
  verb.option("format", options.file.format,
              "csv, tsv; of taggers conll, conllu; of images idx, cifar; default: by the file's "
              "ending")
      .option("text-column", options.text_column,
              "Column of the text; default, like the next: as in training")
      .option("second-column", options.second_column, "Of pairs: column of the second text");
  declare_table(verb, options.file);
  verb.option("word-column", options.word_column,
              "Of a tagger: column of the word, a number or a name; default: as in training");
}

void declare_posthoc_tau(Verb& verb, ModelOnDataOptions& options) {
  verb.option("posthoc-tau", options.posthoc_tau,
              "Of a tagger: take tau times the log prior of the tags off before decoding");
}

ImageDataset images_to_read(const std::string& data, const std::string& format,
                            const LabelSet& labels) {
  if (!is_long_tail(data)) return read_images(data, format, labels);
  ImageSplits splits = load_long_tail(data);
  if (!std::ranges::equal(splits.labels.names(), labels.names()))
    fail(data, "the model was trained on other classes: " + labels.text());
  return std::move(splits.test);
}

TextColumns columns_now(TextColumns columns, const ModelOnDataOptions& options) {
  const auto set = [](std::string& column, const std::string& now) {
    if (!now.empty()) column = now;
  };
  if (columns.second.empty() && !options.second_column.empty())
    fail("--second-column", "the model reads single texts");
  if (columns.cells.separator.empty() && !options.label_separator.empty())
    fail("--label-separator", "the model knows one label an item");
  set(columns.text, options.text_column);
  set(columns.second, options.second_column);
  set(columns.label, options.label_column);
  set(columns.cells.separator, options.label_separator);
  columns.file = options.file;
  return columns;
}

PostHoc post_hoc(const ModelDescription& about, double tau) {
  if (!std::isfinite(tau))
    fail("--posthoc-tau", fmt::format("must be a finite number; got {}", tau));
  if (tau == 0) return {};
  if (about.task != "tags")
    fail("--posthoc-tau",
         "is for taggers; for this model write its logits with predict --logits and use tailgrad "
         "adjust la:tau=T");
  const ClassCounts counts(about.train_counts);
  PostHoc out{.shift = crf_post_hoc_shift(counts, tau), .warnings = counts.warnings()};
  for (std::string& warning :
       double_corrections({.loss = about.loss, .adjustment = fmt::format("la:tau={}", tau)}))
    out.warnings.push_back(std::move(warning));
  return out;
}

bool is_tagger(const std::string& folder) {
  return load_model(folder).about.task == "tags";
}

TaggerOnData ask_tagger(const ModelOnDataOptions& options) {
  const SavedModel saved = load_model(options.folder);
  const auto& encoding = std::get<SentenceEncoding>(saved.about.encoding);
  TagColumns columns = encoding.options().columns;
  if (!options.word_column.empty()) columns.word = options.word_column;
  if (!options.tag_column.empty()) columns.tag = options.tag_column;
  const ColumnFile file =
      ColumnFile::read(options.data, column_format(options.data, options.file.format));
  TaggedSentences data = read_tagged(file, columns);
  TaggerOnData out;
  out.warnings.assign(file.warnings().begin(), file.warnings().end());
  const TagScheme scheme = encoding.scheme();
  if (scheme != TagScheme::none) {
    const std::vector<TagFault> faults = find_tag_faults(data, encoding.file_scheme());
    if (!faults.empty()) {
      const std::string text = tag_faults_text(data, faults, encoding.file_scheme());
      if (scheme == encoding.file_scheme()) {
        out.warnings.push_back(text);
      } else {
        const std::size_t changed = repair_tags(data, encoding.file_scheme());
        out.warnings.push_back(
            fmt::format("{}; {} tag{} repaired, since the model learned them as {}", text, changed,
                        changed == 1 ? "" : "s", scheme_name(scheme)));
      }
    }
    convert_tags(data, encoding.file_scheme(), scheme);
  }
  out.labels.assign(saved.about.labels.names().begin(), saved.about.labels.names().end());
  out.train_counts = saved.about.train_counts;
  std::vector<Index> truth;
  for (std::size_t t = 0; t < data.tags.size(); ++t) {
    const auto found = std::ranges::find(out.labels, data.tags[t]);
    truth.push_back(static_cast<Index>(found - out.labels.begin()));
    if (found != out.labels.end()) continue;
    out.warnings.push_back(fmt::format("{}:{}: the model does not know the tag '{}'", data.path,
                                       data.lines[t], data.tags[t]));
    out.labels.push_back(data.tags[t]);
    out.train_counts.push_back(0);
  }
  const PostHoc adjustment = post_hoc(saved.about, options.posthoc_tau);
  out.warnings.insert(out.warnings.end(), adjustment.warnings.begin(), adjustment.warnings.end());
  const TagSet tags(LabelSet(out.labels), scheme);
  const Examples examples = encoding.encode(data, saved.about.labels.size());
  out.predictions =
      judge_tags(tags,
                 predictions_from_classes(predict(*saved.model, examples, adjustment.shift).classes,
                                          truth, tags.size()),
                 data.offsets, encoding.unknown_words(examples.sentences));
  return out;
}

ModelOnData ask_model(const ModelOnDataOptions& options) {
  const SavedModel saved = load_model(options.folder);
  post_hoc(saved.about, options.posthoc_tau);
  const Examples examples = read(options, saved.about);
  const std::vector<Real> logits = predict_logits(*saved.model, examples);
  const auto names = saved.about.labels.names();
  return {.logits = {.path = options.folder,
                     .items = static_cast<std::size_t>(examples.size()),
                     .classes = saved.about.labels.size(),
                     .single = true,
                     .values = {logits.begin(), logits.end()}},
          .targets = {.path = options.data,
                      .multi_label = !examples.marks.empty(),
                      .labels = examples.classes,
                      .marks = examples.marks},
          .labels = {names.begin(), names.end()},
          .train_counts = saved.about.train_counts};
}

}  // namespace tailgrad::cli
