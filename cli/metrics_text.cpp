#include <tailgrad/cli/metrics_text.h>

#include <algorithm>
#include <array>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace tailgrad::cli {
namespace {

using nlohmann::json;

struct Named {
  const char* key;
  const char* heading;
};
constexpr std::array kScalars = {
    Named{"accuracy", "accuracy"}, Named{"balanced_error", "balanced error"},
    Named{"macro_f1", "macro F1"}, Named{"micro_f1", "micro F1"},
    Named{"loss", "NLL (nats)"},   Named{"ece", "ECE"},
    Named{"brier", "Brier score"},
};
// Of tagged sentences only.
constexpr std::array kSequenceScalars = {
    Named{"span_f1", "span F1"},
    Named{"span_precision", "span precision"},
    Named{"span_recall", "span recall"},
    Named{"span_macro_f1", "span macro F1"},
    Named{"span_f1_strict", "strict span F1"},
    Named{"span_macro_f1_strict", "strict macro F1"},
    Named{"unknown_word_accuracy", "unknown words"},
};
constexpr std::array kGroups = {"many", "medium", "few"};
constexpr std::size_t kClassLines = 60;

std::string number(const json& value) {
  return value.is_number() ? fmt::format("{:.4f}", value.get<double>()) : "n/a";
}

std::string count(const json& value) {
  return value.is_number() ? fmt::format("{}", value.get<std::int64_t>()) : "n/a";
}

std::string interval(const json& metrics, const std::string& key) {
  if (!metrics.contains("intervals") || !metrics["intervals"].contains(key)) return "";
  const json& row = metrics["intervals"][key];
  if (!row["low"].is_number()) return "";
  return fmt::format("   {} .. {}", number(row["low"]), number(row["high"]));
}

std::string type_lines(const json& rows) {
  std::size_t width = 4;
  for (const json& row : rows) width = std::max(width, row["label"].get<std::string>().size());
  std::string text = fmt::format("\n{:<{}}  {:>8}{:>11}{:>9}{:>9}{:>11}\n", "type", width, "spans",
                                 "precision", "recall", "F1", "strict F1");
  for (const json& row : rows) {
    text += fmt::format("{:<{}}  {:>8}{:>11}{:>9}{:>9}{:>11}\n", row["label"].get<std::string>(),
                        width, count(row["support"]), number(row["precision"]),
                        number(row["recall"]), number(row["f1"]), number(row["f1_strict"]));
  }
  return text;
}

std::string class_lines(const json& rows) {
  std::size_t width = 5;
  for (const json& row : rows) width = std::max(width, row["label"].get<std::string>().size());
  std::string text = fmt::format("\n{:<{}}  {:>8}{:>8}{:>11}{:>9}{:>9}\n", "class", width, "train",
                                 "items", "precision", "recall", "F1");
  std::size_t lines = 0;
  for (const json& row : rows) {
    if (++lines > kClassLines) break;
    text += fmt::format("{:<{}}  {:>8}{:>8}{:>11}{:>9}{:>9}\n", row["label"].get<std::string>(),
                        width, count(row["train_count"]), count(row["support"]),
                        number(row["precision"]), number(row["recall"]), number(row["f1"]));
  }
  if (rows.size() > kClassLines)
    text += fmt::format("... and {} more classes: --json has all\n", rows.size() - kClassLines);
  return text;
}

}  // namespace

std::string metrics_text(const json& metrics) {
  std::string text = fmt::format("{} items\n", metrics["n"].get<std::int64_t>());
  if (metrics.contains("intervals"))
    text += fmt::format("{:<18}{:>8}   95 % interval over items\n", "", "value");
  for (const Named& row : kScalars)
    text += fmt::format("{:<18}{:>8}{}\n", row.heading, number(metrics[row.key]),
                        interval(metrics, row.key));
  for (const Named& row : kSequenceScalars) {
    if (metrics.contains(row.key) && metrics[row.key].is_number())
      text += fmt::format("{:<18}{:>8}{}\n", row.heading, number(metrics[row.key]),
                          interval(metrics, row.key));
  }
  if (metrics["groups"].is_object()) {
    for (const char* group : kGroups) {
      const json& score = metrics["groups"][group];
      text +=
          fmt::format("{:<18}{:>8}{}   ({} classes)\n", fmt::format("recall of {}", group),
                      number(score["recall"]), interval(metrics, fmt::format("recall_{}", group)),
                      count(score["classes"]));
    }
  }
  if (metrics.contains("per_type") && metrics["per_type"].is_array())
    text += type_lines(metrics["per_type"]);
  return text + class_lines(metrics["per_class"]);
}

std::string columns_text(const std::vector<std::pair<std::string, json>>& columns) {
  std::string text = fmt::format("{:<18}", "");
  for (const auto& [heading, metrics] : columns) text += fmt::format("{:>10}", heading);
  text += "\n";
  for (const Named& row : kScalars) {
    const std::string_view key = row.key;
    if (key == "micro_f1" || key == "brier") continue;
    text += fmt::format("{:<18}", row.heading);
    for (const auto& [heading, metrics] : columns)
      text += fmt::format("{:>10}", number(metrics[row.key]));
    text += "\n";
  }
  return text;
}

std::string paired_text(const json& paired) {
  std::string text = fmt::format("{:<18}{:>9}{:>9}{:>12}   {:<20}{:>7}\n", "", "first", "second",
                                 "difference", "95 % interval", "p");
  std::vector<Named> rows(kScalars.begin(), kScalars.end());
  for (const Named& row : kSequenceScalars) {
    if (paired.contains(row.key) && paired[row.key]["difference"].is_number()) rows.push_back(row);
  }
  for (const Named& row : rows) {
    const json& values = paired[row.key];
    const std::string spread =
        values["low"].is_number()
            ? fmt::format("{} .. {}", number(values["low"]), number(values["high"]))
            : "n/a";
    text +=
        fmt::format("{:<18}{:>9}{:>9}{:>12}   {:<20}{:>7}\n", row.heading, number(values["a"]),
                    number(values["b"]), number(values["difference"]), spread, number(values["p"]));
  }
  return text;
}

}  // namespace tailgrad::cli
