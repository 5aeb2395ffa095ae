#include <tailgrad/study/examined_data.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include <fmt/format.h>

#include <tailgrad/core/byte_hash.h>
#include <tailgrad/core/error.h>
#include <tailgrad/core/text_form.h>
#include <tailgrad/data/number_dataset.h>
#include <tailgrad/data/split.h>
#include <tailgrad/data/tag_faults.h>
#include <tailgrad/data/tag_splits.h>
#include <tailgrad/data/text_dataset.h>
#include <tailgrad/data/tokenizer.h>
#include <tailgrad/data/wordnet.h>
#include <tailgrad/study/image_problem.h>

namespace tailgrad {
namespace {

void one_label_each(ExaminedSplit& split, const std::vector<Index>& labels) {
  split.classes = labels;
  for (std::size_t i = 1; i <= labels.size(); ++i) split.offsets.push_back(static_cast<Index>(i));
}

// `marks` [items, classes] 0 or 1.
void labels_by_marks(ExaminedSplit& split, const std::vector<std::uint8_t>& marks) {
  const std::size_t width = marks.size() / split.size();
  for (std::size_t i = 0; i < split.size(); ++i) {
    for (std::size_t k = 0; k < width; ++k)
      if (marks[i * width + k] != 0) split.classes.push_back(static_cast<Index>(k));
    split.offsets.push_back(static_cast<Index>(split.classes.size()));
  }
}

ExaminedSplit examined(const TextDataset& data, std::string name) {
  ExaminedSplit split{.name = std::move(name),
                      .path = data.path,
                      .contents = data.texts,
                      .lines = data.lines,
                      .lengths = {},
                      .classes = {}};
  Words words;
  const auto length = [&words](const std::string& text) {
    tokenize(text, {}, words);
    return static_cast<Index>(words.size());
  };
  for (const std::string& text : data.texts) split.lengths.push_back(length(text));
  for (std::size_t i = 0; i < data.second.size(); ++i) {
    const Index second = length(data.second[i]);
    split.longest.push_back(std::max(split.lengths[i], second));
    split.lengths[i] += second;
    split.contents[i] += " / " + data.second[i];
  }
  if (data.marks.empty()) {
    one_label_each(split, data.labels);
  } else {
    labels_by_marks(split, data.marks);
  }
  return split;
}

ExaminedSplit examined(const NumberDataset& data, std::string name) {
  ExaminedSplit split{.name = std::move(name),
                      .path = data.path,
                      .contents = {},
                      .lines = data.lines,
                      .lengths = std::vector<Index>(data.size(), 1),
                      .classes = {}};
  for (std::size_t i = 0; i < data.size(); ++i) {
    std::string content;
    for (const double value : data.row(i))
      content += (content.empty() ? "" : ",") + shortest_text(value);
    split.contents.push_back(std::move(content));
  }
  one_label_each(split, data.labels);
  return split;
}

// Of an image a hash is enough to find it again; its line is its number in the file.
ExaminedSplit examined(const ImageDataset& data, std::string name) {
  ExaminedSplit split{.name = std::move(name),
                      .path = data.path,
                      .contents = {},
                      .lines = {},
                      .lengths = std::vector<Index>(data.size(), 1),
                      .classes = {}};
  const std::span<const std::uint8_t> pixels(data.pixels);
  for (std::size_t i = 0; i < data.size(); ++i) {
    ByteHash hash;
    hash.update(std::as_bytes(pixels.subspan(i * data.image_size(), data.image_size())));
    split.contents.push_back("image " + hex64(hash.value()));
    split.lines.push_back(data.lines.empty() ? i + 1 : data.lines[i]);
  }
  one_label_each(split, data.labels);
  return split;
}

ExaminedSplit examined(const TaggedSentences& data, std::string name) {
  ExaminedSplit split{.name = std::move(name),
                      .path = data.path,
                      .contents = {},
                      .lines = {},
                      .lengths = {},
                      .classes = data.labels,
                      .offsets = data.offsets};
  for (std::size_t s = 0; s < data.sentences(); ++s) {
    const auto begin = static_cast<std::size_t>(data.offsets[s]);
    const auto end = static_cast<std::size_t>(data.offsets[s + 1]);
    std::string content;
    for (std::size_t t = begin; t < end; ++t) content += (t > begin ? " " : "") + data.words[t];
    split.contents.push_back(std::move(content));
    split.lines.push_back(data.lines[begin]);
    split.lengths.push_back(static_cast<Index>(end - begin));
  }
  return split;
}

std::string held_out_text(std::size_t items, const std::string& part, const std::string& option) {
  return fmt::format("no {}: {} items held out from the training data {}", option, items, part);
}

template <class Splits>
Split examined_split(const Splits& splits, double share, std::uint64_t seed) {
  return stratified_split(splits.train.labels, splits.labels.size(), share, seed);
}

Split examined_split(const TextSplits& splits, double share, std::uint64_t seed) {
  return split_texts(splits.train, splits.labels.size(), share, seed);
}

// As load_problem does it.
template <class Splits>
void hold_out_test(Splits& splits, const ProblemOptions& options, std::vector<std::string>& notes) {
  if (splits.test.size() > 0 || options.test_share <= 0) return;
  const Split split = examined_split(splits, options.test_share, options.seed);
  splits.test = select(splits.train, split.held_out);
  splits.train = select(splits.train, split.kept);
  notes.push_back(held_out_text(splits.test.size(), "for testing", "--test"));
}

template <class Splits>
void take(ExaminedData& data, Splits& splits, const ProblemOptions& options) {
  if (splits.held_out)
    data.notes.push_back(held_out_text(splits.dev.size(), "for development", "--dev"));
  hold_out_test(splits, options, data.notes);
  const auto names = splits.labels.names();
  data.labels.assign(names.begin(), names.end());
  data.splits.push_back(examined(splits.train, "train"));
  data.splits.push_back(examined(splits.dev, "dev"));
  if (splits.test.size() > 0) data.splits.push_back(examined(splits.test, "test"));
}

void look_at_columns(ExaminedData& data, const NumberDataset& train) {
  for (std::size_t c = 0; c < train.columns.size(); ++c) {
    bool constant = true;
    bool whole = true;
    bool rising = train.size() > 1;
    for (std::size_t i = 0; i < train.size(); ++i) {
      const double value = train.row(i)[c];
      constant = constant && value == train.row(0)[c];
      whole = whole && value == std::trunc(value);
      rising = rising && (i == 0 || value > train.row(i - 1)[c]);
    }
    if (constant) data.constant_columns.push_back(train.columns[c]);
    if (whole && rising) data.counting_columns.push_back(train.columns[c]);
  }
}

void find_faults(ExaminedData& data, const ProblemOptions& options, const std::string& path,
                 TagScheme scheme) {
  if (path.empty() || scheme == TagScheme::none) return;
  const TaggedSentences file =
      read_tagged(ColumnFile::read(path, column_format(path, options.format)),
                  {.word = options.word_column, .tag = options.tag_column});
  for (const TagFault& fault : find_tag_faults(file, scheme))
    data.tag_faults.push_back({fmt::format("{}:{}", path, file.lines[fault.token]), fault.what});
}

void take_tags(ExaminedData& data, const ProblemOptions& options) {
  data.item = "sentence";
  data.label = "token";
  TagSplits splits = load_tags({.train = options.data,
                                .dev = options.dev,
                                .test = options.test,
                                .format = options.format,
                                .columns = {.word = options.word_column, .tag = options.tag_column},
                                .scheme = options.scheme,
                                .seed = options.seed});
  if (splits.test.sentences() == 0 && options.test_share > 0) {
    const Split split = split_sentences(splits.train, options.test_share, options.seed);
    splits.test = select_sentences(splits.train, split.held_out);
    splits.train = select_sentences(splits.train, split.kept);
    data.notes.push_back(held_out_text(splits.test.sentences(), "for testing", "--test"));
  }
  const auto names = splits.tags.labels().names();
  data.labels.assign(names.begin(), names.end());
  data.notes.insert(data.notes.begin(), splits.notes.begin(), splits.notes.end());
  data.scheme = scheme_name(splits.file_scheme);
  data.splits.push_back(examined(splits.train, "train"));
  data.splits.push_back(examined(splits.dev, "dev"));
  if (splits.test.sentences() > 0) data.splits.push_back(examined(splits.test, "test"));
  for (const std::string& path : {options.data, options.dev, options.test})
    find_faults(data, options, path, splits.file_scheme);
  // Faults and unseen tags are findings of their own.
  for (const std::string& warning : splits.warnings)
    if (warning.find("of the scheme") == std::string::npos &&
        warning.find("does not occur in the training data") == std::string::npos)
      data.doubts.push_back(warning);
}

}  // namespace

std::string ExaminedSplit::place(std::size_t i) const {
  return fmt::format("{}:{}", path.empty() ? name : path, lines[i]);
}

ExaminedData read_for_examination(const ProblemOptions& options) {
  ExaminedData data{.task = options.task,
                    .labels = {},
                    .splits = {},
                    .notes = {},
                    .doubts = {},
                    .scheme = {},
                    .tag_faults = {},
                    .constant_columns = {},
                    .counting_columns = {}};
  const DataPaths paths{.train = options.data, .dev = options.dev, .test = options.test};
  if (options.task == "text" || options.task == "multilabel" || options.task == "pair") {
    if (options.task == "pair") data.item = "pair";
    data.several = options.task == "multilabel";
    if (options.data == "wordnet" && options.task != "text")
      fail("wordnet", "has one label a text: its task is text, not " + options.task);
    TextSplits splits = options.data == "wordnet"
                            ? load_wordnet()
                            : load_texts(paths, text_columns(options), options.seed);
    take(data, splits, options);
  } else if (options.task == "table") {
    data.item = "row";
    NumberSplits splits = load_numbers(
        paths, {.label = options.label_column, .features = {}, .file = table_options(options)},
        options.seed);
    look_at_columns(data, splits.train);
    take(data, splits, options);
  } else if (options.task == "image") {
    data.item = "image";
    ImageSplits splits = load_image_splits(options);
    data.notes = splits.notes;
    take(data, splits, options);
  } else if (options.task == "tags") {
    take_tags(data, options);
  } else {
    fail("--task",
         "unknown task '" + options.task + "'; known: text, multilabel, pair, tags, image, table");
  }
  return data;
}

}  // namespace tailgrad
