#include <tailgrad/cli/summary.h>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace tailgrad::cli {
namespace {

std::string number(const nlohmann::ordered_json& value) {
  return value.is_number() ? fmt::format("{:.4f}", value.get<double>()) : "n/a";
}

// Of tagged sentences: spans where there are any, and words that training has not seen.
std::string sequence_table(const nlohmann::ordered_json& result) {
  std::string text = fmt::format("{:<6}{:>8}{:>10}{:>10}{:>10}{:>10}{:>15}\n", "", "tokens",
                                 "span F1", "strict F1", "accuracy", "macro F1", "unknown words");
  for (const char* split : {"dev", "test"}) {
    if (!result.contains(split) || !result[split].is_object()) continue;
    const auto& metrics = result[split];
    const auto value = [&](const char* key) {
      return number(metrics.contains(key) ? metrics[key] : nlohmann::ordered_json());
    };
    text += fmt::format("{:<6}{:>8}{:>10}{:>10}{:>10}{:>10}{:>15}\n", split,
                        metrics["n"].get<std::int64_t>(), value("span_f1"), value("span_f1_strict"),
                        value("accuracy"), value("macro_f1"), value("unknown_word_accuracy"));
  }
  return text;
}

}  // namespace

std::string metrics_table(const nlohmann::ordered_json& result) {
  if (result.contains("dev") && result["dev"].contains("unknown_word_accuracy"))
    return sequence_table(result);
  std::string text = fmt::format("{:<6}{:>8}{:>10}{:>15}{:>10}{:>8}{:>8}{:>8}\n", "", "items",
                                 "accuracy", "balanced error", "macro F1", "many", "medium", "few");
  for (const char* split : {"dev", "test"}) {
    if (!result.contains(split) || !result[split].is_object()) continue;
    const auto& metrics = result[split];
    text += fmt::format("{:<6}{:>8}{:>10}{:>15}{:>10}", split, metrics["n"].get<std::int64_t>(),
                        number(metrics["accuracy"]), number(metrics["balanced_error"]),
                        number(metrics["macro_f1"]));
    for (const char* group : {"many", "medium", "few"})
      text += fmt::format("{:>8}", metrics["groups"].is_object()
                                       ? number(metrics["groups"][group]["recall"])
                                       : "n/a");
    text += "\n";
  }
  return text;
}

}  // namespace tailgrad::cli
