#include <tailgrad/study/problem.h>

#include <algorithm>
#include <cmath>

#include <nlohmann/json.hpp>

#include <tailgrad/core/error.h>
#include <tailgrad/core/text_form.h>
#include <tailgrad/data/split.h>
#include <tailgrad/data/wordnet.h>
#include <tailgrad/study/image_problem.h>
#include <tailgrad/study/tag_problem.h>

namespace tailgrad {
namespace {

std::string count_of(Index count, const std::string& what) {
  return std::to_string(count) + " " + what + (count == 1 ? "" : "s");
}

// Texts cut to max_tokens, said once for all splits.
void note_truncation(Problem& problem, Index max_tokens) {
  const Index cut =
      problem.train.texts.truncated + problem.dev.texts.truncated + problem.test.texts.truncated;
  if (cut > 0)
    problem.notes.push_back(count_of(cut, problem.task == "pair" ? "pair" : "text") +
                            (problem.task == "pair" ? " with a text" : "") + " of more than " +
                            std::to_string(max_tokens) +
                            " words cut to that length (--max-tokens)");
}

// Without test data: cuts some from the training data. Returns what there is to say about it.
Split split_off(const TextSplits& splits, double share, std::uint64_t seed) {
  return split_texts(splits.train, splits.labels.size(), share, seed);
}

Split split_off(const NumberSplits& splits, double share, std::uint64_t seed) {
  return stratified_split(splits.train.labels, splits.labels.size(), share, seed);
}

template <class Splits>
std::string hold_out_test(Splits& splits, const ProblemOptions& options) {
  if (splits.test.size() > 0 || options.test_share <= 0) return "";
  const Split split = split_off(splits, options.test_share, options.seed);
  splits.test = select(splits.train, split.held_out);
  splits.train = select(splits.train, split.kept);
  return "no --test: " + count_of(static_cast<Index>(splits.test.size()), "item") + ", " +
         shortest_text(100 * options.test_share) +
         " % of each class of the training data, held out for testing";
}

template <class Splits, class Encoding>
Problem assemble(const ProblemOptions& options, const Splits& splits, Encoding encoding) {
  const Index classes = splits.labels.size();
  Problem problem{.task = options.task,
                  .labels = splits.labels,
                  .encoding = std::move(encoding),
                  .train = {},
                  .dev = {},
                  .test = {},
                  .notes = {}};
  const Encoding& encode = std::get<Encoding>(problem.encoding);
  problem.train = encode.encode(splits.train, classes);
  problem.dev = encode.encode(splits.dev, classes);
  if (splits.test.size() > 0) problem.test = encode.encode(splits.test, classes);
  if (splits.held_out)
    problem.notes.push_back("no --dev: " + count_of(problem.dev.size(), "item") +
                            ", a tenth of the training data, held out for development");
  return problem;
}

Problem load_text_problem(const ProblemOptions& options) {
  if (options.encoding.max_tokens < 1) fail("--max-tokens", "needs at least 1");
  options.encoding.vocabulary.check();
  const bool wordnet = options.data == "wordnet";
  if (wordnet && options.task != "text")
    fail("wordnet", "has one label a text: its task is text, not " + options.task);
  TextEncodingOptions encoding = options.encoding;
  if (!wordnet) encoding.columns = text_columns(options);
  const DataPaths paths{.train = options.data, .dev = options.dev, .test = options.test};
  TextSplits splits = wordnet ? load_wordnet() : load_texts(paths, encoding.columns, options.seed);
  const std::string held_out = hold_out_test(splits, options);
  Problem problem = assemble(options, splits, TextEncoding(splits.train, encoding));
  if (!held_out.empty()) problem.notes.push_back(held_out);
  note_truncation(problem, options.encoding.max_tokens);
  return problem;
}

// How many training items have no label, which several.
nlohmann::json labels_an_item(const Problem& problem) {
  const auto width = static_cast<std::size_t>(problem.labels.size());
  const std::vector<std::uint8_t>& marks = problem.train.marks;
  std::int64_t none = 0;
  std::int64_t several = 0;
  std::int64_t all = 0;
  for (std::size_t at = 0; at < marks.size(); at += width) {
    std::int64_t count = 0;
    for (std::size_t k = 0; k < width; ++k) count += marks[at + k];
    none += count == 0;
    several += count > 1;
    all += count;
  }
  return {{"mean", static_cast<double>(all) / static_cast<double>(marks.size() / width)},
          {"items_without", none},
          {"items_with_several", several}};
}

}  // namespace

TableOptions table_options(const ProblemOptions& options) {
  TableOptions table = options.table;
  table.format = options.format;
  return table;
}

TextColumns text_columns(const ProblemOptions& options) {
  TextColumns columns{.text = options.text_column,
                      .label = options.label_column,
                      .file = table_options(options),
                      .cells = {.numbers = !options.label_names.empty()},
                      .names = options.label_names};
  if (options.task == "pair") {
    columns.second = options.second_column;
    if (columns.second.empty()) fail("--second-column", "must not be empty");
    if (columns.second == columns.text)
      fail("--second-column", "names the column of the first text, '" + columns.text + "'");
  }
  if (options.task == "multilabel") {
    columns.cells.separator = options.label_separator;
    if (columns.cells.separator.find_first_not_of(" \t") == std::string::npos)
      fail("--label-separator", "needs a character that is not a space");
  }
  return columns;
}

std::vector<std::int64_t> Problem::counts(const Examples& split) const {
  std::vector<std::int64_t> counts(static_cast<std::size_t>(labels.size()));
  for (const Index label : split.classes) ++counts[static_cast<std::size_t>(label)];
  for (std::size_t e = 0; e < split.marks.size(); ++e) counts[e % counts.size()] += split.marks[e];
  return counts;
}

ClassCounts Problem::class_counts() const {
  return ClassCounts(counts(train), several_labels() ? static_cast<double>(train.size()) : 0);
}

std::vector<double> Problem::first_biases() const {
  const ClassCounts known = class_counts();
  if (!several_labels()) return known.log_prior();
  std::vector<double> odds;
  for (const double count : known.counts())
    odds.push_back(std::log(count / std::max(known.items() - count, 1.0)));
  return odds;
}

nlohmann::json Problem::json() const {
  const auto in_train = counts(train);
  const auto in_dev = counts(dev);
  const auto in_test = counts(test);
  nlohmann::json classes = nlohmann::json::array();
  for (std::size_t k = 0; k < in_train.size(); ++k)
    classes.push_back({{"label", labels.names()[k]},
                       {"train", in_train[k]},
                       {"dev", in_dev[k]},
                       {"test", in_test[k]}});
  std::int64_t least = 0;  // of the classes that have items, as for the doctor
  std::int64_t most = 0;
  for (const std::int64_t count : in_train) {
    if (count > 0 && (least == 0 || count < least)) least = count;
    most = std::max(most, count);
  }
  nlohmann::json all = {
      {"items", {{"train", train.size()}, {"dev", dev.size()}, {"test", test.size()}}},
      {"classes", classes},
      {"notes", notes},
      {"warnings", warnings}};
  if (several_labels()) all["labels_an_item"] = labels_an_item(*this);
  if (tags) {
    const auto& schemes = std::get<SentenceEncoding>(encoding);
    all["tokens"] = {{"train", train.rows()}, {"dev", dev.rows()}, {"test", test.rows()}};
    all["scheme"] = scheme_name(schemes.file_scheme());
    all["train_scheme"] = scheme_name(schemes.scheme());
    nlohmann::json types = nlohmann::json::array();
    for (const std::string& type : tags->types()) types.push_back({{"label", type}});
    for (const auto& [name, split] : {std::pair{"train", &train}, {"dev", &dev}, {"test", &test}}) {
      for (nlohmann::json& type : types) type[name] = 0;
      if (split->rows() == 0 || !tags->has_spans()) continue;
      for (const TokenSpan& span :
           read_spans(*tags, split->classes, split->sentences.sentence_offsets(),
                      SpanReading::conlleval)) {
        nlohmann::json& count = types[static_cast<std::size_t>(span.type)][name];
        count = count.get<std::int64_t>() + 1;
      }
    }
    all["types"] = types;
  }
  all["imbalance"] =
      least > 0 ? nlohmann::json(static_cast<double>(most) / static_cast<double>(least)) : nullptr;
  if (least == 0) all["reason"] = "imbalance: there are no training items";
  return all;
}

Problem load_problem(const ProblemOptions& options) {
  if (options.task == "text" || options.task == "multilabel" || options.task == "pair")
    return load_text_problem(options);
  if (options.task == "tags") return load_tag_problem(options);
  if (options.task == "image") return load_image_problem(options);
  if (options.task == "table") {
    NumberSplits splits = load_numbers(
        {.train = options.data, .dev = options.dev, .test = options.test},
        {.label = options.label_column, .features = {}, .file = table_options(options)},
        options.seed);
    const std::string held_out = hold_out_test(splits, options);
    Problem problem = assemble(options, splits, NumberEncoding(splits.train));
    if (!held_out.empty()) problem.notes.push_back(held_out);
    return problem;
  }
  fail("--task",
       "unknown task '" + options.task + "'; known: text, multilabel, pair, tags, image, table");
}

}  // namespace tailgrad
