#include <tailgrad/data/csv.h>

#include <algorithm>
#include <exception>
#include <unordered_set>

#include <fmt/format.h>

#include <tailgrad/core/error.h>

namespace tailgrad {
namespace {

std::string quoted_list(std::span<const std::string> names) {
  std::string list;
  for (const std::string& name : names) list += (list.empty() ? "'" : ", '") + name + "'";
  return list;
}

std::string cell_count(std::size_t count) {
  return fmt::format("{} cell{}", count, count == 1 ? "" : "s");
}

bool needs_quotes(std::string_view cell, TableFormat format) {
  return cell.find_first_of("\r\n\"") != std::string_view::npos ||
         cell.find(format.delimiter) != std::string_view::npos;
}

void append_quoted(std::string& out, std::string_view cell) {
  out += '"';
  for (const char c : cell) {
    if (c == '"') out += '"';
    out += c;
  }
  out += '"';
}

}  // namespace

// Goes once over the text of a table.
class TableParser {
 public:
  explicit TableParser(Table& table)
      : table_(table), text_(table.content_->file.text()), format_(table.format_) {}

  void run() {
    std::vector<std::string_view>& cells = table_.cells_;
    while (at_ < text_.size()) {
      const std::size_t line = line_;
      const std::size_t first_cell = cells.size();
      const bool blank = ends_row(at_);
      read_row();
      const std::size_t count = cells.size() - first_cell;
      if (blank && width_ != 1) {
        cells.resize(first_cell);
      } else if (width_ == 0 && format_.header) {
        take_header(line);
      } else if (width_ == 0) {
        number_columns(count);
        table_.lines_.push_back(line);
      } else if (count != width_) {
        fail_at(path(), line, 0,
                fmt::format("this row has {}, the {} has {}{}", cell_count(count),
                            format_.header ? "header" : "first one", cell_count(width_),
                            count > width_ && format_.quotes == Quotes::rfc
                                ? fmt::format(" (a cell that contains '{}' needs quotes around it)",
                                              format_.delimiter)
                                : ""));
      } else {
        table_.lines_.push_back(line);
      }
    }
    if (width_ == 0) {
      fail_at(path(), 0, 0,
              format_.header ? "is empty; a header line with the column names is needed"
                             : "is empty; at least one row is needed");
    }
  }

  std::size_t line() const { return line_; }

 private:
  const std::string& path() const { return table_.path(); }

  void take_header(std::size_t line) {
    std::vector<std::string_view>& cells = table_.cells_;
    width_ = cells.size();
    std::unordered_set<std::string_view> taken;
    for (const std::string_view name : cells) {
      if (!name.empty() && !taken.insert(name).second) {
        fail_at(path(), line, 0, fmt::format("the column name '{}' occurs twice", name));
      }
      table_.columns_.emplace_back(name);
    }
    cells.clear();
  }

  void number_columns(std::size_t count) {
    width_ = count;
    for (std::size_t i = 1; i <= count; ++i) table_.columns_.push_back(std::to_string(i));
  }

  // Reads cells up to and with the end of the row.
  void read_row() {
    for (;;) {
      if (format_.quotes == Quotes::rfc && at_ < text_.size() && text_[at_] == '"') {
        read_quoted();
      } else {
        read_bare();
      }
      if (at_ < text_.size() && text_[at_] == format_.delimiter) {
        ++at_;
        continue;
      }
      if (at_ < text_.size() && text_[at_] == '\r') ++at_;
      if (at_ < text_.size()) ++at_;  // '\n'
      ++line_;
      return;
    }
  }

  void read_bare() {
    std::size_t end = at_;
    while (end < text_.size() && text_[end] != format_.delimiter && text_[end] != '\n') ++end;
    std::string_view cell = text_.substr(at_, end - at_);
    if (cell.ends_with('\r') && ends_row(end - 1)) cell.remove_suffix(1);
    table_.cells_.push_back(cell);
    at_ += cell.size();
  }

