// Line charts and scatter plots.
#include <fmt/format.h>

#include <algorithm>

#include <tailgrad/core/error.h>
#include <tailgrad/study/report/canvas.h>

namespace tailgrad {
namespace {

using svg::usable;

constexpr double kRight = svg::kWidth - 14;
constexpr double kBottom = svg::kHeight - 44;

struct Frame {
  svg::Scale x, y;
  std::string out;
};

bool drawable(const Chart& chart, const Series& series, std::size_t i) {
  return usable(series.x[i], chart.x.log) && usable(series.y[i], chart.y.log);
}

std::string legend(const Chart& chart, bool markers) {
  std::string out;
  double x = 44;
  for (std::size_t i = 0; i < chart.series.size(); ++i) {
    out += markers ? svg::marker(i, x + 14, 12, 4.5, "")
                   : svg::line(x, 12, x + 22, 12,
                               fmt::format("stroke:{};stroke-width:2.2;stroke-dasharray:{}",
                                           svg::colour(i), svg::dash(i)));
    out += svg::text(x + 28, 16, "start", chart.series[i].name);
    x += 28 + svg::text_width(chart.series[i].name) + 14;
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
  const double top = chart.series.size() > 1 ? 30 : 12;
  Frame frame{.x = {}, .y = svg::scale_for(chart.y, ys, kBottom, top), .out = {}};
  const std::vector<double> y_ticks = axis_ticks(frame.y.low, frame.y.high, chart.y.log, 6);
  double left = 0;
  for (const double tick : y_ticks) left = std::max(left, svg::text_width(short_number(tick)));
  left += 30;
  frame.x = svg::scale_for(chart.x, xs, left, kRight);

  frame.out = svg::open(chart.title, svg::kWidth, svg::kHeight);
  for (const double tick : y_ticks) {
    const double y = frame.y.at(tick);
    frame.out += svg::line(left, y, kRight, y, svg::kGrid);
    frame.out += svg::text(left - 6, y + 4, "end", short_number(tick));
  }
  for (const double tick : axis_ticks(frame.x.low, frame.x.high, chart.x.log, 7)) {
    const double x = frame.x.at(tick);
    frame.out += svg::line(x, kBottom, x, kBottom + 4, "stroke:currentColor");
    frame.out += svg::text(x, kBottom + 18, "middle", short_number(tick));
  }
  frame.out += svg::line(left, kBottom, kRight, kBottom, "stroke:currentColor");
  const double middle = (top + kBottom) / 2;
  frame.out += svg::text((left + kRight) / 2, svg::kHeight - 6, "middle", chart.x.label);
  frame.out += svg::text(12, middle, "middle", chart.y.label,
                         fmt::format(" transform=\"rotate(-90 12 {:.1f})\"", middle));
  if (chart.series.size() > 1) frame.out += legend(chart, markers);
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
      if (series.x.size() <= kMostMarkers)
        markers += svg::marker(s, x, y, 3,
                               fmt::format("{}: {} at {}", series.name, short_number(series.y[i]),
                                           short_number(series.x[i])));
    }
    if (!path.empty())
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
  for (std::size_t s = 0; s < chart.series.size(); ++s) {
    const Series& series = chart.series[s];
    for (std::size_t i = 0; i < series.x.size(); ++i)
      if (drawable(chart, series, i))
        frame.out += svg::marker(s, frame.x.at(series.x[i]), frame.y.at(series.y[i]), 4.5,
                                 i < series.labels.size() ? series.labels[i] : "");
  }
  return frame.out + "</svg>";
}

}  // namespace tailgrad
