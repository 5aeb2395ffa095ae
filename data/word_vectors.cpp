#include <tailgrad/data/word_vectors.h>

#include <charconv>
#include <cmath>
#include <string_view>

#include <fmt/format.h>

#include <tailgrad/core/error.h>
#include <tailgrad/data/file.h>
#include <tailgrad/data/vocabulary.h>

namespace tailgrad {
namespace {

// The cells of a line between spaces; word2vec leaves one at the end.
void split(std::string_view line, std::vector<std::string_view>& cells) {
  cells.clear();
  while (!line.empty() && (line.back() == ' ' || line.back() == '\r')) line.remove_suffix(1);
  for (std::size_t begin = 0; begin <= line.size();) {
    const std::size_t end = std::min(line.find(' ', begin), line.size());
    cells.push_back(line.substr(begin, end - begin));
    begin = end + 1;
  }
}

bool is_whole_number(std::string_view text) {
  return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
}

}  // namespace

WordVectors read_word_vectors(const std::string& path) {
  // Not TextFile: such files have words cut inside a character, which are then simply never found.
  const std::string text = read_bytes(path);
  WordVectors out;
  WordMap<bool> seen;
  std::vector<std::string_view> cells;
  LineReader lines(text);
  for (Line line; lines.next(line);) {
    split(line.text, cells);
    if (line.number == 1 && cells.size() == 2 && is_whole_number(cells[0]) &&
        is_whole_number(cells[1]))
      continue;
    if (cells.size() == 1 && cells[0].empty()) continue;
    if (out.width == 0) {
      out.width = static_cast<Index>(cells.size()) - 1;
      if (out.width < 1)
        fail_at(path, line.number, 0,
                "expected a word and its numbers between spaces, as GloVe and word2vec write them");
    }
    const auto width = static_cast<std::size_t>(out.width);
    if (cells.size() < width + 1)
      fail_at(
          path, line.number, 0,
          fmt::format("expected a word and {} numbers, as on the first line of a word; found {}",
                      width, cells.size() - 1));
    // A few words of GloVe's largest file hold spaces: the numbers are what stands last.
    const char* const end_of_word =
        cells[cells.size() - width - 1].data() + cells[cells.size() - width - 1].size();
    const std::string_view word(line.text.data(),
                                static_cast<std::size_t>(end_of_word - line.text.data()));
    if (word.empty() || !seen.emplace(word, true).second) continue;
    out.words.emplace_back(word);
    for (std::size_t i = cells.size() - width; i < cells.size(); ++i) {
      float value = 0;
      const char* const end = cells[i].data() + cells[i].size();
      const auto read = std::from_chars(cells[i].data(), end, value);
      if (read.ec != std::errc() || read.ptr != end || !std::isfinite(value))
        fail_at(path, line.number, 0, fmt::format("'{}' is no finite number", cells[i]));
      out.values.push_back(value);
    }
  }
  if (out.words.empty()) fail_at(path, 0, 0, "holds no word vectors");
  return out;
}

}  // namespace tailgrad
