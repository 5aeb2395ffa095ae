// One self-contained page: no network, light and dark, readable on a phone and on paper. Without
// script unless interactive(): then hovering names the points of figures, a click on a column's
// head sorts a table and commands can be copied; everything can be read without it.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <tailgrad/study/report/svg.h>

namespace tailgrad {

/// Plain text, escaped when it is written; the first cell of a row is its head.
struct HtmlTable {
  std::vector<std::string> columns;            ///< heads of the columns
  std::vector<std::vector<std::string>> rows;  ///< [rows][columns]
};
/// The table as HTML. Columns of numbers stand right, others left; a wide one scrolls by itself.
std::string html_table(const HtmlTable& table);

/// The numbers behind a chart: a row a point.
HtmlTable table_of(const Chart& chart);
/// The numbers behind a forest plot: a row an interval.
HtmlTable table_of(const ForestPlot& plot);
/// The numbers behind bars: a row a bar.
HtmlTable table_of(const BarChart& chart);

/// A page that is written from top to bottom. Texts are plain and are escaped here;
/// only the svg of figures is written as it is.
class Page {
 public:
  /// `lead` is the one sentence that a reader should take away.
  /// `headline`, when there is one, stands before it in bold.
  Page(std::string title, std::string lead, std::string headline = "");

  /// Adds the script; see above.
  void interactive() { interactive_ = true; }
  /// Something to copy and paste into a shell, with what it does.
  void command(std::string_view what, std::string_view text);
  /// Points, one below the other.
  void list(const std::vector<std::string>& items);
  /// A card: what was found, what follows from it, what to do.
  void finding(std::string_view what, std::string_view consequence, std::string_view action);

  /// Begins a section.
  void section(std::string_view heading);
  /// Adds a paragraph.
  void paragraph(std::string_view text);
  /// One number that is shown large.
  struct Tile {
    std::string label;  ///< above it, small
    std::string value;  ///< the number as text
    std::string note;   ///< below it, small
  };
  /// Large numbers beside each other.
  void tiles(const std::vector<Tile>& tiles);
  /// Adds a figure: an svg element with its caption and how to read it. Successive ones stand side
  /// by side where there is room; a `wide` one fills the row. The numbers are folded away under it.
  void figure(std::string_view caption, std::string_view note, const std::string& svg,
              const HtmlTable& numbers, bool wide = false);
  /// Adds a table.
  void table(const HtmlTable& table);
  /// A table that opens on a click.
  void folded(std::string_view heading, const HtmlTable& table);
  /// Text of fixed width that opens on a click.
  void folded_text(std::string_view heading, std::string_view text);

  /// The whole document, well-formed XML as well as HTML.
  std::string html() const;

 private:
  void end_figures();

  std::string title_;
  std::string lead_;
  std::string headline_;
  bool interactive_ = false;
  std::string body_;
  bool in_figures_ = false;
};

}  // namespace tailgrad
