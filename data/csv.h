// Tables of text: comma- and tab-separated values, read and written.
//
// Rows end with "\n" or "\r\n" (inside quotes an end of line belongs to the cell). The first row is
// the header, unless TableFormat::header says that there is none: then the columns are named "1",
// "2", … Every further row needs as many cells; a wholly empty line is passed over, unless there is
// one column only, where it is a row with an empty cell.
//
// Quotes, by TableFormat::quotes:
//   rfc        the rule for .csv (RFC 4180): a cell that begins with " ends at the next " that is
//              not doubled, holds anything in between, and must be followed by the delimiter or the
//              end of the row. A quote later in a cell is an ordinary character.
//   well_formed  the rule for .tsv, where data sets with bare quotes are common: as rfc if the
//   whole
//              file can be read so, otherwise literal; literal too if that gives a table with more
//              rows. So what spreadsheets, R and pandas write is read back, and a file in which one
//              cell is `"I came," he said` keeps all its quotes.
//   literal    quotes are ordinary characters.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <tailgrad/data/file.h>

namespace tailgrad {

/// How quotes are read; see the top of this file.
enum class Quotes { rfc, well_formed, literal };

/// How a table is written.
struct TableFormat {
  char delimiter = ',';                ///< between cells
  Quotes quotes = Quotes::rfc;         ///< how quotes are read
  bool header = true;                  ///< the first line holds the names
  Encoding encoding = Encoding::utf8;  ///< of the bytes
};

constexpr TableFormat kCsv{',', Quotes::rfc};  ///< RFC 4180
/// Tabs, quotes only where they are well formed.
constexpr TableFormat kTsv{'\t', Quotes::well_formed};

/// The format named "csv" or "tsv"; an empty name decides by the path's ending (.csv, .tsv, .tab,
/// before an optional .gz). Throws Error for another name or ending.
TableFormat table_format(const std::string& path, std::string_view name = "");

/// How a user describes a table. What is empty is decided by the path.
struct TableOptions {
  std::string format = {};         ///< "csv", "tsv" or empty
  std::string quotes = {};         ///< "double" (rfc), "none" (literal) or empty: see the formats
  bool header = true;              ///< the first row names the columns
  std::string encoding = "utf-8";  ///< or "latin-1"
};
/// Throws Error for an unknown name.
TableFormat table_format(const std::string& path, const TableOptions& options);

/// A table in memory. Copies share the text.
class Table {
 public:
  /// Throws Error as TextFile::read, and with the line for an empty file, a quote that is never
  /// closed or followed by further characters, a row with more or fewer cells than the header, and
  /// a column name that occurs twice.
  static Table read(const std::string& path, TableFormat format);
  /// The same with what a user said; what is empty is decided by the path.
  static Table read(const std::string& path, const TableOptions& options);
  /// The same for a text in memory.
  Table(TextFile file, TableFormat format);

  /// As it was given, for messages.
  const std::string& path() const { return content_->file.path(); }
  /// What was read: never Quotes::well_formed, but what that came to.
  TableFormat format() const { return format_; }
  std::span<const std::string> columns() const { return columns_; }  ///< names of the columns
  std::size_t rows() const { return lines_.size(); }  ///< number of rows, without the header
  /// A cell without its quotes; valid as long as the table or a copy of it.
  std::string_view at(std::size_t row, std::size_t column) const {
    return cells_[row * columns_.size() + column];
  }
  /// All cells of a row, without their quotes.
  std::span<const std::string_view> row(std::size_t row) const {
    return std::span(cells_).subspan(row * columns_.size(), columns_.size());
  }
  /// The line of the file where a row begins, from 1.
  std::size_t line(std::size_t row) const { return lines_[row]; }

  /// Whether a column has this name.
  bool has_column(std::string_view name) const;
  /// The index of a column. Throws Error naming all columns there are.
  std::size_t column(std::string_view name) const;

 private:
  friend class TableParser;
  void choose_quotes();
  // Kept at one address, because the cells point into it.
  struct Content {
    TextFile file;
    std::vector<std::unique_ptr<std::string>> unescaped;  // cells that had doubled quotes
  };
  std::shared_ptr<Content> content_;
  TableFormat format_;
  std::vector<std::string> columns_;
  std::vector<std::string_view> cells_;  // [rows, columns]
  std::vector<std::size_t> lines_;
};

/// Appends one row and "\n" to `out`, with quotes around the cells that need them unless the format
/// is literal. Throws Error for a cell that a literal table cannot hold: one that contains a
/// delimiter or an end of line.
void append_row(std::string& out, std::span<const std::string_view> cells, TableFormat format);
/// The same from strings.
void append_row(std::string& out, std::span<const std::string> cells, TableFormat format);

/// A column to be added to a table: one value a row.
struct NewColumn {
  std::string name;                 ///< its header
  std::vector<std::string> values;  ///< one a row
};

/// The table as text with more columns at the end: what `predict` prints. A name that the table
/// already has gets "_2", "_3", … appended; a table without header stays without. Throws Error
/// unless there is a value for every row.
std::string with_columns(const Table& table, std::span<const NewColumn> added);
/// The same with one column.
std::string with_column(const Table& table, std::string_view name,
                        std::span<const std::string> values);

}  // namespace tailgrad
