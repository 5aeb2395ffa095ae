// Forest plots, bars and heat maps.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include <tailgrad/core/error.h>
#include <tailgrad/study/report/canvas.h>

namespace tailgrad {

std::string forest_plot(const ForestPlot& plot) {
  constexpr double kRow = 24;
  constexpr double kRight = svg::kWidth - 14;
  constexpr std::size_t kLabel = 28;
  std::vector<double> values{plot.reference};
  double left = 0;
  for (const Interval& row : plot.rows) {
    if (row.heading) continue;
    values.insert(values.end(), {row.value, row.low, row.high});
    left = std::max(left, svg::text_width(svg::shortened(row.label, kLabel)));
  }
  left += 14;
  const double bottom = 8 + kRow * static_cast<double>(std::max<std::size_t>(1, plot.rows.size()));
  const svg::Scale x = svg::scale_for(plot.x, values, left, kRight);
  std::string out = svg::open(plot.title, svg::kWidth, bottom + 44);
  for (const double tick : axis_ticks(x.low, x.high, plot.x.log, 5)) {
    out += svg::line(x.at(tick), 4, x.at(tick), bottom, svg::kGrid);
    out += svg::text(x.at(tick), bottom + 16, "middle", short_number(tick));
  }
  if (svg::usable(plot.reference, plot.x.log))
    out += svg::line(x.at(plot.reference), 4, x.at(plot.reference), bottom,
                     "stroke:currentColor;stroke-dasharray:4 3");
  for (std::size_t i = 0; i < plot.rows.size(); ++i) {
    const Interval& row = plot.rows[i];
    const double y = 8 + kRow * (static_cast<double>(i) + 0.5);
    if (row.heading) {
      out += svg::text(0, y + 6, "start", row.label, " font-weight=\"600\"");
      continue;
    }
    out += svg::text(left - 10, y + 4, "end", svg::shortened(row.label, kLabel));
    if (!svg::usable(row.value, plot.x.log)) {
      out += svg::text(left + 4, y + 4, "start", "n/a");
      continue;
    }
    if (svg::usable(row.low, plot.x.log) && svg::usable(row.high, plot.x.log) && row.low < row.high)
      out += svg::line(x.at(row.low), y, x.at(row.high), y,
                       "stroke:" + svg::colour(row.series) + ";stroke-width:2.2");
    out += svg::marker(row.series, x.at(row.value), y, 4.5,
                       fmt::format("{}: {} [{}, {}]", row.label, short_number(row.value),
                                   short_number(row.low), short_number(row.high)));
  }
  if (plot.rows.empty()) out += svg::text(svg::kWidth / 2, 24, "middle", "no data");
  out += svg::text((left + kRight) / 2, bottom + 38, "middle", plot.x.label);
  return out + "</svg>";
}

std::string bar_chart(const BarChart& chart) {
  constexpr double kRow = 24;
  constexpr std::size_t kLabel = 28;
  const auto drawable = [](double value) { return std::isfinite(value) && value >= 0; };
  const auto words = [&](double value) {
    return drawable(value) ? short_number(value) + (chart.unit.empty() ? "" : " " + chart.unit)
                           : "n/a";
  };
  double left = 0;
  double right = 0;
  double most = 0;
  for (const Bar& bar : chart.bars) {
    left = std::max(left, svg::text_width(svg::shortened(bar.label, kLabel)));
    right = std::max(right, svg::text_width(words(bar.value)));
    if (drawable(bar.value)) most = std::max(most, bar.value);
  }
  left += 14;
  const double room = svg::kWidth - left - right - 14;
  const double height = 8 + kRow * static_cast<double>(std::max<std::size_t>(1, chart.bars.size()));
  std::string out = svg::open(chart.title, svg::kWidth, height);
  for (std::size_t i = 0; i < chart.bars.size(); ++i) {
    const Bar& bar = chart.bars[i];
    const double y = 4 + kRow * static_cast<double>(i);
    const double length = drawable(bar.value) && most > 0 ? room * bar.value / most : 0;
    out += svg::text(left - 10, y + 16, "end", svg::shortened(bar.label, kLabel));
    out += fmt::format(
        "<rect x=\"{:.1f}\" y=\"{:.1f}\" width=\"{:.1f}\" height=\"{:g}\" rx=\"2\" "
        "style=\"fill:{};fill-opacity:.85\"/>",
        left, y + 4, std::max(length, 1.0), kRow - 8, svg::colour(0));
    out += svg::text(left + length + 6, y + 16, "start", words(bar.value));
  }
  if (chart.bars.empty()) out += svg::text(svg::kWidth / 2, 24, "middle", "no data");
  return out + "</svg>";
}

std::string heat_map(const HeatMap& map) {
  if (map.values.size() != map.rows.size() * map.columns.size() ||
      (!map.texts.empty() && map.texts.size() != map.values.size()))
    fail("heat_map", "needs rows x columns values and as many texts");
  constexpr double kCell = 34;
  constexpr std::size_t kLabel = 18;
  double left = 0;
  double top = 0;
  for (const auto& label : map.rows)
    left = std::max(left, svg::text_width(svg::shortened(label, kLabel)));
  for (const auto& label : map.columns)
    top = std::max(top, 0.72 * svg::text_width(svg::shortened(label, kLabel)));  // slanted
  left += 36;
  const double overhang = top;
  top += 36;
  const double width =
      std::max(left + kCell * static_cast<double>(map.columns.size()) + overhang, 240.0);
  const double height = top + kCell * static_cast<double>(map.rows.size()) + 10;
  const double middle = (top + height) / 2;
  std::string out = svg::open(map.title, width, height);
  out += svg::text(left, 14, "start", map.column_axis, " font-weight=\"600\"");
  out += svg::text(14, middle, "middle", map.row_axis,
                   fmt::format(" font-weight=\"600\" transform=\"rotate(-90 14 {:.1f})\"", middle));
  for (std::size_t c = 0; c < map.columns.size(); ++c) {
    const double x = left + kCell * (static_cast<double>(c) + 0.5);
    out += svg::text(x, top - 8, "start", svg::shortened(map.columns[c], kLabel),
                     fmt::format(" transform=\"rotate(-45 {:.1f} {:.1f})\"", x, top - 8));
  }
  for (std::size_t r = 0; r < map.rows.size(); ++r) {
    const double y = top + kCell * static_cast<double>(r);
    out += svg::text(left - 8, y + kCell / 2 + 4, "end", svg::shortened(map.rows[r], kLabel));
    for (std::size_t c = 0; c < map.columns.size(); ++c) {
      const std::size_t i = r * map.columns.size() + c;
      const double x = left + kCell * static_cast<double>(c);
      const double value = std::isfinite(map.values[i]) ? std::clamp(map.values[i], 0.0, 1.0) : 0;
      const std::string words = map.texts.empty() ? "" : map.texts[i];
      out += fmt::format(
          "<g><title>{} → {}: {}</title><rect x=\"{:.1f}\" y=\"{:.1f}\" width=\"{:g}\" "
          "height=\"{:g}\" rx=\"3\" style=\"fill:var(--heat,#0b62a4);fill-opacity:{:.3f};"
          "stroke:var(--grid,#d6dae0);stroke-width:.6\"/>",
          escaped(map.rows[r]), escaped(map.columns[c]),
          escaped(words.empty() ? short_number(map.values[i]) : words), x, y, kCell - 2, kCell - 2,
          value);
      if (!words.empty())
        out += svg::text(x + kCell / 2 - 1, y + kCell / 2 + 3, "middle", words,
                         value > 0.65 ? " style=\"fill:var(--on-heat,#fff)\"" : "");
      out += "</g>";
    }
  }
  return out + "</svg>";
}

}  // namespace tailgrad
