#include <tailgrad/study/report/reliability.h>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace tailgrad {

Chart reliability_chart(const std::vector<Reliability>& systems) {
  Chart chart{.title = "Accuracy against confidence",
              .x = {"confidence", false, 0, 1},
              .y = {"share that came true", false, 0, 1}};
  for (const Reliability& system : systems) {
    Series series{.name = system.name};
    for (const CalibrationBin& bin : system.bins) {
      if (bin.count == 0 || !bin.confidence || !bin.accuracy) continue;
      series.x.push_back(*bin.confidence);
      series.y.push_back(*bin.accuracy);
      series.labels.push_back(fmt::format("{}: {} items with confidence {:.3f}, right {:.1f} %",
                                          system.name, bin.count, *bin.confidence,
                                          100 * *bin.accuracy));
    }
    chart.series.push_back(std::move(series));
  }
  chart.series.push_back({.name = "perfect", .x = {0, 1}, .y = {0, 1}, .reference = true});
  return chart;
}

nlohmann::ordered_json reliability_json(const std::vector<CalibrationBin>& bins) {
  const auto number = [](const std::optional<double>& value) {
    return value ? nlohmann::ordered_json(*value) : nlohmann::ordered_json(nullptr);
  };
  nlohmann::ordered_json out = nlohmann::ordered_json::array();
  for (const CalibrationBin& bin : bins)
    out.push_back({{"low", bin.low},
                   {"high", bin.high},
                   {"count", bin.count},
                   {"confidence", number(bin.confidence)},
                   {"accuracy", number(bin.accuracy)}});
  return out;
}

HtmlTable reliability_table(const std::vector<Reliability>& systems) {
  HtmlTable table{{"", "bin", "items", "confidence", "came true"}, {}};
  for (const Reliability& system : systems)
    for (const CalibrationBin& bin : system.bins)
      if (bin.count > 0 && bin.confidence && bin.accuracy)
        table.rows.push_back({system.name, fmt::format("{:.3f}-{:.3f}", bin.low, bin.high),
                              std::to_string(bin.count), fmt::format("{:.4f}", *bin.confidence),
                              fmt::format("{:.4f}", *bin.accuracy)});
  return table;
}

}  // namespace tailgrad
