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
  std::vector<std::string> columns;
  std::vector<std::vector<std::string>> rows;
};
std::string html_table(const HtmlTable& table);

/// The numbers behind a figure.
HtmlTable table_of(const Chart& chart);
HtmlTable table_of(const ForestPlot& plot);
HtmlTable table_of(const BarChart& chart);

class Page {
 public:
  /// `lead` is the one sentence that a reader should take away.
  /// `headline`, when there is one, stands before it in bold.
  Page(std::string title, std::string lead, std::string headline = "");

  void interactive() { interactive_ = true; }
  /// Something to copy and paste into a shell, with what it does.
  void command(std::string_view what, std::string_view text);
  void list(const std::vector<std::string>& items);
  /// A card: what was found, what follows from it, what to do.
  void finding(std::string_view what, std::string_view consequence, std::string_view action);

  void section(std::string_view heading);
  void paragraph(std::string_view text);
  struct Tile {
    std::string label, value, note;
  };
  /// Large numbers beside each other.
  void tiles(const std::vector<Tile>& tiles);
  /// Successive figures stand side by side where there is room; a `wide` one fills the row. The
  /// numbers are folded away under the figure.
  void figure(std::string_view caption, std::string_view note, const std::string& svg,
              const HtmlTable& numbers, bool wide = false);
  void table(const HtmlTable& table);
  /// A table or text that opens on a click.
  void folded(std::string_view heading, const HtmlTable& table);
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
