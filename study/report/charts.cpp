// Line charts and scatter plots.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include <tailgrad/core/error.h>
#include <tailgrad/study/report/canvas.h>

namespace tailgrad {
namespace {

using svg::usable;

constexpr double kRight = svg::kWidth - 14;
constexpr double kPlot = svg::kHeight - 44 - 30;  // height of the plot itself

struct Frame {
  svg::Scale x, y;
  std::string out;
};

bool drawable(const Chart& chart, const Series& series, std::size_t i) {
  return usable(series.x[i], chart.x.log) && usable(series.y[i], chart.y.log);
}

constexpr double kLegendRow = 17;

// Where the entries of a legend stand: as many in a row as fit.
struct Legend {
  std::vector<double> x, y;
  double height = 0;
};

Legend legend_of(const Chart& chart) {
  Legend legend;
  constexpr double kLeft = 30;
  double x = kLeft;
  double y = 12;
  for (const Series& series : chart.series) {
    if (series.reference) {
      legend.x.push_back(x);
      legend.y.push_back(y);
      continue;
    }
    const double width = 28 + svg::text_width(series.name) + 12;
    if (x > kLeft && x + width > svg::kWidth) {
      x = kLeft;
      y += kLegendRow;
    }
    legend.x.push_back(x);
    legend.y.push_back(y);
    x += width;
  }
  legend.height = y;
  return legend;
}

std::string drawn(const Legend& legend, const Chart& chart, bool markers) {
  std::string out;
  for (std::size_t i = 0; i < chart.series.size(); ++i) {
    if (chart.series[i].reference) continue;
    const double x = legend.x[i];
    const double y = legend.y[i];
    out += markers ? svg::marker(i, x + 14, y, 4.5, "")
                   : svg::line(x, y, x + 22, y,
                               fmt::format("stroke:{};stroke-width:2.2;stroke-dasharray:{}",
                                           svg::colour(i), svg::dash(i)));
    out += svg::text(x + 28, y + 4, "start", chart.series[i].name);
  }
  return out;
}

// Axes, grid and legend around the data of all series.
Frame frame_of(const Chart& chart, bool markers) {
  std::vector<double> xs, ys;
  bool any = false;
  for (const Series& series : chart.series) {
    const bool band = !series.low.empty() || !series.high.empty();
    if (series.x.size() != series.y.size() ||
        (band && (series.low.size() != series.y.size() || series.high.size() != series.y.size())))
      fail("series " + series.name, "needs as many y (and low and high) as x");
    for (std::size_t i = 0; i < series.x.size(); ++i) {
      if (!drawable(chart, series, i)) continue;
      any = true;
      xs.push_back(series.x[i]);
      ys.push_back(series.y[i]);
      if (band) ys.insert(ys.end(), {series.low[i], series.high[i]});
    }
  }
  const Legend legend = legend_of(chart);
  const double top = chart.series.size() > 1 ? legend.height + 18 : 12;
  const double bottom = chart.series.size() > 1 ? top + kPlot : svg::kHeight - 44;
  Frame frame{.x = {}, .y = svg::scale_for(chart.y, ys, bottom, top), .out = {}};
  const std::vector<double> y_ticks = axis_ticks(frame.y.low, frame.y.high, chart.y.log, 6);
  double left = 0;
  for (const double tick : y_ticks) left = std::max(left, svg::text_width(short_number(tick)));
  left += 30;
  frame.x = svg::scale_for(chart.x, xs, left, kRight);

  frame.out = svg::open(chart.title, svg::kWidth, bottom + 44);
  for (const double tick : y_ticks) {
    const double y = frame.y.at(tick);
    frame.out += svg::line(left, y, kRight, y, svg::kGrid);
    frame.out += svg::text(left - 6, y + 4, "end", short_number(tick));
  }
  for (const double tick : axis_ticks(frame.x.low, frame.x.high, chart.x.log, 7)) {
    if (chart.x.whole && tick != std::floor(tick)) continue;
    const double x = frame.x.at(tick);
    frame.out += svg::line(x, bottom, x, bottom + 4, "stroke:currentColor");
    frame.out += svg::text(x, bottom + 18, "middle", short_number(tick));
  }
  frame.out += svg::line(left, bottom, kRight, bottom, "stroke:currentColor");
  const double middle = (top + bottom) / 2;
  frame.out += svg::text((left + kRight) / 2, bottom + 38, "middle", chart.x.label);
  frame.out += svg::text(12, middle, "middle", chart.y.label,
                         fmt::format(" transform=\"rotate(-90 12 {:.1f})\"", middle));
  if (chart.series.size() > 1) frame.out += drawn(legend, chart, markers);
  if (!any) frame.out += svg::text((left + kRight) / 2, middle, "middle", "no data");
  return frame;
}

std::string band_of(const Chart& chart, const Frame& frame, std::size_t s) {
  const Series& series = chart.series[s];
  std::string upper;
  std::string lower;
  for (std::size_t i = 0; i < series.low.size(); ++i) {
    if (!drawable(chart, series, i) || !usable(series.low[i], chart.y.log) ||
        !usable(series.high[i], chart.y.log))
      continue;
    const double x = frame.x.at(series.x[i]);
    upper += fmt::format("{:.1f},{:.1f} ", x, frame.y.at(series.high[i]));
    lower.insert(0, fmt::format("{:.1f},{:.1f} ", x, frame.y.at(series.low[i])));
  }
  if (upper.empty()) return "";
  return fmt::format("<polygon points=\"{}{}\" style=\"fill:{};fill-opacity:.18\"/>", upper, lower,
                     svg::colour(s));
}

}  // namespace

std::string line_chart(const Chart& chart) {
  constexpr std::size_t kMostMarkers = 60;
  Frame frame = frame_of(chart, false);
  for (std::size_t s = 0; s < chart.series.size(); ++s) frame.out += band_of(chart, frame, s);
  for (std::size_t s = 0; s < chart.series.size(); ++s) {
    const Series& series = chart.series[s];
    std::string path;
    std::string markers;
    bool pen = false;  // A missing value interrupts the line.
    for (std::size_t i = 0; i < series.x.size(); ++i) {
      if (!drawable(chart, series, i)) {
        pen = false;
        continue;
      }
      const double x = frame.x.at(series.x[i]);
      const double y = frame.y.at(series.y[i]);
      path += fmt::format("{}{:.1f} {:.1f}", pen ? 'L' : 'M', x, y);
      pen = true;
      if (series.x.size() <= kMostMarkers && !series.reference)
        markers += svg::marker(s, x, y, 3,
                               fmt::format("{}: {} at {}", series.name, short_number(series.y[i]),
                                           short_number(series.x[i])));
    }
    if (!path.empty() && series.reference)
      frame.out += fmt::format(
          "<path d=\"{}\" style=\"fill:none;stroke:currentColor;stroke-dasharray:4 3;"
          "stroke-opacity:.6\"/>",
          path);
    else if (!path.empty())
      frame.out += fmt::format(
          "<path d=\"{}\" style=\"fill:none;stroke:{};stroke-width:2.2;stroke-linejoin:round;"
          "stroke-dasharray:{}\"/>",
          path, svg::colour(s), svg::dash(s));
    frame.out += markers;
  }
  return frame.out + "</svg>";
}

std::string scatter_plot(const Chart& chart) {
  Frame frame = frame_of(chart, true);
  std::size_t points = 0;
  for (const Series& series : chart.series) points += series.x.size();
  const double radius = points > 120 ? 3.2 : 4.5;
  // A few points at the same place, as the classes of several systems are, stand side by side.
  const double step = points > 120 ? 0 : 5;
  const double middle = 0.5 * (static_cast<double>(chart.series.size()) - 1);
  for (std::size_t s = 0; s < chart.series.size(); ++s) {
    const Series& series = chart.series[s];
    for (std::size_t i = 0; i < series.x.size(); ++i)
      if (drawable(chart, series, i))
        frame.out += svg::marker(
            s, frame.x.at(series.x[i]) + step * (static_cast<double>(s) - middle),
            frame.y.at(series.y[i]), radius, i < series.labels.size() ? series.labels[i] : "");
  }
  return frame.out + "</svg>";
}

}  // namespace tailgrad