  // Whether the end of a row, or of the text, is at an offset.
  bool ends_row(std::size_t offset) const {
    const std::string_view rest = text_.substr(offset);
    return rest.empty() || rest.front() == '\n' || rest == "\r" || rest.starts_with("\r\n");
  }

  void read_quoted() {
    bool doubled = false;
    std::size_t close = at_ + 1;
    for (;; close += 2) {
      close = text_.find('"', close);
      if (close == std::string_view::npos) {
        table_.content_->file.fail_here(
            at_,
            "a quote opens a cell here and is never closed (where quotes are ordinary "
            "characters: --quotes none)");
      }
      if (close + 1 >= text_.size() || text_[close + 1] != '"') break;
      doubled = true;
    }
    if (!ends_row(close + 1) && text_[close + 1] != format_.delimiter) {
      table_.content_->file.fail_here(
          close + 1, fmt::format("after the closing quote of a cell comes neither '{}' nor the end "
                                 "of the line (a quote inside a quoted cell is written twice)",
                                 format_.delimiter));
    }
    const std::string_view inside = text_.substr(at_ + 1, close - at_ - 1);
    line_ += static_cast<std::size_t>(std::count(inside.begin(), inside.end(), '\n'));
    table_.cells_.push_back(doubled ? unescape(inside) : inside);
    at_ = close + 1;
  }

  std::string_view unescape(std::string_view inside) {
    auto cell = std::make_unique<std::string>();
    cell->reserve(inside.size());
    for (std::size_t i = 0; i < inside.size(); ++i) {
      cell->push_back(inside[i]);
      if (inside[i] == '"') ++i;
    }
    table_.content_->unescaped.push_back(std::move(cell));
    return *table_.content_->unescaped.back();
  }

