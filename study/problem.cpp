#include <tailgrad/study/problem.h>

#include <algorithm>

#include <nlohmann/json.hpp>

#include <tailgrad/core/error.h>
#include <tailgrad/core/text_form.h>
#include <tailgrad/data/split.h>
#include <tailgrad/data/wordnet.h>
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
    problem.notes.push_back(count_of(cut, "text") + " of more than " + std::to_string(max_tokens) +
                            " words cut to that length (--max-tokens)");
}

// Without test data: cuts some from the training data. Returns what there is to say about it.
template <class Splits>
std::string hold_out_test(Splits& splits, const ProblemOptions& options) {
  if (splits.test.size() > 0 || options.test_share <= 0) return "";
  const Split split =
      stratified_split(splits.train.labels, splits.labels.size(), options.test_share, options.seed);
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

}  // namespace

std::vector<std::int64_t> Problem::counts(const Examples& split) const {
  std::vector<std::int64_t> counts(static_cast<std::size_t>(labels.size()));
  for (const Index label : split.classes) ++counts[static_cast<std::size_t>(label)];
  return counts;
}

ClassCounts Problem::class_counts() const {
  return ClassCounts(counts(train));
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
  const auto [least, most] = std::ranges::minmax(in_train);
  nlohmann::json all = {
      {"items", {{"train", train.size()}, {"dev", dev.size()}, {"test", test.size()}}},
      {"classes", classes},
      {"notes", notes},
      {"warnings", warnings}};
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
  if (least == 0) all["reason"] = "imbalance: a class has no training items";
  return all;
}

Problem load_problem(const ProblemOptions& options) {
  const DataPaths paths{.train = options.data, .dev = options.dev, .test = options.test};
  if (options.task == "text") {
    if (options.encoding.max_tokens < 1) fail("--max-tokens", "needs at least 1");
    options.encoding.vocabulary.check();
    TextSplits splits = options.data == "wordnet" ? load_wordnet()
                                                  : load_texts(paths,
                                                               {.text = options.text_column,
                                                                .label = options.label_column,
                                                                .format = options.format},
                                                               options.seed);
    const std::string held_out = hold_out_test(splits, options);
    Problem problem = assemble(options, splits, TextEncoding(splits.train.texts, options.encoding));
    if (!held_out.empty()) problem.notes.push_back(held_out);
    note_truncation(problem, options.encoding.max_tokens);
    return problem;
  }
  if (options.task == "tags") return load_tag_problem(options);
  if (options.task == "table") {
    NumberSplits splits = load_numbers(
        paths, {.label = options.label_column, .features = {}, .format = options.format},
        options.seed);
    const std::string held_out = hold_out_test(splits, options);
    Problem problem = assemble(options, splits, NumberEncoding(splits.train));
    if (!held_out.empty()) problem.notes.push_back(held_out);
    return problem;
  }
  fail("--task", "unknown task '" + options.task + "'; known: text, tags, table");
}

}  // namespace tailgrad
