#include <tailgrad/data/column_lines.h>

#include <algorithm>
#include <limits>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include <tailgrad/core/error.h>
#include <tailgrad/data/column_cells.h>

namespace tailgrad {
namespace {

constexpr std::size_t kConlluColumns = 10;

bool is_document_start(std::string_view line) {
  constexpr std::string_view kMark = "-DOCSTART-";
  return line.starts_with(kMark) &&
         (line.size() == kMark.size() || line[kMark.size()] == ' ' || line[kMark.size()] == '\t');
}

bool may_be_comment(std::string_view line) {
  return line.starts_with("# ") || line.starts_with("#\t") || line == "#" ||
         line.starts_with("#begin document") || line.starts_with("#end document");
}

enum class NodeKind { token, range, empty, none };

// What an ID of CoNLL-U stands for: 7, 7-8 or 7.1.
NodeKind node_kind(std::string_view id) {
  if (whole_number(id)) return NodeKind::token;
  const std::size_t mark = id.find_first_of("-.");
  if (mark == std::string_view::npos || !whole_number(id.substr(0, mark)) ||
      !whole_number(id.substr(mark + 1))) {
    return NodeKind::none;
  }
  return id[mark] == '-' ? NodeKind::range : NodeKind::empty;
}

// Goes once over the lines of a file.
class ColumnParser {
 public:
  ColumnParser(const TextFile& file, ColumnFormat format)
      : file_(file), conllu_(format == ColumnFormat::conllu) {}

  ColumnLines run() {
    if (is_blank(file_.text())) {
      fail_at(path(), 0, 0,
              "is empty; one token a line is needed, with blank lines between "
              "sentences");
    }
    find_shape();
    LineReader lines(file_.text());
    for (Line line; lines.next(line);) {
      if (is_blank(line.text)) {
        end_sentence();
        blank_ = true;
      } else if (conllu_) {
        read_conllu(line);
      } else {
        read_conll(line);
      }
    }
    end_sentence();
    if (out_.tokens.empty()) {
      fail_at(path(), 0, 0, "has no token: all lines are blank, comments or -DOCSTART-");
    }
    warn();
    return std::move(out_);
  }

 private:
  const std::string& path() const { return file_.path(); }
  bool in_sentence() const {
    return static_cast<std::size_t>(out_.offsets.back()) < out_.tokens.size();
  }

  // Separator and number of columns, from the first line that can only be a token.
  void find_shape() {
    LineReader lines(file_.text());
    std::optional<Line> shape;
    for (Line line; lines.next(line);) {
      const bool comment = conllu_ ? line.text.starts_with('#') : may_be_comment(line.text);
      if (is_blank(line.text) || (!conllu_ && is_document_start(line.text))) continue;
      if (comment && (conllu_ || shape)) continue;
      shape = line;
      if (!comment) break;
    }
    if (!shape) return;
    shape_line_ = shape->number;
    if (conllu_) {
      const std::size_t width = count_cells(shape->text, '\t');
      out_.columns = width == kConlluColumns + 1 ? width : kConlluColumns;
      return;
    }
    const std::string_view line = trim(shape->text, true);
    const bool tabs = line.find('\t') != std::string_view::npos;
    const bool spaces = line.find(' ') != std::string_view::npos;
    separator_known_ = tabs || spaces;
    out_.separator = tabs || !spaces ? '\t' : ' ';
    out_.columns = count_cells(shape->text, out_.separator);
  }

  void read_conll(const Line& line) {
    if (is_document_start(line.text)) {
      end_sentence();
      if (count_cells(line.text, out_.separator) == out_.columns) out_.extra.push_back(line);
      return;
    }
    const std::size_t width = cells_of(line.text);
    if (!in_sentence() && may_be_comment(line.text)) {
      if (width != out_.columns || is_certain_comment(line.text)) return read_comment(line);
      if (width > 1) {
        if (!ends_like_a_token(line.text)) {
          if (odd_comments_++ == 0) odd_comment_line_ = line.number;
          return read_comment(line);
        }
      }
    }
    if (width != out_.columns) fail_width(line, width);
    if (out_.separator == ' ' && line.text.find('\t') != std::string_view::npos) {
      fail_mixed(line, "tabs");
    }
    refuse_trailing_columns(line);
    add_token(line);
  }

