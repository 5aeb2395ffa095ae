// What all figures draw with. Internal to study/report.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <tailgrad/study/report/svg.h>

namespace tailgrad::svg {

inline constexpr double kWidth = 430;
inline constexpr double kHeight = 280;
inline constexpr std::string_view kGrid = "stroke:var(--grid,#d6dae0);stroke-width:1";

/// "var(--s0,#0b62a4)"
std::string colour(std::size_t series);
/// Value of stroke-dasharray.
std::string_view dash(std::size_t series);
/// An estimate, on the wide side for sans-serif fonts.
double text_width(std::string_view text);
/// At most `most` characters, then "…".
std::string shortened(std::string_view text, std::size_t most);

std::string open(std::string_view title, double width, double height);
std::string text(double x, double y, std::string_view anchor, std::string_view words,
                 std::string_view attributes = "");
std::string line(double x1, double y1, double x2, double y2, std::string_view style);
/// Circle, square, triangle or diamond by series.
std::string marker(std::size_t series, double x, double y, double radius, std::string_view hover);

/// Can `value` be drawn on such an axis?
bool usable(double value, bool log);

/// Maps the numbers of an axis to positions.
struct Scale {
  double low = 0, high = 1, from = 0, to = 1;
  bool log = false;
  double at(double value) const;
};
/// A scale with some room around `values`; [0, 1] when none is usable.
Scale scale_for(const Axis& axis, const std::vector<double>& values, double from, double to);

}  // namespace tailgrad::svg
