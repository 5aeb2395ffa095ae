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

struct Axis {
  std::string label{};
  bool log = false;  ///< values ≤ 0 are left out
  /// NaN: from the data.
  double low = std::numeric_limits<double>::quiet_NaN();
  double high = std::numeric_limits<double>::quiet_NaN();
  bool whole = false;  ///< ticks at whole numbers only
};

struct Series {
  std::string name;
  std::vector<double> x{}, y{};
  std::vector<double> low{}, high{};  ///< a band around y, or empty
  std::vector<std::string> labels{};  ///< shown on hover over a point, or empty
  bool reference = false;             ///< a thin dashed line to compare with, not in the legend
};

struct Chart {
  std::string title;  ///< for screen readers
  Axis x{}, y{};
  std::vector<Series> series{};
};
/// Lines with markers, and bands where a series has them. Throws Error for unequal lengths.
std::string line_chart(const Chart& chart);
/// Points; each series has a marker of its own. Throws Error for unequal lengths.
std::string scatter_plot(const Chart& chart);

struct Interval {
  std::string label;
  double value = 0;
  double low = 0, high = 0;  ///< equal to value: no whisker
  std::size_t series = 0;    ///< colour and marker
  bool heading = false;      ///< only the label, in bold: what the rows below have in common
};
struct ForestPlot {
  std::string title;
  Axis x{};
  double reference = std::numeric_limits<double>::quiet_NaN();  ///< dashed line; NaN: none
  std::vector<Interval> rows{};
};
/// One row an estimate with its interval.
std::string forest_plot(const ForestPlot& plot);

struct Bar {
  std::string label;
  double value = 0;
};
struct BarChart {
  std::string title;
  std::string unit{};  ///< written behind the values
  std::vector<Bar> bars{};
};
/// Horizontal bars from 0, the value behind each; negative values and NaN are n/a.
std::string bar_chart(const BarChart& chart);

struct HeatMap {
  std::string title;
  std::string row_axis, column_axis;
  std::vector<std::string> rows{}, columns{};
  std::vector<double> values{};      ///< rows × columns, in [0, 1]: darkness; NaN: blank
  std::vector<std::string> texts{};  ///< written in the cells, or empty
};
/// Throws Error when values or texts do not fit rows × columns.
std::string heat_map(const HeatMap& map);

/// Four significant digits, whole numbers below 10^7 in full; "n/a" for NaN and infinities.
std::string short_number(double value);
/// & < > " ' as entities; control characters, which XML forbids, become U+FFFD.
std::string escaped(std::string_view text);
/// Positions of ticks in [low, high]: steps of 1, 2 or 5 × 10^k, about `most` of them; on a log
/// axis powers of ten, with 2 and 5 between when there are few.
std::vector<double> axis_ticks(double low, double high, bool log, std::size_t most);

}  // namespace tailgrad