  Table& table_;
  std::string_view text_;
  TableFormat format_;
  std::size_t at_ = 0;
  std::size_t line_ = 1;
  std::size_t width_ = 0;  // 0 until the header is read
};

TableFormat table_format(const std::string& path, std::string_view name) {
  if (name == "csv") return kCsv;
  if (name == "tsv") return kTsv;
  if (!name.empty()) {
    fail("format", fmt::format("there is no table format '{}'; csv and tsv are known", name));
  }
  std::string_view stem = path;
  if (stem.ends_with(".gz")) stem.remove_suffix(3);
  if (stem.ends_with(".csv")) return kCsv;
  if (stem.ends_with(".tsv") || stem.ends_with(".tab")) return kTsv;
  fail_at(path, 0, 0,
          "the ending does not say what the file is (.csv and .tsv do); name the format: csv or "
          "tsv");
}

TableFormat table_format(const std::string& path, const TableOptions& options) {
  TableFormat format = table_format(path, options.format);
  if (options.quotes == "double") {
    format.quotes = Quotes::rfc;
  } else if (options.quotes == "none") {
    format.quotes = Quotes::literal;
  } else if (!options.quotes.empty()) {
    fail("quotes", fmt::format("there is no rule '{}'; double and none are known", options.quotes));
  }
  format.header = options.header;
  format.encoding = encoding_from_name(options.encoding);
  return format;
}

Table Table::read(const std::string& path, TableFormat format) {
  return Table(TextFile::read(path, format.encoding), format);
}

Table Table::read(const std::string& path, const TableOptions& options) {
  return read(path, table_format(path, options));
}

Table::Table(TextFile file, TableFormat format)
    : content_(std::make_shared<Content>(Content{std::move(file), {}})), format_(format) {
  if (format_.quotes == Quotes::well_formed) {
    choose_quotes();
  } else {
    TableParser(*this).run();
  }
}

void Table::choose_quotes() {
  std::exception_ptr error[2];
  std::size_t reached[2] = {0, 0};
  Table tables[2] = {*this, *this};
  for (int i : {0, 1}) {
    tables[i].format_.quotes = i == 0 ? Quotes::literal : Quotes::rfc;
    TableParser parser(tables[i]);
    try {
      parser.run();
    } catch (const Error&) {
      error[i] = std::current_exception();
      reached[i] = parser.line();
    }
  }
  const auto& [bare, quoted] = tables;
  const bool is_bare = !error[0] && (error[1] || bare.rows() != quoted.rows() ||
                                     std::equal(bare.cells_.begin(), bare.cells_.end(),
                                                quoted.cells_.begin(), quoted.cells_.end()));
  if (!is_bare && error[1]) std::rethrow_exception(error[reached[0] >= reached[1] ? 0 : 1]);
  *this = is_bare ? bare : quoted;
}

bool Table::has_column(std::string_view name) const {
  return std::find(columns_.begin(), columns_.end(), name) != columns_.end();
}

std::size_t Table::column(std::string_view name) const {
  const auto found = std::find(columns_.begin(), columns_.end(), name);
  if (found == columns_.end()) {
    std::string hint;
    if (columns_.size() == 1) {
      if (columns_[0].find('\t') != std::string::npos) hint = " (tabs: is the format tsv?)";
      if (columns_[0].find(',') != std::string::npos) hint = " (commas: is the format csv?)";
      if (columns_[0].find(';') != std::string::npos) {
        hint = " (semicolons: cells are separated by commas in csv, by tabs in tsv)";
      }
    }
    const bool numbered = !name.empty() && name.find_first_not_of("0123456789") == name.npos;
    if (format_.header && numbered) hint = " (without a header, --no-header, they are numbered)";
    if (!format_.header && !numbered) hint = " (without a header they are numbered)";
    fail_at(path(), 0, 0,
            fmt::format("there is no column '{}'; the columns are {}{}", name,
                        quoted_list(columns_), hint));
  }
  return static_cast<std::size_t>(found - columns_.begin());
}

void append_row(std::string& out, std::span<const std::string_view> cells, TableFormat format) {
  bool first = true;
  for (const std::string_view cell : cells) {
    if (!first) out += format.delimiter;
    first = false;
    const bool empty_line = cells.size() == 1 && cell.empty();
    if (format.quotes != Quotes::literal && (needs_quotes(cell, format) || empty_line)) {
      append_quoted(out, cell);
      continue;
    }
    if (cell.find_first_of("\r\n") != std::string_view::npos ||
        cell.find(format.delimiter) != std::string_view::npos) {
      fail("append_row", fmt::format("a table without quotes cannot hold the cell '{}', which "
                                     "contains a delimiter or an end of line",
                                     cell));
    }
    out += cell;
  }
  out += '\n';
}

void append_row(std::string& out, std::span<const std::string> cells, TableFormat format) {
  const std::vector<std::string_view> views(cells.begin(), cells.end());
  append_row(out, std::span<const std::string_view>(views), format);
}

std::string with_columns(const Table& table, std::span<const NewColumn> added) {
  std::vector<std::string> names(table.columns().begin(), table.columns().end());
  for (const NewColumn& column : added) {
    if (column.values.size() != table.rows()) {
      fail("with_columns", fmt::format("needs a value for each of the {} rows; got {}",
                                       table.rows(), column.values.size()));
    }
    std::string unused = column.name;
    for (int i = 2; std::find(names.begin(), names.end(), unused) != names.end(); ++i) {
      unused = fmt::format("{}_{}", column.name, i);
    }
    names.push_back(unused);
  }
  std::string out;
  std::vector<std::string_view> cells(names.begin(), names.end());
  if (table.format().header)
    append_row(out, std::span<const std::string_view>(cells), table.format());
  for (std::size_t row = 0; row < table.rows(); ++row) {
    auto cell = std::copy(table.row(row).begin(), table.row(row).end(), cells.begin());
    for (const NewColumn& column : added) *cell++ = column.values[row];
    append_row(out, std::span<const std::string_view>(cells), table.format());
  }
  // One mark in front is no part of a text: a first name that begins with one needs a second.
  constexpr std::string_view kMark = "\xef\xbb\xbf";
  if (out.starts_with(kMark)) out.insert(0, kMark);
  return out;
}

std::string with_column(const Table& table, std::string_view name,
                        std::span<const std::string> values) {
  const NewColumn column{.name = std::string(name), .values = {values.begin(), values.end()}};
  return with_columns(table, {&column, 1});
}

}  // namespace tailgrad
