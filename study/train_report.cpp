#include <tailgrad/study/train_report.h>

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <nlohmann/json.hpp>
#include <string_view>
#include <utility>

#include <tailgrad/study/report/html.h>

namespace tailgrad {
namespace {

using nlohmann::json;

constexpr std::pair<std::string_view, std::string_view> kGroupNames[] = {
    {"many", "many items"}, {"medium", "medium"}, {"few", "few items"}};

const json& child(const json& object, std::string_view key) {
  static const json kNone;
  if (!object.is_object()) return kNone;
  const auto found = object.find(key);
  return found == object.end() ? kNone : *found;
}

// NaN where the number is missing or null.
double number(const json& object, std::string_view key) {
  const json& value = child(object, key);
  return value.is_number() ? value.get<double>() : std::numeric_limits<double>::quiet_NaN();
}

std::string words(const json& object, std::string_view key) {
  const json& value = child(object, key);
  if (value.is_null()) return "n/a";
  return value.is_string() ? value.get<std::string>() : value.dump();
}

std::string score(double value) {
  return std::isnan(value) ? "n/a" : fmt::format("{:.3f}", value);
}
std::string whole(double value) {
  if (std::isnan(value)) return "n/a";
  std::string digits = fmt::format("{:.0f}", value);
  for (std::size_t end = digits.size(); end > 3; end -= 3)
    digits.insert(digits.begin() + static_cast<std::ptrdiff_t>(end - 3), ',');
  return digits;
}

double group_recall(const json& metrics, std::string_view group) {
  return number(child(child(metrics, "groups"), group), "recall");
}

std::string lead_of(const json& metrics, std::string_view split) {
  const double right = number(metrics, "accuracy");
  const double balanced = 1 - number(metrics, "balanced_error");
  const double few = group_recall(metrics, "few");
  const double many = group_recall(metrics, "many");
  std::string text = fmt::format("Evaluated on {} {} items.", whole(number(metrics, "n")), split);
  if (!std::isnan(right) && !std::isnan(balanced))
    text = fmt::format(
        "On {} {} items the model is right {:.1f} % of the time; averaged over classes, so that "
        "every class counts alike, {:.1f} %.",
        whole(number(metrics, "n")), split, 100 * right, 100 * balanced);
  if (!std::isnan(few) && !std::isnan(many))
    text += fmt::format(
        " It finds {:.1f} % of the items of frequent classes and {:.1f} % of rare ones.",
        100 * many, 100 * few);
  return text;
}

void add_tiles(Page& page, const json& metrics) {
  std::vector<Page::Tile> tiles{
      {"Accuracy", score(number(metrics, "accuracy")), "share of items"},
      {"Balanced accuracy", score(1 - number(metrics, "balanced_error")), "mean recall of classes"},
      {"Macro-F1", score(number(metrics, "macro_f1")), "mean F1 of classes"}};
  for (const auto& [key, name] : kGroupNames) {
    const json& group = child(child(metrics, "groups"), key);
    tiles.push_back({fmt::format("Recall, {}", name), score(number(group, "recall")),
                     whole(number(group, "classes")) + " classes"});
  }
  page.tiles(tiles);
}

void add_curves(Page& page, const json& history) {
  if (!history.is_array() || history.empty()) return;
  Chart loss{"Loss by epoch", {"epoch"}, {"loss"}, {{"train"}, {"dev"}}};
  Chart quality{"Quality on dev by epoch",
                {"epoch"},
                {"score on dev"},
                {{"macro-F1"}, {"balanced accuracy"}}};
  const auto add = [](Series& series, double x, double y) {
    series.x.push_back(x);
    series.y.push_back(y);
  };
  for (const json& line : history) {
    const double epoch = number(line, "epoch");
    const json& dev = child(line, "dev");
    add(loss.series[0], epoch, number(line, "train_loss"));
    add(loss.series[1], epoch, number(dev, "loss"));
    add(quality.series[0], epoch, number(dev, "macro_f1"));
    add(quality.series[1], epoch, 1 - number(dev, "balanced_error"));
  }
  page.section("Learning curves");
  page.figure("Loss", "The mean over an epoch on training data, and at its end on dev.",
              line_chart(loss), table_of(loss));
  page.figure("Scores on dev", "The best epoch is chosen on dev, never on test.",
              line_chart(quality), table_of(quality));
}

// Classes that take part in most of the mistakes, at most `most`.
std::vector<std::string> confused_classes(const std::vector<Mistake>& mistakes, std::size_t most) {
  std::vector<std::string> names;
  for (const Mistake& mistake : mistakes)
    for (const std::string& name : {mistake.truth, mistake.predicted})
      if (names.size() < most && std::find(names.begin(), names.end(), name) == names.end())
        names.push_back(name);
  return names;
}

void add_mistakes(Page& page, const std::vector<Mistake>& mistakes, const json& metrics) {
  if (mistakes.empty()) return;
  std::map<std::string, double> support;
  std::map<std::string, double> recall;
  for (const json& row : child(metrics, "per_class")) {
    support[words(row, "label")] = number(row, "support");
    recall[words(row, "label")] = number(row, "recall");
  }
  const auto share = [&](const Mistake& mistake) {
    const auto found = support.find(mistake.truth);
    return found == support.end() ? std::nan("")
                                  : static_cast<double>(mistake.count) / found->second;
  };
  HeatMap map{.title = "Share of a class's items taken for another class",
              .row_axis = "true class",
              .column_axis = "predicted class"};
  map.rows = map.columns = confused_classes(mistakes, 14);
  const std::size_t size = map.rows.size();
  map.values.assign(size * size, std::nan(""));
  map.texts.assign(size * size, "");
  const auto place = [&](const std::string& name) {
    return static_cast<std::size_t>(std::find(map.rows.begin(), map.rows.end(), name) -
                                    map.rows.begin());
  };
  const auto set = [&](std::size_t r, std::size_t c, double value) {
    map.values[r * size + c] = value;
    if (value >= 0.005) map.texts[r * size + c] = fmt::format("{:.0f}", 100 * value);
  };
  for (std::size_t r = 0; r < size; ++r)
    if (recall.contains(map.rows[r])) set(r, r, recall[map.rows[r]]);
  HtmlTable table{{"true class", "taken for", "items", "% of the class"}, {}};
  constexpr std::size_t kShown = 30;
  for (const Mistake& mistake : mistakes) {
    if (place(mistake.truth) < size && place(mistake.predicted) < size)
      set(place(mistake.truth), place(mistake.predicted), share(mistake));
    if (table.rows.size() < kShown)
      table.rows.push_back(
          {mistake.truth, mistake.predicted, std::to_string(mistake.count),
           std::isnan(share(mistake)) ? "n/a" : fmt::format("{:.1f}", 100 * share(mistake))});
  }
  page.figure("The largest confusions",
              "Percent of a row's class predicted as the column's class; the diagonal is recall.",
              heat_map(map), table, true);
}

void add_groups(Page& page, const json& metrics, std::string_view split) {
  ForestPlot plot;
  plot.title = "Recall of the groups of classes";
  plot.x.label = fmt::format("mean recall on {}", split);
  plot.x.low = -0.02;
  plot.x.high = 1.02;
  plot.reference = 1 - number(metrics, "balanced_error");
  for (const auto& [key, name] : kGroupNames) {
    const double recall = group_recall(metrics, key);
    const double classes = number(child(child(metrics, "groups"), key), "classes");
    plot.rows.push_back(
        {fmt::format("{} ({} classes)", name, whole(classes)), recall, recall, recall});
  }
  page.figure("Recall of the groups", "The dashed line is the mean over all classes.",
              forest_plot(plot), table_of(plot));
}

void add_classes(Page& page, const json& metrics, std::string_view split,
                 const std::vector<Mistake>& mistakes) {
  const json& rows = child(metrics, "per_class");
  if (!rows.is_array() || rows.empty()) return;
  // The groups as in the metrics object, told apart by their class counts: classes by frequency.
  std::vector<json> sorted(rows.begin(), rows.end());
  std::stable_sort(sorted.begin(), sorted.end(), [](const json& a, const json& b) {
    const double left = number(a, "train_count");
    const double right = number(b, "train_count");
    return (std::isnan(left) ? -1 : left) > (std::isnan(right) ? -1 : right);
  });
  Chart chart{"Recall of a class against its number of training items",
              {"training items of the class", true},
              {fmt::format("recall on {}", split), false, -0.03, 1.03},
              {}};
  std::size_t next = 0;
  std::size_t unseen = 0;
  for (const auto& [key, name] : kGroupNames) {
    const double classes = number(child(child(metrics, "groups"), key), "classes");
    Series series{.name = std::string(name)};
    for (double i = 0; i < classes && next < sorted.size(); ++i, ++next) {
      const json& row = sorted[next];
      const double count = number(row, "train_count");
      if (count <= 0) ++unseen;
      series.x.push_back(count);
      series.y.push_back(number(row, "recall"));
      series.labels.push_back(words(row, "label"));
    }
    chart.series.push_back(std::move(series));
  }
  if (next == 0) {  // no groups: one series
    chart.series.assign(1, {.name = "classes"});
    for (const json& row : sorted) {
      chart.series[0].x.push_back(number(row, "train_count"));
      chart.series[0].y.push_back(number(row, "recall"));
      chart.series[0].labels.push_back(words(row, "label"));
    }
  }
  std::string note = "One mark a class. Rare classes stand on the left.";
  if (unseen > 0) note += fmt::format(" {} without training items are not shown.", unseen);
  page.section("The long tail");
  page.figure("Recall against class frequency", note, scatter_plot(chart), table_of(chart));
  add_groups(page, metrics, split);
  add_mistakes(page, mistakes, metrics);

  HtmlTable table{{"class", "training items", "items", "precision", "recall", "F1"}, {}};
  for (const json& row : sorted)
    table.rows.push_back({words(row, "label"), whole(number(row, "train_count")),
                          whole(number(row, "support")), score(number(row, "precision")),
                          score(number(row, "recall")), score(number(row, "f1"))});
  page.folded(fmt::format("All {} classes, most frequent first", sorted.size()), table);
}

void add_types(Page& page, const json& metrics, std::string_view split) {
  const json& rows = child(metrics, "per_type");
  if (!rows.is_array() || rows.empty()) return;
  HtmlTable table{{"type", "spans", "predicted", "precision", "recall", "F1", "F1, strict"}, {}};
  for (const json& row : rows)
    table.rows.push_back({words(row, "label"), whole(number(row, "support")),
                          whole(number(row, "predicted")), score(number(row, "precision")),
                          score(number(row, "recall")), score(number(row, "f1")),
                          score(number(row, "f1_strict"))});
  page.section(fmt::format("Spans by type, on {}", split));
  page.table(table);
}

void add_metrics(Page& page, const json& result) {
  HtmlTable table{{"metric"}, {}};
  std::vector<const json*> splits;
  for (const std::string split : {"dev", "test"})
    if (child(result, split).is_object()) {
      table.columns.push_back(split);
      splits.push_back(&child(result, split));
    }
  const auto row = [&](std::string name, const auto& value) {
    std::vector<std::string> cells{std::move(name)};
    for (const json* split : splits) cells.push_back(value(*split));
    table.rows.push_back(std::move(cells));
  };
  row("items", [](const json& m) { return whole(number(m, "n")); });
  const std::pair<std::string_view, std::string_view> kScores[] = {
      {"accuracy", "accuracy"}, {"balanced_error", "balanced error"},
      {"macro_f1", "macro-F1"}, {"micro_f1", "micro-F1"},
      {"span_f1", "span-F1"},   {"span_f1_strict", "span-F1, strict"},
      {"loss", "loss"},         {"ece", "calibration error (ECE)"}};
  for (const auto& [key, name] : kScores) {
    const bool spans = key.starts_with("span");
    if (spans && std::none_of(splits.begin(), splits.end(),
                              [&](const json* m) { return child(*m, key).is_number(); }))
      continue;
    row(std::string(name), [&](const json& m) { return score(number(m, key)); });
  }
  for (const auto& [key, name] : kGroupNames)
    row(fmt::format("recall, {}", name),
        [&](const json& m) { return score(group_recall(m, key)); });
  page.section("All metrics");
  page.table(table);
}

}  // namespace

std::string train_report(const json& result, const json& history,
                         const std::vector<Mistake>& mistakes) {
  const std::string split = child(result, "test").is_object() ? "test" : "dev";
  const json& metrics = child(result, split);
  const json& config = child(result, "config");
  std::string title = "Training report";
  if (child(config, "data").is_string()) title += ": " + words(config, "data");
  if (child(config, "loss").is_string()) title += ", " + words(config, "loss");
  Page page(title, metrics.is_object() ? lead_of(metrics, split) : "No evaluated split.");
  if (metrics.is_object()) add_tiles(page, metrics);
  add_curves(page, history);
  if (metrics.is_object()) add_classes(page, metrics, split, mistakes);
  if (metrics.is_object()) add_types(page, metrics, split);
  add_metrics(page, result);

  page.section("The run");
  HtmlTable table{{"what", "value"}, {}};
  for (const std::string_view key : {"parameters", "epochs", "seconds", "weights_hash"})
    table.rows.push_back({std::string(key), words(result, key)});
  page.table(table);
  page.folded_text("Configuration", config.dump(2));
  return page.html();
}

}  // namespace tailgrad
