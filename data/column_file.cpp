#include <tailgrad/data/column_file.h>

#include <algorithm>

#include <fmt/format.h>

#include <tailgrad/core/error.h>
#include <tailgrad/data/column_cells.h>

namespace tailgrad {

ColumnFormat column_format(const std::string& path, std::string_view name) {
  if (name == "conll") return ColumnFormat::conll;
  if (name == "conllu") return ColumnFormat::conllu;
  if (!name.empty()) {
    fail(
        "format",
        fmt::format("there is no format '{}' for tagged tokens; conll and conllu are known", name));
  }
  std::string_view stem = path;
  if (stem.ends_with(".gz")) stem.remove_suffix(3);
  if (stem.ends_with(".conllu")) return ColumnFormat::conllu;
  for (const char* ending : {".conll", ".bio", ".iob", ".iob2", ".tsv", ".tab", ".txt"}) {
    if (stem.ends_with(ending)) return ColumnFormat::conll;
  }
  fail_at(
      path, 0, 0,
      "the ending does not say what the file is (.conll and .conllu do); name the format: conll "
      "or conllu");
}

ColumnFile ColumnFile::read(const std::string& path, ColumnFormat format) {
  return ColumnFile(TextFile::read(path), format);
}

ColumnFile::ColumnFile(TextFile file, ColumnFormat format)
    : file_(std::make_shared<const TextFile>(std::move(file))),
      format_(format),
      lines_(column_lines(*file_, format)) {}

std::string_view ColumnFile::cell(std::size_t token, std::size_t column) const {
  return find_cell(lines_.tokens[token].text, lines_.separator, column);
}

std::size_t ColumnFile::column(std::string_view name) const {
  if (name == "last") return lines_.columns - 1;
  if (const auto number = whole_number(name)) {
    if (*number >= 1 && *number <= lines_.columns) return *number - 1;
    fail_at(path(), 0, 0,
            fmt::format("there is no column {}; the file has columns 1 to {}", *number,
                        lines_.columns));
  }
  std::vector<std::string_view> known(lines_.names.begin(), lines_.names.end());
  if (format_ == ColumnFormat::conllu) known.assign(kConlluNames.begin(), kConlluNames.end());
  if (known.size() > lines_.columns) known.resize(lines_.columns);
  const auto found = std::ranges::find(known, lower_case(name));
  if (found == known.end()) {
    fail_at(
        path(), 0, 0,
        fmt::format("there is no column '{}'; a column is a number from 1 to {}, last{}{}", name,
                    lines_.columns, known.empty() ? "" : " or one of ", fmt::join(known, ", ")));
  }
  return static_cast<std::size_t>(found - known.begin());
}

// A comment is none because of the columns it has and of its last cell, and both may fit once the
// tokens have a column more.
void ColumnFile::refuse_comments_like_tokens(std::span<const std::string> values) const {
  for (const Line& line : lines_.comments) {
    if (is_certain_comment(line.text) ||
        count_cells(line.text, lines_.separator) != lines_.columns + 1)
      continue;
    const std::string_view last = find_cell(line.text, lines_.separator, lines_.columns);
    if (std::ranges::find(values, last) == values.end()) continue;
    fail_at(path(), line.number, 0,
            fmt::format("this comment would be read as a token when a column is added: it has {} "
                        "and ends with '{}', a value of the new one; write it as '# name = …'",
                        column_count(lines_.columns + 1), last));
  }
}

std::string ColumnFile::with_column(std::span<const std::string> values) const {
  if (values.size() != tokens()) {
    fail("with_column",
         fmt::format("needs a value for each of the {} tokens; got {}", tokens(), values.size()));
  }
  if (format_ == ColumnFormat::conll) refuse_comments_like_tokens(values);
  const std::string_view text = file_->text();
  std::string out;
  out.reserve(text.size() + values.size() * 8);
  if (file_->has_byte_order_mark()) out += "\xef\xbb\xbf";
  std::size_t copied = 0;
  const auto put = [&](const Line& line, std::string_view value) {
    const std::size_t end = line.offset + line.text.size();
    out += text.substr(copied, end - copied);
    copied = end;
    // A tab at the end of the line already opens the new column.
    const std::size_t last = line.text.find_last_not_of(" \t");
    const bool opened = format_ == ColumnFormat::conll && lines_.separator == '\t' &&
                        line.text.find('\t', last) != std::string_view::npos;
    if (!opened) out += lines_.separator;
    out += value;
  };
  std::size_t extra = 0;
  const auto put_extra = [&](std::size_t before) {
    for (; extra < lines_.extra.size() && lines_.extra[extra].offset < before; ++extra) {
      const Line& line = lines_.extra[extra];
      const bool repeats = format_ == ColumnFormat::conll && lines_.columns > 1;
      put(line, repeats ? find_cell(line.text, lines_.separator, lines_.columns - 1)
                        : std::string_view(format_ == ColumnFormat::conll ? "O" : "_"));
    }
  };
  for (std::size_t t = 0; t < tokens(); ++t) {
    const char* const forbidden = lines_.separator == ' ' ? " \t\r\n" : "\t\r\n";
    if (is_blank(values[t]) || values[t].find_first_of(forbidden) != std::string::npos) {
      fail("with_column",
           fmt::format("a value must fit into one column; got '{}' for token {}", values[t], t));
    }
    put_extra(lines_.tokens[t].offset);
    put(lines_.tokens[t], values[t]);
  }
  put_extra(text.size() + 1);
  out += text.substr(copied);
  return out;
}

}  // namespace tailgrad
