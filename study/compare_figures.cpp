#include <tailgrad/study/compare_figures.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <utility>

#include <fmt/format.h>

#include <tailgrad/study/answer.h>

namespace tailgrad {
namespace {

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

double value_of(const std::optional<double>& value) {
  return value.value_or(kNan);
}

double mean_of(const Summaries& summaries, const std::string& metric) {
  const auto found = summaries.find(metric);
  return found == summaries.end() ? kNan : value_of(found->second.mean);
}

// Colours and markers of the verdicts: see colour() and marker() of the canvas.
std::size_t series_of(const std::string& verdict) {
  if (verdict == "better") return 2;
  return verdict == "worse" ? 1 : 5;
}

}  // namespace

std::vector<std::size_t> rows_to_show(const CompareResult& result, std::size_t most) {
  std::vector<std::size_t> rows;
  const auto add = [&](std::size_t i) {
    const LossRow& row = result.losses[i];
    const bool trained = row.runs.empty() || row.diverged < static_cast<int>(row.runs.size());
    if (trained && rows.size() < most && std::ranges::find(rows, i) == rows.end())
      rows.push_back(i);
  };
  for (const std::string& name : {result.recommended, result.baseline})
    for (std::size_t i = 0; i < result.losses.size(); ++i)
      if (result.losses[i].name == name) add(i);
  for (const std::size_t i : best_on_dev(result)) add(i);
  return rows;
}

ForestPlot difference_plot(const CompareResult& result, const std::vector<LossPair>& pairs) {
  ForestPlot plot{
      .title = "Difference to " + result.baseline,
      .x = {fmt::format("{} minus that of {} ({} is better)", metric_words(result.metric),
                        result.baseline, result.higher_is_better ? "right" : "left")},
      .reference = 0};
  for (const LossPair& pair : pairs) {
    if (pair.a != result.baseline) continue;
    const double difference = value_of(pair.numbers.difference);
    plot.rows.push_back({.label = pair.b,
                         .value = difference,
                         .low = pair.numbers.low.value_or(difference),
                         .high = pair.numbers.high.value_or(difference),
                         .series = series_of(pair.verdict)});
  }
  const double sign = result.higher_is_better ? -1 : 1;
  std::ranges::stable_sort(plot.rows, [&](const Interval& a, const Interval& b) {
    if (std::isnan(a.value) || std::isnan(b.value))
      return std::isnan(b.value) && !std::isnan(a.value);
    return sign * a.value < sign * b.value;
  });
  return plot;
}

Chart recall_by_frequency(const CompareResult& result, const std::vector<std::size_t>& rows) {
  Chart chart{.title = "Recall of a class against its number of training items",
              .x = {"training items of the class", true},
              .y = {"recall on " + result.judged_on, false, -0.03, 1.03}};
  for (const std::size_t i : rows) {
    Series series{.name = result.losses[i].name};
    for (const ClassRow& row : result.losses[i].per_class) {
      if (row.support == 0) continue;
      series.x.push_back(static_cast<double>(row.train_count));
      series.y.push_back(value_of(row.recall.mean));
      series.labels.push_back(fmt::format("{}, {}: {} of {} items in test", row.label, series.name,
                                          short_number(value_of(row.recall.mean)), row.support));
    }
    chart.series.push_back(std::move(series));
  }
  return chart;
}

ForestPlot recall_by_group(const CompareResult& result, const std::vector<std::size_t>& rows) {
  constexpr std::pair<const char*, const char*> kHeadings[] = {
      {"recall_many", "frequent classes (100 training items or more)"},
      {"recall_medium", "medium classes (21 to 99)"},
      {"recall_few", "rare classes (20 or fewer)"}};
  ForestPlot plot{.title = "Recall of frequent, medium and rare classes",
                  .x = {"mean recall on " + result.judged_on, false, -0.02, 1.02}};
  for (const auto& [metric, heading] : kHeadings) {
    const bool any = std::ranges::any_of(rows, [&, key = metric](std::size_t i) {
      return !std::isnan(mean_of(result.losses[i].test, key));
    });
    if (!any) continue;
    plot.rows.push_back({.label = heading, .heading = true});
    for (std::size_t s = 0; s < rows.size(); ++s) {
      const LossRow& row = result.losses[rows[s]];
      const auto found = row.test.find(metric);
      const Summary summary = found == row.test.end() ? Summary{} : found->second;
      const double mean = value_of(summary.mean);
      plot.rows.push_back({.label = row.name,
                           .value = mean,
                           .low = std::max(summary.low.value_or(mean), 0.0),
                           .high = std::min(summary.high.value_or(mean), 1.0),
                           .series = s});
    }
  }
  return plot;
}

Chart dev_curves(const CompareResult& result, const std::vector<std::size_t>& rows) {
  std::string metric = result.metric;
  bool there = false;
  for (const LossRow& row : result.losses)
    for (const SeedRun& run : row.runs)
      for (const CurvePoint& point : run.curve) there = there || point.dev.contains(metric);
  if (!there) metric = "macro_f1";
  Chart chart{.title = "Learning curves on dev",
              .x = {.label = "epoch", .whole = true},
              .y = {metric_words(metric) + " on dev"}};
  for (const std::size_t i : rows) {
    std::map<int, std::vector<double>> epochs;
    for (const SeedRun& run : result.losses[i].runs)
      for (const CurvePoint& point : run.curve) {
        const auto found = point.dev.find(metric);
        if (found != point.dev.end() && std::isfinite(found->second))
          epochs[point.epoch].push_back(found->second);
      }
    Series series{.name = result.losses[i].name};
    for (const auto& [epoch, values] : epochs) {
      double sum = 0;
      for (const double value : values) sum += value;
      series.x.push_back(epoch);
      series.y.push_back(sum / static_cast<double>(values.size()));
      series.low.push_back(*std::ranges::min_element(values));
      series.high.push_back(*std::ranges::max_element(values));
    }
    chart.series.push_back(std::move(series));
  }
  return chart;
}

Chart norms_by_frequency(const CompareResult& result, const std::vector<std::size_t>& rows) {
  Chart chart{.title = "Length of a class's weights against its training items",
              .x = {"training items of the class", true},
              .y = {"length of its weights"}};
  for (const std::size_t i : rows) {
    const LossRow& row = result.losses[i];
    if (row.weight_norms.size() != result.train_counts.size() || row.weight_norms.empty()) continue;
    Series series{.name = row.name};
    for (std::size_t k = 0; k < row.weight_norms.size(); ++k) {
      series.x.push_back(static_cast<double>(result.train_counts[k]));
      series.y.push_back(row.weight_norms[k]);
      series.labels.push_back(fmt::format("{}, {}: {}",
                                          k < result.labels.size() ? result.labels[k] : "",
                                          row.name, short_number(row.weight_norms[k])));
    }
    chart.series.push_back(std::move(series));
  }
  return chart;
}

BarChart cost_chart(const CompareResult& result, const CompareTimings& timings) {
  BarChart chart{.title = "Training time of one run", .unit = "s"};
  for (const LossRow& row : result.losses) {
    const auto found = timings.seconds.find(row.name);
    const auto runs = static_cast<double>(std::max<std::size_t>(1, row.runs.size()));
    chart.bars.push_back({row.name, found == timings.seconds.end() ? kNan : found->second / runs});
  }
  std::ranges::stable_sort(chart.bars, [](const Bar& a, const Bar& b) {
    return std::isnan(b.value) ? !std::isnan(a.value) : a.value < b.value;
  });
  return chart;
}

}  // namespace tailgrad