  // One tab at the end of a line is taken for a stray one; more would be columns without a cell,
  // and a column written behind them would not be the next one.
  void refuse_trailing_columns(const Line& line) const {
    const std::string_view end = line.text.substr(line.text.find_last_not_of(" \t") + 1);
    if (std::count(end.begin(), end.end(), '\t') < 2) return;
    fail_at(path(), line.number, line.text.size() - end.size() + 1,
            "several tabs at the end of the line open columns that are empty");
  }

  // Whether the last cell is the last cell of some token too: so it is a tag, not the end of a
  // remark. When all lines begin with #, the first one is taken for a token.
  bool ends_like_a_token(std::string_view line) {
    const auto last_cell = [&](std::string_view text) {
      return find_cell(text, out_.separator, out_.columns - 1);
    };
    if (last_cells_.empty()) {
      LineReader lines(file_.text());
      for (Line other; lines.next(other);) {
        const bool shape = other.number == shape_line_;
        const bool token = !is_blank(other.text) && !may_be_comment(other.text) &&
                           !is_document_start(other.text) &&
                           count_cells(other.text, out_.separator) == out_.columns;
        if (shape || token) last_cells_.push_back(last_cell(other.text));
      }
      std::ranges::sort(last_cells_);
      last_cells_.erase(std::ranges::unique(last_cells_).begin(), last_cells_.end());
    }
    return std::ranges::binary_search(last_cells_, last_cell(line));
  }

  // One column is one word: then nothing separates.
  std::size_t cells_of(std::string_view line) const {
    if (separator_known_) return count_cells(line, out_.separator);
    return std::max(count_cells(line, '\t'), count_cells(line, ' '));
  }

  void read_comment(const Line& line) {
    out_.comments.push_back(line);
    constexpr std::string_view kColumns = "# global.columns = ";
    if (!line.text.starts_with(kColumns)) return;
    std::string_view names = trim(line.text.substr(kColumns.size()), true);
    while (!names.empty()) {
      const std::size_t end = std::min(names.find(' '), names.size());
      out_.names.push_back(lower_case(names.substr(0, end)));
      names = trim(names.substr(end), false);
    }
  }

  void read_conllu(const Line& line) {
    if (line.text.starts_with('#')) {
      if (in_sentence()) {
        fail_at(path(), line.number, 1,
                "a comment inside a sentence; comments stand before its first word, and a blank "
                "line ends a sentence");
      }
      out_.comments.push_back(line);
      return;
    }
    const auto width =
        1 + static_cast<std::size_t>(std::count(line.text.begin(), line.text.end(), '\t'));
    if (width != out_.columns) fail_width(line, width);
    const std::string_view id = find_cell(line.text, '\t', 0);
    const NodeKind kind = node_kind(id);
    if (kind == NodeKind::none) {
      fail_at(path(), line.number, 1,
              fmt::format("an ID must be a number such as 7, a range such as 7-8 or an empty node "
                          "such as 7.1; found '{}'",
                          id));
    }
    if (kind != NodeKind::token) {
      out_.extra.push_back(line);
      return;
    }
    if (!in_sentence()) next_id_ = 1;
    if (*whole_number(id) != next_id_) {
      fail_at(path(), line.number, 1,
              fmt::format("expected ID {}, found {}{}", next_id_, id,
                          id == "1" ? " (a blank line ends a sentence)" : ""));
    }
    ++next_id_;
    add_token(line);
  }

  void add_token(const Line& line) {
    if (out_.separator == '\t') {
      if (conllu_) refuse_empty_cells(line);
      if (!conllu_ && find_cell(line.text, '\t', 0).find(' ') != std::string_view::npos) {
        if (spaced_words_ == 0) spaced_line_ = line.number;
        ++spaced_words_;
      }
    }
    if (out_.tokens.size() >= static_cast<std::size_t>(std::numeric_limits<Index>::max())) {
      fail_at(path(), line.number, 0,
              fmt::format("has more than {} tokens", std::numeric_limits<Index>::max()));
    }
    out_.tokens.push_back(line);
  }

