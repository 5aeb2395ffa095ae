#include <tailgrad/cli/tag_files.h>

#include <algorithm>

#include <fmt/format.h>

#include <tailgrad/core/error.h>
#include <tailgrad/data/tag_faults.h>
#include <tailgrad/data/tag_set.h>
#include <tailgrad/data/tagged_sentences.h>
#include <tailgrad/models/tag_judgement.h>

namespace tailgrad::cli {
namespace {

TaggedSentences read(const std::string& path, const TagFilesOptions& options,
                     const std::string& column, TagFiles& out) {
  const ColumnFile file = ColumnFile::read(path, column_format(path, options.format));
  out.warnings.insert(out.warnings.end(), file.warnings().begin(), file.warnings().end());
  return read_tagged(file, {.word = {}, .tag = column});
}

void check_same_words(const TaggedSentences& gold, const TaggedSentences& other) {
  const std::size_t tokens = std::min(gold.tokens(), other.tokens());
  for (std::size_t t = 0; t < tokens; ++t) {
    if (gold.words[t] == other.words[t]) continue;
    fail_at(other.path, other.lines[t], 0,
            fmt::format("the word is '{}', in {}:{} it is '{}'; both files need the same words",
                        other.words[t], gold.path, gold.lines[t], gold.words[t]));
  }
  if (gold.tokens() != other.tokens()) {
    fail_at(other.path, 0, 0,
            fmt::format("has {} tokens, {} has {}", other.tokens(), gold.path, gold.tokens()));
  }
  const auto [here, there] = std::ranges::mismatch(gold.offsets, other.offsets);
  if (here == gold.offsets.end() && there == other.offsets.end()) return;
  const auto t = static_cast<std::size_t>(std::min(*here, *there));
  fail_at(other.path, other.lines[t], 0,
          fmt::format("sentences differ: '{}' begins one in {} but not in {}", gold.words[t],
                      *here < *there ? gold.path : other.path,
                      *here < *there ? other.path : gold.path));
}

TagScheme choose_scheme(const TaggedSentences& gold, const TagFilesOptions& options,
                        TagFiles& out) {
  if (!options.scheme.empty()) return scheme_from_name(options.scheme);
  const SchemeGuess guess = detect_scheme(gold.tags, gold.offsets);
  if (!guess.certain) {
    out.warnings.push_back(fmt::format("{}: tag scheme {}: {} (--scheme sets another)", gold.path,
                                       scheme_name(guess.scheme), guess.reason));
  }
  return guess.scheme;
}

std::vector<Index> numbers(const TaggedSentences& data, const TagSet& tags) {
  std::vector<Index> ids;
  ids.reserve(data.tokens());
  for (const std::string& tag : data.tags) ids.push_back(*tags.labels().find(tag));
  return ids;
}

std::vector<std::int64_t> count(const TaggedSentences& train, const TagSet& tags) {
  std::vector<std::int64_t> counts(static_cast<std::size_t>(tags.size()));
  for (const std::string& tag : train.tags) {
    // A tag that neither gold nor predicted tags know is no class here.
    if (const auto id = tags.labels().find(tag)) ++counts[static_cast<std::size_t>(*id)];
  }
  return counts;
}

}  // namespace

TagFiles read_tag_files(const TagFilesOptions& options) {
  TagFiles out;
  const TaggedSentences gold = read(options.gold, options, options.gold_column, out);
  std::vector<TaggedSentences> systems;
  std::vector<std::string_view> names(gold.tags.begin(), gold.tags.end());
  const std::string column = options.predicted_column.empty() ? "last" : options.predicted_column;
  for (const std::string& path : options.predicted) {
    systems.push_back(read(path, options, column, out));
    check_same_words(gold, systems.back());
  }
  for (const TaggedSentences& system : systems)
    names.insert(names.end(), system.tags.begin(), system.tags.end());
  const TagScheme scheme = choose_scheme(gold, options, out);
  const TagSet tags(LabelSet::of(names), scheme);
  std::vector<std::uint8_t> unknown;
  if (!options.train.empty()) {
    const TaggedSentences train = read(options.train, options, options.gold_column, out);
    unknown = mark_unknown_words(gold, train);
    out.train_counts = count(train, tags);
  }
  if (tags.has_spans()) {
    const auto name_faults = [&](const TaggedSentences& data) {
      const std::vector<TagFault> faults = find_tag_faults(data, scheme);
      if (!faults.empty()) out.warnings.push_back(tag_faults_text(data, faults, scheme));
    };
    name_faults(gold);
    for (const TaggedSentences& system : systems) name_faults(system);
  }
  const std::vector<Index> truth = numbers(gold, tags);
  for (const TaggedSentences& system : systems) {
    out.systems.push_back(
        judge_tags(tags, predictions_from_classes(numbers(system, tags), truth, tags.size()),
                   gold.offsets, unknown));
  }
  out.labels.assign(tags.labels().names().begin(), tags.labels().names().end());
  out.scheme = scheme_name(scheme);
  return out;
}

}  // namespace tailgrad::cli
