// Figures for reports: each takes plain numbers and gives one inline SVG element.
//
// Colours are CSS variables with fallbacks (--s0 … --s5 for series, --grid, --heat), everything
// else is currentColor, so that a page decides about light and dark. Series differ by dash or
// marker as well as by colour. NaN and infinities are left out; a figure without any point says so.
#pragma once

#include <limits>
#include <string>
#include <string_view>
#include <vector>

namespace tailgrad {

/// One axis of a figure.
struct Axis {
  std::string label{};                                     ///< what it counts, with the unit
  bool log = false;                                        ///< values ≤ 0 are left out
  double low = std::numeric_limits<double>::quiet_NaN();   ///< where it begins; NaN: by the data
  double high = std::numeric_limits<double>::quiet_NaN();  ///< where it ends; NaN: by the data
  bool whole = false;                                      ///< ticks at whole numbers only
};

/// Points that belong together.
struct Series {
  std::string name;                   ///< in the legend
  std::vector<double> x{};            ///< [points]
  std::vector<double> y{};            ///< [points]
  std::vector<double> low{};          ///< [points] lower edge of a band around y, or empty
  std::vector<double> high{};         ///< [points] upper edge, or empty
  std::vector<std::string> labels{};  ///< shown on hover over a point, or empty
  bool reference = false;             ///< a thin dashed line to compare with, not in the legend
};

/// Series over two axes.
struct Chart {
  std::string title;             ///< for screen readers
  Axis x{};                      ///< to the right
  Axis y{};                      ///< upwards
  std::vector<Series> series{};  ///< colour and marker by their place here
};
/// Lines with markers, and bands where a series has them. Throws Error for unequal lengths.
std::string line_chart(const Chart& chart);
/// Points; each series has a marker of its own. Throws Error for unequal lengths.
std::string scatter_plot(const Chart& chart);

/// One row of a forest plot.
struct Interval {
  std::string label;       ///< beside it
  double value = 0;        ///< estimate; NaN: n/a
  double low = 0;          ///< lower end; equal to high: no whisker
  double high = 0;         ///< upper end
  std::size_t series = 0;  ///< colour and marker
  bool heading = false;    ///< only the label, in bold: what the rows below have in common
};
/// Estimates with their intervals, one below the other.
struct ForestPlot {
  std::string title;                                            ///< for screen readers
  Axis x{};                                                     ///< of the estimates
  double reference = std::numeric_limits<double>::quiet_NaN();  ///< dashed line; NaN: none
  std::vector<Interval> rows{};                                 ///< from top to bottom
};
/// One row an estimate with its interval.
std::string forest_plot(const ForestPlot& plot);

/// One bar.
struct Bar {
  std::string label;  ///< beside it
  double value = 0;   ///< its length
};
/// Bars one below the other.
struct BarChart {
  std::string title;        ///< for screen readers
  std::string unit{};       ///< written behind the values
  std::vector<Bar> bars{};  ///< from top to bottom
};
/// Horizontal bars from 0, the value behind each; negative values and NaN are n/a.
std::string bar_chart(const BarChart& chart);

/// A table of cells, dark where the value is large.
struct HeatMap {
  std::string title;                   ///< for screen readers
  std::string row_axis;                ///< what the rows are
  std::string column_axis;             ///< what the columns are
  std::vector<std::string> rows{};     ///< labels, from top to bottom
  std::vector<std::string> columns{};  ///< labels, from left to right
  std::vector<double> values{};        ///< rows × columns, in [0, 1]: darkness; NaN: blank
  std::vector<std::string> texts{};    ///< written in the cells, or empty
};
/// One square a cell. Throws Error when values or texts do not fit rows × columns.
std::string heat_map(const HeatMap& map);

/// Four significant digits, whole numbers below 10^7 in full; "n/a" for NaN and infinities.
std::string short_number(double value);
/// & < > " ' as entities; control characters, which XML forbids, become U+FFFD.
std::string escaped(std::string_view text);
/// Positions of ticks in [low, high]: steps of 1, 2 or 5 × 10^k, about `most` of them; on a log
/// axis powers of ten, with 2 and 5 between when there are few.
std::vector<double> axis_ticks(double low, double high, bool log, std::size_t most);

}  // namespace tailgrad
