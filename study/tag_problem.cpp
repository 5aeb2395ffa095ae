#include <tailgrad/study/tag_problem.h>

#include <tailgrad/core/error.h>
#include <tailgrad/core/text_form.h>
#include <tailgrad/data/tag_splits.h>

namespace tailgrad {
namespace {

std::string count_of(Index count, const std::string& what) {
  return std::to_string(count) + " " + what + (count == 1 ? "" : "s");
}

// Vectors under the keys of the vocabulary; of several words with one key the first counts, in such
// files the most frequent.
WordVectors read_vectors(const std::string& path) {
  const WordVectors all = read_word_vectors(path);
  WordVectors kept{.words = {}, .values = {}, .width = all.width};
  WordMap<bool> seen;
  for (std::size_t i = 0; i < all.words.size(); ++i) {
    std::string key = word_key(all.words[i]);
    if (!seen.emplace(key, true).second) continue;
    kept.words.push_back(std::move(key));
    const auto row = all.values.begin() + static_cast<std::ptrdiff_t>(i) * all.width;
    kept.values.insert(kept.values.end(), row, row + all.width);
  }
  return kept;
}

// Spans are learned as IOBES, which tells a model where they end; tags with faults stay as they
// are.
TagSplits load_tag_splits(const ProblemOptions& options) {
  TagOptions tags{.train = options.data,
                  .dev = options.dev,
                  .test = options.test,
                  .format = options.format,
                  .columns = {.word = options.word_column, .tag = options.tag_column},
                  .scheme = options.scheme,
                  .train_scheme = options.train_scheme,
                  .repair = options.repair,
                  .seed = options.seed};
  TagSplits splits = load_tags(tags);
  if (!options.train_scheme.empty() || !splits.tags.has_spans() ||
      splits.file_scheme == TagScheme::bmes || splits.file_scheme == TagScheme::iobes)
    return splits;
  try {
    tags.train_scheme = "iobes";
    return load_tags(tags);
  } catch (const Error&) {
    splits.notes.push_back(
        "tags that break their scheme cannot be converted: the model learns them as they are, not "
        "as iobes");
    return splits;
  }
}

// Without test data: cuts whole sentences from the training data.
void hold_out_test(TagSplits& splits, const ProblemOptions& options) {
  if (splits.test.sentences() > 0 || options.test_share <= 0) return;
  const Split split = split_sentences(splits.train, options.test_share, options.seed);
  splits.test = select_sentences(splits.train, split.held_out);
  splits.train = select_sentences(splits.train, split.kept);
  splits.notes.push_back(
      "no --test: " + count_of(static_cast<Index>(splits.test.sentences()), "sentence") + ", " +
      shortest_text(100 * options.test_share) + " % of the training data, held out for testing");
}

}  // namespace

Problem load_tag_problem(const ProblemOptions& options) {
  TagSplits splits = load_tag_splits(options);
  hold_out_test(splits, options);
  SentenceEncodingOptions sentences = options.sentences;
  sentences.columns = {.word = options.word_column, .tag = options.tag_column};
  const Index classes = splits.tags.size();
  std::optional<WordVectors> vectors;
  if (!options.vectors.empty()) vectors = read_vectors(options.vectors);
  const std::span<const std::string> known =
      vectors ? std::span<const std::string>(vectors->words) : std::span<const std::string>();
  Problem problem{.task = options.task,
                  .labels = splits.tags.labels(),
                  .encoding = SentenceEncoding(splits.train, splits.tags.scheme(),
                                               splits.file_scheme, sentences, known),
                  .train = {},
                  .dev = {},
                  .test = {},
                  .notes = std::move(splits.notes),
                  .warnings = std::move(splits.warnings),
                  .vectors = std::move(vectors),
                  .tags = splits.tags};
  const auto& encoding = std::get<SentenceEncoding>(problem.encoding);
  problem.train = encoding.encode(splits.train, classes);
  problem.dev = encoding.encode(splits.dev, classes);
  if (splits.test.sentences() > 0) problem.test = encoding.encode(splits.test, classes);
  const Index cut =
      problem.train.sentences.cut + problem.dev.sentences.cut + problem.test.sentences.cut;
  if (problem.vectors) {
    const Vocabulary& words = encoding.words().words();
    const Index trained = encoding.words().training_words();
    Index found = 0;
    for (const std::string& word : problem.vectors->words) {
      const Index id = words.find(word);
      found += id != Vocabulary::kUnknown && id <= trained;
    }
    problem.notes.push_back(options.vectors + ": " +
                            count_of(static_cast<Index>(problem.vectors->words.size()), "vector") +
                            "; " + std::to_string(found) + " of " + std::to_string(trained) +
                            " words of the training data have one");
  }
  if (cut > 0)
    problem.notes.push_back(count_of(cut, "sentence") + " of more than " +
                            std::to_string(options.sentences.max_tokens) +
                            " tokens cut into pieces for the model (--max-tokens)");
  return problem;
}

}  // namespace tailgrad
