#include <tailgrad/study/evaluation_report.h>

#include <algorithm>
#include <limits>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <tailgrad/study/report/html.h>
#include <tailgrad/study/report/reliability.h>

namespace tailgrad {
namespace {

using nlohmann::json;

constexpr std::pair<const char*, const char*> kScores[] = {
    {"accuracy", "accuracy"},
    {"balanced_error", "balanced error"},
    {"macro_f1", "macro F1"},
    {"micro_f1", "micro F1"},
    {"recall_many", "recall of frequent classes"},
    {"recall_medium", "recall of medium classes"},
    {"recall_few", "recall of rare classes"},
    {"span_f1", "span F1"},
    {"ece", "calibration error (ECE)"},
    {"brier", "Brier score"},
    {"loss", "negative log-likelihood"}};

struct System {
  std::string name;
  const json* metrics;
};

const json& child(const json& object, const std::string& key) {
  static const json kNone;
  const auto found = object.is_object() ? object.find(key) : object.end();
  return object.is_object() && found != object.end() ? *found : kNone;
}

double number(const json& value) {
  return value.is_number() ? value.get<double>() : std::numeric_limits<double>::quiet_NaN();
}

std::string score(const json& value) {
  return value.is_number() ? fmt::format("{:.4f}", value.get<double>()) : "n/a";
}

// recall_few stands as groups.few.recall in a metrics object.
const json& metric(const json& metrics, const std::string& name) {
  if (name.starts_with("recall_"))
    return child(child(child(metrics, "groups"), name.substr(7)), "recall");
  return child(metrics, name);
}

std::string with_interval(const json& metrics, const std::string& name) {
  const json& row = child(child(metrics, "intervals"), name);
  const std::string value = score(metric(metrics, name));
  if (!child(row, "low").is_number()) return value;
  return fmt::format("{} [{}, {}]", value, score(row["low"]), score(row["high"]));
}

HtmlTable metrics_table(const std::vector<System>& systems) {
  HtmlTable table{{"metric"}, {}};
  for (const System& system : systems) table.columns.push_back(system.name);
  for (const auto& [key, words] : kScores) {
    const std::string name = key;
    const bool any = std::ranges::any_of(
        systems, [&](const System& system) { return metric(*system.metrics, name).is_number(); });
    if (!any) continue;
    std::vector<std::string> cells{words};
    for (const System& system : systems) cells.push_back(with_interval(*system.metrics, name));
    table.rows.push_back(std::move(cells));
  }
  return table;
}

void add_differences(Page& page, const json& paired) {
  if (!paired.is_object()) return;
  ForestPlot plot{
      .title = "Second minus first on the same items", .x = {"second minus first"}, .reference = 0};
  HtmlTable table{{"metric", "first", "second", "difference", "low", "high", "p"}, {}};
  for (const auto& [key, words] : kScores) {
    const json& row = child(paired, key);
    if (!child(row, "difference").is_number()) continue;
    table.rows.push_back({words, score(child(row, "a")), score(child(row, "b")),
                          score(child(row, "difference")), score(child(row, "low")),
                          score(child(row, "high")), score(child(row, "p"))});
    if (std::string_view(key) == "loss") continue;  // in nats: of another size
    const double difference = number(row["difference"]);
    const bool spread = child(row, "low").is_number();
    plot.rows.push_back({.label = words,
                         .value = difference,
                         .low = spread ? number(row["low"]) : difference,
                         .high = spread ? number(row["high"]) : difference});
  }
  if (plot.rows.empty()) return;
  page.section("Second minus first");
  page.figure("Paired differences",
              "The same items resampled for both. Of errors, ECE and Brier score less is better.",
              forest_plot(plot), table);
}

void add_calibration(Page& page, const std::vector<System>& systems) {
  std::vector<Reliability> all;
  for (const System& system : systems) {
    Reliability one{.name = system.name, .bins = {}};
    for (const json& bin : child(*system.metrics, "reliability")) {
      one.bins.emplace_back();
      one.bins.back().low = number(child(bin, "low"));
      one.bins.back().high = number(child(bin, "high"));
      if (child(bin, "count").is_number()) one.bins.back().count = bin["count"];
      if (child(bin, "confidence").is_number()) one.bins.back().confidence = bin["confidence"];
      if (child(bin, "accuracy").is_number()) one.bins.back().accuracy = bin["accuracy"];
    }
    if (!one.bins.empty()) all.push_back(std::move(one));
  }
  if (all.empty()) return;
  page.section("Calibration");
  page.figure("Reliability diagram",
              "How often answers of a confidence were right. On the diagonal, 80 % sure means "
              "right eight times in ten; under it the system is too sure.",
              line_chart(reliability_chart(all)), reliability_table(all));
}

void add_classes(Page& page, const std::vector<System>& systems) {
  Chart chart{.title = "Recall of a class against its training items",
              .x = {"training items of the class", true},
              .y = {"recall", false, -0.03, 1.03}};
  const json& first = child(*systems.front().metrics, "per_class");
  if (!first.is_array() || first.empty()) return;
  HtmlTable table{{"class", "training items", "items"}, {}};
  for (const System& system : systems)
    for (const char* what : {"precision", "recall", "F1"})
      table.columns.push_back((systems.size() > 1 ? system.name + ": " : std::string()) + what);
  bool counts = false;
  for (const System& system : systems) {
    Series series{.name = system.name};
    for (const json& row : child(*system.metrics, "per_class")) {
      counts = counts || child(row, "train_count").is_number();
      series.x.push_back(number(child(row, "train_count")));
      series.y.push_back(number(child(row, "recall")));
      series.labels.push_back(child(row, "label").get<std::string>() + ", " + system.name);
    }
    chart.series.push_back(std::move(series));
  }
  for (std::size_t k = 0; k < first.size(); ++k) {
    const auto whole = [](const json& value) { return value.is_number() ? value.dump() : "n/a"; };
    std::vector<std::string> cells{first[k].at("label"), whole(child(first[k], "train_count")),
                                   whole(child(first[k], "support"))};
    for (const System& system : systems) {
      const json& rows = child(*system.metrics, "per_class");
      for (const char* key : {"precision", "recall", "f1"})
        cells.push_back(k < rows.size() ? score(child(rows[k], key)) : "n/a");
    }
    table.rows.push_back(std::move(cells));
  }
  page.section("Classes");
  if (counts)
    page.figure("Recall against training items", "One mark a class; rare classes on the left.",
                scatter_plot(chart), table);
  else
    page.table(table);
}

}  // namespace

std::string evaluation_report(const std::string& title, const std::vector<std::string>& names,
                              const json& result) {
  std::vector<System> systems;
  systems.push_back({names.empty() ? "system" : names.front(), &result});
  if (child(result, "second").is_object())
    systems.push_back({names.size() > 1 ? names[1] : "second", &child(result, "second")});
  const json& items = child(result, "n");
  std::string lead = items.is_number() ? fmt::format("{} items", items.dump()) : "Items: n/a";
  for (const System& system : systems)
    lead += fmt::format("{} {}: accuracy {}, balanced error {}, macro F1 {}",
                        &system == &systems.front() ? "." : ";", system.name,
                        score(metric(*system.metrics, "accuracy")),
                        score(metric(*system.metrics, "balanced_error")),
                        score(metric(*system.metrics, "macro_f1")));
  Page page(title, lead + ".");
  page.interactive();
  page.section("Scores");
  if (child(result, "intervals").is_object())
    page.paragraph("In brackets: 95 % intervals over items. They know nothing of training seeds.");
  page.table(metrics_table(systems));
  add_differences(page, child(result, "paired"));
  add_calibration(page, systems);
  add_classes(page, systems);
  return page.html();
}

}  // namespace tailgrad
