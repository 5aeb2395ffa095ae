#include <tailgrad/data/tag_splits.h>

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include <tailgrad/core/error.h>
#include <tailgrad/data/split.h>
#include <tailgrad/data/tag_faults.h>

namespace tailgrad {
namespace {

// Reads the files of one problem, one step after the other.
class TagLoader {
 public:
  explicit TagLoader(const TagOptions& options) : options_(options) {}

  TagSplits run() {
    read(options_.train, splits_.train);
    if (!options_.dev.empty()) read(options_.dev, splits_.dev);
    if (!options_.test.empty()) read(options_.test, splits_.test);
    choose_scheme();
    const TagScheme scheme = splits_.file_scheme;
    const TagScheme target =
        options_.train_scheme.empty() ? scheme : scheme_from_name(options_.train_scheme);
    for (TaggedSentences* part : parts()) {
      if (part->tokens() == 0) continue;
      check_faults(*part);
      convert_tags(*part, scheme, target);
    }
    number(target);
    if (splits_.tags.has_spans()) warn_of_spans();
    if (options_.dev.empty()) hold_out();
    warn_of_unseen();
    return std::move(splits_);
  }

 private:
  std::array<TaggedSentences*, 3> parts() { return {&splits_.train, &splits_.dev, &splits_.test}; }

  void read(const std::string& path, TaggedSentences& part) {
    const ColumnFile file = ColumnFile::read(path, column_format(path, options_.format));
    part = read_tagged(file, options_.columns);
    splits_.warnings.insert(splits_.warnings.end(), file.warnings().begin(), file.warnings().end());
  }

  void choose_scheme() {
    if (!options_.scheme.empty()) {
      splits_.file_scheme = scheme_from_name(options_.scheme);
      return;
    }
    const SchemeGuess guess = detect_scheme(splits_.train.tags, splits_.train.offsets);
    splits_.file_scheme = guess.scheme;
    const std::string text = fmt::format("{}: tag scheme {}: {}", options_.train,
                                         scheme_name(guess.scheme), guess.reason);
    if (guess.certain) {
      splits_.notes.push_back(text);
    } else {
      splits_.warnings.push_back(text + " (--scheme sets another)");
    }
  }

  void check_faults(TaggedSentences& part) {
    const TagScheme scheme = splits_.file_scheme;
    if (scheme == TagScheme::none) return;
    const std::vector<TagFault> faults = find_tag_faults(part, scheme);
    if (faults.empty()) return;
    const std::string text = tag_faults_text(part, faults, scheme);
    if (!options_.repair) {
      splits_.warnings.push_back(text + "; the tags are kept as they are (--repair rewrites them)");
      return;
    }
    const std::size_t changed = repair_tags(part, scheme);
    splits_.notes.push_back(
        text + fmt::format("; repaired, {} tag{} changed", changed, changed == 1 ? "" : "s"));
  }

  void number(TagScheme scheme) {
    std::vector<std::string_view> names;
    for (const TaggedSentences* part : parts())
      names.insert(names.end(), part->tags.begin(), part->tags.end());
    splits_.tags = TagSet(LabelSet::of(names), scheme);
    if (splits_.tags.size() < 2) {
      fail_at(options_.train, 0, 0,
              fmt::format("every token has the tag {}; at least two different tags are needed",
                          splits_.tags.labels().text()));
    }
    for (TaggedSentences* part : parts()) {
      for (const std::string& tag : part->tags)
        part->labels.push_back(*splits_.tags.labels().find(tag));
    }
    for (TaggedSentences* part : parts()) part->tags.clear();
  }

  void warn_of_unseen() {
    const std::vector<std::size_t> seen = class_counts(splits_.train.labels, splits_.tags.size());
    for (const TaggedSentences* part : {&splits_.dev, &splits_.test}) {
      const std::vector<std::size_t> here = class_counts(part->labels, splits_.tags.size());
      for (std::size_t k = 0; k < seen.size(); ++k) {
        if (seen[k] > 0 || here[k] == 0) continue;
        const auto first = std::ranges::find(part->labels, static_cast<Index>(k));
        const auto token = static_cast<std::size_t>(first - part->labels.begin());
        splits_.warnings.push_back(fmt::format(
            "{}:{}: the tag '{}' ({} token{}) does not occur in the training data: it cannot be "
            "learned",
            part->path, part->lines[token], splits_.tags.labels().names()[k], here[k],
            here[k] == 1 ? "" : "s"));
      }
    }
  }

