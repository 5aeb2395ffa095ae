#include <tailgrad/data/tagged_sentences.h>

#include <algorithm>

#include <fmt/format.h>

#include <tailgrad/core/error.h>

namespace tailgrad {
namespace {

std::string_view filled_cell(const ColumnFile& file, std::size_t token, std::size_t column,
                             const char* what) {
  const std::string_view cell = file.cell(token, column);
  if (cell.empty()) {
    fail_at(file.path(), file.line(token), 0,
            fmt::format("the {} in column {} is empty", what, column + 1));
  }
  return cell;
}

}  // namespace

TaggedSentences read_tagged(const ColumnFile& file, const TagColumns& columns, bool with_tags) {
  const bool conllu = file.format() == ColumnFormat::conllu;
  const std::size_t word = !columns.word.empty() ? file.column(columns.word)
                           : conllu              ? file.column("form")
                                                 : 0;
  TaggedSentences data;
  data.path = file.path();
  data.offsets.assign(file.offsets().begin(), file.offsets().end());
  data.words.reserve(file.tokens());
  data.lines.reserve(file.tokens());
  for (std::size_t t = 0; t < file.tokens(); ++t) {
    data.words.emplace_back(filled_cell(file, t, word, "word"));
    data.lines.push_back(file.line(t));
  }
  if (!with_tags) return data;
  const std::size_t tag = file.column(!columns.tag.empty() ? columns.tag
                                      : conllu             ? "upos"
                                                           : "last");
  if (file.columns() == 1) {
    fail_at(file.path(), file.line(0), 0,
            fmt::format("has one column, '{}'; a column of tags is needed beside the words",
                        file.cell(0, 0)));
  }
  data.tags.reserve(file.tokens());
  for (std::size_t t = 0; t < file.tokens(); ++t) {
    data.tags.emplace_back(filled_cell(file, t, tag, "tag"));
  }
  return data;
}

TaggedSentences select_sentences(const TaggedSentences& data, std::span<const Index> sentences) {
  TaggedSentences part;
  part.path = data.path;
  for (const Index item : sentences) {
    const auto s = static_cast<std::size_t>(item);
    if (item < 0 || s >= data.sentences()) {
      fail("select_sentences",
           fmt::format("needs sentences below {}; got {}", data.sentences(), item));
    }
    for (auto t = static_cast<std::size_t>(data.offsets[s]);
         t < static_cast<std::size_t>(data.offsets[s + 1]); ++t) {
      part.words.push_back(data.words[t]);
      if (!data.tags.empty()) part.tags.push_back(data.tags[t]);
      if (!data.labels.empty()) part.labels.push_back(data.labels[t]);
      part.lines.push_back(data.lines[t]);
    }
    part.offsets.push_back(static_cast<Index>(part.words.size()));
  }
  return part;
}

std::vector<std::uint8_t> mark_unknown_words(const TaggedSentences& data,
                                             const TaggedSentences& train) {
  std::vector<std::string_view> known(train.words.begin(), train.words.end());
  std::ranges::sort(known);
  known.erase(std::ranges::unique(known).begin(), known.end());
  std::vector<std::uint8_t> unknown;
  unknown.reserve(data.tokens());
  for (const std::string& word : data.words) {
    unknown.push_back(std::ranges::binary_search(known, std::string_view(word)) ? 0 : 1);
  }
  return unknown;
}

}  // namespace tailgrad
