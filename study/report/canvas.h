// What all figures draw with. Internal to study/report.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <tailgrad/study/report/svg.h>

namespace tailgrad::svg {

inline constexpr double kWidth = 430;   ///< of a figure, in its own units: pixels at full size
inline constexpr double kHeight = 280;  ///< of a chart without a legend
/// Style of the lines of a grid.
inline constexpr std::string_view kGrid = "stroke:var(--grid,#d6dae0);stroke-width:1";

/// Colour of the series of that number, six in turn: "var(--s0,#0b62a4)".
std::string colour(std::size_t series);
/// Its value of stroke-dasharray, six in turn.
std::string_view dash(std::size_t series);
/// Width of a text in units of the figure: an estimate, on the wide side for sans-serif fonts.
double text_width(std::string_view text);
/// At most `most` characters, then "…".
std::string shortened(std::string_view text, std::size_t most);

/// The beginning of an svg element, with its title for screen readers; end it with "</svg>".
std::string open(std::string_view title, double width, double height);
/// A text; `anchor` is "start", "middle" or "end". `attributes` begin with a space and are written
/// as they are.
std::string text(double x, double y, std::string_view anchor, std::string_view words,
                 std::string_view attributes = "");
/// A straight line with a CSS style.
std::string line(double x1, double y1, double x2, double y2, std::string_view style);
/// Circle, square, triangle or diamond by series; `hover` is shown over it, unless empty.
std::string marker(std::size_t series, double x, double y, double radius, std::string_view hover);

/// Can `value` be drawn on such an axis?
bool usable(double value, bool log);

/// Maps the numbers of an axis to positions.
struct Scale {
  double low = 0;    ///< number that stands at `from`
  double high = 1;   ///< number that stands at `to`
  double from = 0;   ///< position in the figure
  double to = 1;     ///< position in the figure
  bool log = false;  ///< logarithmic: low > 0
  /// Position of a number, which must be usable().
  double at(double value) const;
};
/// A scale with some room around `values`, or with the ends that the axis gives; [0, 1], on a log
/// axis [1, 10], when there is neither.
Scale scale_for(const Axis& axis, const std::vector<double>& values, double from, double to);

}  // namespace tailgrad::svg