  void warn_of_spans() {
    const TagCounts counts = count_tags(splits_.train, splits_.tags);
    if (std::ranges::all_of(counts.spans, [](std::int64_t n) { return n == 0; })) {
      splits_.warnings.push_back(
          fmt::format("{}: there is no span at all, every tag is O", options_.train));
      return;
    }
    for (std::size_t k = 0; k < counts.spans.size(); ++k) {
      if (counts.spans[k] != 1) continue;
      splits_.warnings.push_back(fmt::format("{}: there is one span of type '{}' only",
                                             options_.train, splits_.tags.types()[k]));
    }
  }

  void hold_out() {
    if (splits_.train.sentences() < 2) {
      fail_at(options_.train, 0, 0,
              "holds one sentence only, so none can be held out for development; name a "
              "development file");
    }
    const Split split = split_sentences(splits_.train, kHeldOutShare, options_.seed);
    splits_.dev = select_sentences(splits_.train, split.held_out);
    splits_.train = select_sentences(splits_.train, split.kept);
    splits_.held_out = true;
    splits_.notes.push_back(fmt::format(
        "{}: {} of {} sentences are held out for development, stratified by their "
        "rarest tag",
        options_.train, split.held_out.size(), split.held_out.size() + split.kept.size()));
  }

  const TagOptions& options_;
  TagSplits splits_;
};

}  // namespace

TagSplits load_tags(const TagOptions& options) {
  return TagLoader(options).run();
}

Split split_sentences(const TaggedSentences& data, double share, std::uint64_t seed) {
  if (data.labels.size() != data.tokens()) {
    fail("split_sentences", fmt::format("needs a label for each of the {} tokens; got {}",
                                        data.tokens(), data.labels.size()));
  }
  const Index classes =
      data.labels.empty() ? 1 : 1 + *std::max_element(data.labels.begin(), data.labels.end());
  const std::vector<std::size_t> counts = class_counts(data.labels, classes);
  std::vector<Index> strata;
  for (std::size_t s = 0; s < data.sentences(); ++s) {
    Index rarest = -1;
    for (Index t = data.offsets[s]; t < data.offsets[s + 1]; ++t) {
      const Index tag = data.labels[static_cast<std::size_t>(t)];
      if (rarest < 0 ||
          counts[static_cast<std::size_t>(tag)] < counts[static_cast<std::size_t>(rarest)]) {
        rarest = tag;
      }
    }
    strata.push_back(std::max(rarest, Index{0}));
  }
  Split split = stratified_split(strata, classes, share, seed);
  if (split.held_out.empty() && data.sentences() > 1) {
    // Every stratum has one sentence only.
    split = stratified_split(std::vector<Index>(data.sentences(), 0), 1, share, seed);
  }
  return split;
}

TagCounts count_tags(const TaggedSentences& data, const TagSet& tags) {
  TagCounts counts;
  const std::vector<std::size_t> tokens = class_counts(data.labels, tags.size());
  counts.tokens.assign(tokens.begin(), tokens.end());
  counts.spans.assign(tags.types().size(), 0);
  for (const TokenSpan& span : read_spans(tags, data.labels, data.offsets, SpanReading::conlleval))
    ++counts.spans[static_cast<std::size_t>(span.type)];
  return counts;
}

std::vector<Index> sentence_lengths(const TaggedSentences& data) {
  std::vector<Index> lengths;
  for (std::size_t s = 0; s < data.sentences(); ++s)
    lengths.push_back(data.offsets[s + 1] - data.offsets[s]);
  std::ranges::sort(lengths);
  return lengths;
}

}  // namespace tailgrad