  void refuse_empty_cells(const Line& line) const {
    for (std::size_t k = 0; k < out_.columns; ++k) {
      if (!find_cell(line.text, '\t', k).empty()) continue;
      fail_at(
          path(), line.number, 0,
          fmt::format("column {} ({}) is empty; '_' stands for nothing", k + 1, kConlluNames[k]));
    }
  }

  void end_sentence() {
    if (in_sentence()) out_.offsets.push_back(static_cast<Index>(out_.tokens.size()));
  }

  [[noreturn]] void fail_mixed(const Line& line, const char* found) const {
    fail_at(path(), line.number, line.text.find(found[0] == 't' ? '\t' : ' ') + 1,
            fmt::format("tabs mixed with spaces: columns are separated by {} in line {}, by {} "
                        "here; use one of them in all lines",
                        found[0] == 't' ? "spaces" : "tabs", shape_line_, found));
  }

  [[noreturn]] void fail_width(const Line& line, std::size_t width) const {
    const bool has_tab = trim(line.text, true).find('\t') != std::string_view::npos;
    const bool has_space = trim(line.text, true).find(' ') != std::string_view::npos;
    if (conllu_) {
      fail_at(path(), line.number, 0,
              fmt::format("needs {} separated by single tabs, found {}{}",
                          column_count(out_.columns), column_count(width),
                          !has_tab && has_space ? " (the line has spaces instead of tabs)" : ""));
    }
    if (out_.separator == ' ' && has_tab) fail_mixed(line, "tabs");
    if (separator_known_ && out_.separator == '\t' && has_space &&
        (!has_tab || count_cells(line.text, '\t') < out_.columns)) {
      fail_mixed(line, "spaces");
    }
    const bool hash = line.text.starts_with('#');
    fail_at(path(), line.number, 0,
            fmt::format("found {}; line {}, the first of a token, has {}{}", column_count(width),
                        shape_line_, column_count(out_.columns),
                        hash ? " (comments begin with '# ' and stand before a sentence)" : ""));
  }

  void warn() {
    std::vector<std::string>& warnings = out_.warnings;
    const std::size_t sentences = out_.offsets.size() - 1;
    if (sentences == 1 && !blank_ && out_.tokens.size() > 1) {
      warnings.push_back(
          fmt::format("{}: there is no blank line, which would end a sentence: all is read as one "
                      "sentence of {} tokens",
                      path(), out_.tokens.size()));
    }
    if (spaced_words_ > 0) {
      warnings.push_back(fmt::format(
          "{}:{}: {} word{} with spaces inside in a file whose columns are separated by tabs "
          "(this is the first): are tabs mixed with spaces?",
          path(), spaced_line_, spaced_words_, spaced_words_ == 1 ? "" : "s"));
    }
    if (odd_comments_ > 0) {
      warnings.push_back(fmt::format(
          "{}:{}: {} line{} that begin{} with '# ' {} taken for a comment (this is the first): as "
          "many columns as a token, but no token has such a last column",
          path(), odd_comment_line_, odd_comments_, odd_comments_ == 1 ? "" : "s",
          odd_comments_ == 1 ? "s" : "", odd_comments_ == 1 ? "is" : "are"));
    }
  }

  ColumnLines out_;
  const TextFile& file_;
  bool conllu_;
  bool separator_known_ = true;
  bool blank_ = false;  // there is a blank line
  std::size_t shape_line_ = 0;
  std::size_t next_id_ = 1;
  std::size_t spaced_words_ = 0;
  std::size_t spaced_line_ = 0;
  std::size_t odd_comments_ = 0;
  std::size_t odd_comment_line_ = 0;
  std::vector<std::string_view> last_cells_;
};

}  // namespace

std::string column_count(std::size_t count) {
  return fmt::format("{} column{}", count, count == 1 ? "" : "s");
}

bool is_certain_comment(std::string_view line) {
  return line.starts_with("#begin document") || line.starts_with("#end document") ||
         (count_cells(line, ' ') >= 3 && find_cell(line, ' ', 2) == "=");
}

ColumnLines column_lines(const TextFile& file, ColumnFormat format) {
  return ColumnParser(file, format).run();
}

}  // namespace tailgrad
