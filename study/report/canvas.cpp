#include <tailgrad/study/report/canvas.h>

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

namespace tailgrad {
namespace svg {
namespace {

constexpr double kFont = 12;
constexpr std::array<std::string_view, 6> kColours{"#0b62a4", "#b8480e", "#0f7d5c",
                                                   "#8a3d7c", "#946f00", "#4b5563"};
constexpr std::array<std::string_view, 6> kDashes{"none", "7 4", "2 3", "9 3 2 3", "12 4", "4 2"};

bool begins_character(char c) {
  return (static_cast<unsigned char>(c) & 0xc0) != 0x80;
}

}  // namespace

std::string colour(std::size_t series) {
  const std::size_t i = series % kColours.size();
  return fmt::format("var(--s{},{})", i, kColours[i]);
}

std::string_view dash(std::size_t series) {
  return kDashes[series % kDashes.size()];
}

double text_width(std::string_view text) {
  return 0.58 * kFont *
         static_cast<double>(std::count_if(text.begin(), text.end(), begins_character));
}

std::string shortened(std::string_view text, std::size_t most) {
  std::size_t seen = 0;
  for (std::size_t at = 0; at < text.size(); ++at)
    if (begins_character(text[at]) && seen++ == most) return std::string(text.substr(0, at)) + "…";
  return std::string(text);
}

std::string open(std::string_view title, double width, double height) {
  return fmt::format(
      "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {:g} {:g}\" width=\"{:g}\" "
      "role=\"img\" font-family=\"system-ui,sans-serif\" font-size=\"{:g}\" "
      "fill=\"currentColor\"><title>{}</title>",
      width, height, width, kFont, escaped(title));
}

std::string text(double x, double y, std::string_view anchor, std::string_view words,
                 std::string_view attributes) {
  return fmt::format("<text x=\"{:.1f}\" y=\"{:.1f}\" text-anchor=\"{}\"{}>{}</text>", x, y, anchor,
                     attributes, escaped(words));
}

std::string line(double x1, double y1, double x2, double y2, std::string_view style) {
  return fmt::format("<line x1=\"{:.1f}\" y1=\"{:.1f}\" x2=\"{:.1f}\" y2=\"{:.1f}\" style=\"{}\"/>",
                     x1, y1, x2, y2, style);
}

std::string marker(std::size_t series, double x, double y, double r, std::string_view hover) {
  std::string outline;
  switch (series % 4) {
    case 0:
      outline = fmt::format("M{:.1f} {:.1f}a{r:g} {r:g} 0 1 0 {d:g} 0a{r:g} {r:g} 0 1 0 -{d:g} 0z",
                            x - r, y, fmt::arg("r", r), fmt::arg("d", 2 * r));
      break;
    case 1:
      outline = fmt::format("M{:.1f} {:.1f}h{d:g}v{d:g}h-{d:g}z", x - 0.9 * r, y - 0.9 * r,
                            fmt::arg("d", 1.8 * r));
      break;
    case 2:
      outline =
          fmt::format("M{:.1f} {:.1f}l{:g} {:g}h{:g}z", x, y - 1.2 * r, 1.2 * r, 2.2 * r, -2.4 * r);
      break;
    default:
      outline = fmt::format("M{:.1f} {:.1f}l{r:g} {r:g}l-{r:g} {r:g}l-{r:g} -{r:g}z", x,
                            y - 1.3 * r, fmt::arg("r", 1.3 * r));
  }
  const std::string title = hover.empty() ? "" : "<title>" + escaped(hover) + "</title>";
  return fmt::format("<path d=\"{}\" style=\"fill:{};fill-opacity:.8\">{}</path>", outline,
                     colour(series), title);
}

bool usable(double value, bool log) {
  return std::isfinite(value) && (!log || value > 0);
}

double Scale::at(double value) const {
  const auto bent = [&](double v) { return log ? std::log(v) : v; };
  return from + (bent(value) - bent(low)) / (bent(high) - bent(low)) * (to - from);
}

Scale scale_for(const Axis& axis, const std::vector<double>& values, double from, double to) {
  double low = std::numeric_limits<double>::infinity();
  double high = -low;
  for (const double value : values) {
    if (!usable(value, axis.log)) continue;
    low = std::min(low, value);
    high = std::max(high, value);
  }
  if (low > high) {
    low = axis.log ? 1 : 0;
    high = axis.log ? 10 : 1;
  } else if (axis.log) {
    const double margin = low == high ? 2 : std::pow(high / low, 0.04);
    low /= margin;
    high *= margin;
  } else {
    const double margin = low < high ? 0.04 * (high - low) : (low == 0 ? 1 : 0.1 * std::abs(low));
    low -= margin;
    high += margin;
  }
  if (usable(axis.low, axis.log)) low = axis.low;
  if (usable(axis.high, axis.log)) high = axis.high;
  if (!(low < high)) high = axis.log ? 10 * low : low + 1;
  return {low, high, from, to, axis.log};
}

}  // namespace svg

std::string escaped(std::string_view text) {
  std::string result;
  for (const char c : text) {
    switch (c) {
      case '&':
        result += "&amp;";
        break;
      case '<':
        result += "&lt;";
        break;
      case '>':
        result += "&gt;";
        break;
      case '"':
        result += "&quot;";
        break;
      case '\'':
        result += "&#39;";
        break;
      default:
        if (static_cast<unsigned char>(c) < 0x20 && c != '\n' && c != '\t')
          result += "\xef\xbf\xbd";
        else
          result += c;
    }
  }
  return result;
}

std::string short_number(double value) {
  if (!std::isfinite(value)) return "n/a";
  const bool long_integer =
      std::abs(value) >= 1e4 && std::abs(value) < 1e7 && value == std::trunc(value);
  return long_integer ? fmt::format("{:.0f}", value) : fmt::format("{:.4g}", value);
}

std::vector<double> axis_ticks(double low, double high, bool log, std::size_t most) {
  std::vector<double> ticks;
  if (!(low < high) || !std::isfinite(low) || !std::isfinite(high) || most == 0) return ticks;
  if (log && low > 0) {
    const int first = static_cast<int>(std::floor(std::log10(low)));
    const int last = static_cast<int>(std::ceil(std::log10(high)));
    const int stride = 1 + (last - first) / static_cast<int>(most);
    const bool few = last - first <= 3;
    for (int power = first; power <= last; power += stride)
      for (const double factor : {1.0, 2.0, 5.0}) {
        const double tick = factor * std::pow(10.0, power);
        if (tick >= low && tick <= high && (few || factor == 1.0)) ticks.push_back(tick);
      }
    return ticks;
  }
  const double rough = (high - low) / static_cast<double>(most);
  const double unit = std::pow(10.0, std::floor(std::log10(rough)));
  double step = 10 * unit;
  for (const double factor : {5.0, 2.0, 1.0})
    if (factor * unit >= rough) step = factor * unit;
  for (double k = std::ceil(low / step - 1e-9); k * step <= high + 1e-9 * step; ++k) {
    if (ticks.size() > most) break;
    ticks.push_back(k == 0 ? 0.0 : k * step);
  }
  return ticks;
}

}  // namespace tailgrad
