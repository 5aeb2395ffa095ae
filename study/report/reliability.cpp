#include <tailgrad/study/report/reliability.h>

#include <fmt/format.h>

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

Table reliability_table(const std::vector<Reliability>& systems) {
  Table table{{"", "bin", "items", "confidence", "came true"}, {}};
  for (const Reliability& system : systems)
    for (const CalibrationBin& bin : system.bins)
      if (bin.count > 0 && bin.confidence && bin.accuracy)
        table.rows.push_back({system.name, fmt::format("{:.3f}-{:.3f}", bin.low, bin.high),
                              std::to_string(bin.count), fmt::format("{:.4f}", *bin.confidence),
                              fmt::format("{:.4f}", *bin.accuracy)});
  return table;
}

}  // namespace tailgrad
