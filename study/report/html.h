// One self-contained page: no script, no network, light and dark, readable on a phone and on paper.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <tailgrad/study/report/svg.h>

namespace tailgrad {

/// Plain text, escaped when it is written; the first cell of a row is its head.
struct Table {
  std::vector<std::string> columns;
  std::vector<std::vector<std::string>> rows;
};
std::string html_table(const Table& table);

/// The numbers behind a figure.
Table table_of(const Chart& chart);
Table table_of(const ForestPlot& plot);

class Page {
 public:
  /// `lead` is the one sentence that a reader should take away.
  Page(std::string title, std::string lead);

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
              const Table& numbers, bool wide = false);
  void table(const Table& table);
  /// A table or text that opens on a click.
  void folded(std::string_view heading, const Table& table);
  void folded_text(std::string_view heading, std::string_view text);

  /// The whole document, well-formed XML as well as HTML.
  std::string html() const;

 private:
  void end_figures();

  std::string title_;
  std::string lead_;
  std::string body_;
  bool in_figures_ = false;
};

}  // namespace tailgrad
