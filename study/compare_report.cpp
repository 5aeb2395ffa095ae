#include <tailgrad/study/compare_report.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <numeric>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <tailgrad/study/answer.h>
#include <tailgrad/study/compare_figures.h>
#include <tailgrad/study/finding_words.h>
#include <tailgrad/study/report/html.h>
#include <tailgrad/study/report/reliability.h>

namespace tailgrad {
namespace {

using nlohmann::ordered_json;

// A figure with a mark a class and loss stays readable with few losses when there are many classes.
constexpr std::size_t kShown = 4;
constexpr std::size_t kShownOfManyClasses = 3;
constexpr std::size_t kManyClasses = 40;

std::string score(const std::optional<double>& value) {
  return value ? fmt::format("{:.4f}", *value) : "n/a";
}

std::string difference(const std::optional<double>& value) {
  return value ? fmt::format("{:+.4f}", *value) : "n/a";
}

std::string p_value(const std::optional<double>& value) {
  return value ? fmt::format("{:.4f}", *value) : "n/a";
}

Summary summary_of(const Summaries& summaries, const std::string& metric) {
  const auto found = summaries.find(metric);
  return found == summaries.end() ? Summary{} : found->second;
}

std::string spread(const Summary& summary) {
  return summary.low && summary.high ? fmt::format("{:.4f} to {:.4f}", *summary.low, *summary.high)
                                     : "n/a";
}

// What a JSON object holds, one row a key.
HtmlTable table_of_object(const ordered_json& object) {
  HtmlTable table{{"what", "value"}, {}};
  if (object.is_object())
    for (const auto& [key, value] : object.items())
      table.rows.push_back({key, value.is_string() ? value.get<std::string>() : value.dump()});
  return table;
}

std::string name_of_data(const CompareResult& result) {
  const ordered_json config = ordered_json::parse(result.config, nullptr, false);
  if (!config.is_object() || !config.contains("data") || !config["data"].is_string()) return "";
  return std::filesystem::path(config["data"].get<std::string>()).filename().string();
}

// "Use la:tau=1" and the rest of the sentence.
Page page_of(const CompareResult& result) {
  const std::string data = name_of_data(result);
  const std::string title = data.empty() ? "Which loss?" : "Which loss for " + data + "?";
  const std::size_t colon = result.answer.find(": ");
  if (colon == std::string::npos) return Page(title, result.answer);
  std::string rest = result.answer.substr(colon + 2);
  return Page(title, std::move(rest), result.answer.substr(0, colon) + ":");
}

HtmlTable pairs_table(const CompareResult& result, const std::vector<LossPair>& pairs) {
  HtmlTable table{
      {"loss", "against", metric_words(result.metric) + " difference", "low", "high", "p",
       "p corrected", "verdict", "effect size", "detectable", "sd of seeds", "error from items"},
      {}};
  for (const LossPair& pair : pairs)
    table.rows.push_back({pair.b, pair.a, difference(pair.numbers.difference),
                          difference(pair.numbers.low), difference(pair.numbers.high),
                          p_value(pair.numbers.p), p_value(pair.p_corrected), pair.verdict,
                          score(pair.numbers.effect), score(pair.numbers.detectable),
                          score(pair.numbers.sd_seeds), score(pair.numbers.sd_items)});
  return table;
}

HtmlTable losses_table(const CompareResult& result) {
  const std::string words = metric_words(result.metric);
  HtmlTable table{{"loss", fmt::format("{} on {}", words, result.judged_on),
                   fmt::format("{:g} % over seeds", 100 * result.level),
                   "against " + result.baseline, "verdict", "rule tuned on dev"},
                  {}};
  std::vector<std::string> others;
  for (const char* metric : {"balanced_error", "macro_f1", "accuracy", "ece"})
    if (result.metric != metric) {
      others.emplace_back(metric);
      table.columns.push_back(others.back() == "ece" ? "ECE" : metric_words(others.back()));
    }
  std::vector<std::size_t> order = best_on_dev(result);
  for (std::size_t i = 0; i < result.losses.size(); ++i)
    if (std::ranges::find(order, i) == order.end()) order.push_back(i);
  for (const std::size_t i : order) {
    const LossRow& row = result.losses[i];
    const Summary test = summary_of(row.test, result.metric);
    std::string verdict = row.name == result.baseline ? "baseline" : "";
    std::string gain;
    for (const LossPair& pair : result.pairs)
      if (pair.a == result.baseline && pair.b == row.name) {
        verdict = pair.verdict;
        gain = difference(pair.numbers.difference);
      }
    if (row.diverged > 0)
      verdict += fmt::format("{}diverged in {} of {}", verdict.empty() ? "" : "; ", row.diverged,
                             plural(row.runs.size(), "run"));
    std::vector<std::string> cells{
        row.name, score(test.mean), spread(test),
        gain,     verdict,          score(summary_of(row.test_tuned, result.metric).mean)};
    for (const std::string& metric : others)
      cells.push_back(score(summary_of(row.test, metric).mean));
    table.rows.push_back(std::move(cells));
  }
  return table;
}

// A row a class, a column a loss.
HtmlTable classes_table(const CompareResult& result) {
  HtmlTable table{{"class", "training items", "items"}, {}};
  const LossRow* first = nullptr;
  for (const LossRow& row : result.losses) {
    if (row.per_class.empty()) continue;
    if (first == nullptr) first = &row;
    table.columns.push_back(row.name);
  }
  if (first == nullptr) return table;
  std::vector<std::size_t> order(first->per_class.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::stable_sort(order, [&](std::size_t a, std::size_t b) {
    return first->per_class[a].train_count > first->per_class[b].train_count;
  });
  for (const std::size_t k : order) {
    const ClassRow& head = first->per_class[k];
    std::vector<std::string> cells{head.label, std::to_string(head.train_count),
                                   std::to_string(head.support)};
    for (const LossRow& row : result.losses)
      if (k < row.per_class.size()) cells.push_back(score(row.per_class[k].recall.mean));
    table.rows.push_back(std::move(cells));
  }
  return table;
}

HtmlTable groups_table(const CompareResult& result) {
  HtmlTable table{{"loss"}, {}};
  constexpr std::pair<const char*, const char*> kShortNames[] = {
      {"recall_many", "frequent"}, {"recall_medium", "medium"}, {"recall_few", "rare"}};
  for (const auto& [metric, words] : kShortNames)
    table.columns.insert(table.columns.end(), {words, fmt::format("{}, interval", words),
                                               fmt::format("{}, rule tuned on dev", words)});
  for (const LossRow& row : result.losses) {
    std::vector<std::string> cells{row.name};
    for (const auto& [metric, words] : kShortNames) {
      const Summary summary = summary_of(row.test, metric);
      cells.push_back(score(summary.mean));
      cells.push_back(spread(summary));
      cells.push_back(score(summary_of(row.test_tuned, metric).mean));
    }
    table.rows.push_back(std::move(cells));
  }
  return table;
}

HtmlTable runs_table(const CompareResult& result) {
  HtmlTable table{{"loss", "seed", metric_words(result.metric) + " on " + result.judged_on,
                   "best epoch", "rule tuned on dev", "weights", "what happened"},
                  {}};
  for (const LossRow& row : result.losses) {
    const Summary test = summary_of(row.test, result.metric);
    for (std::size_t s = 0; s < row.runs.size(); ++s) {
      const SeedRun& run = row.runs[s];
      table.rows.push_back({row.name, std::to_string(run.seed),
                            s < test.values.size() ? score(test.values[s]) : "n/a",
                            run.diverged ? "n/a" : std::to_string(run.best_epoch), run.recipe,
                            run.weights_hash, run.divergence});
    }
  }
  return table;
}

void add_differences(Page& page, const CompareResult& result) {
  page.section("Differences to " + result.baseline);
  const std::string level = fmt::format("{:g} %", 100 * result.level);
  const ForestPlot fixed = difference_plot(result, result.pairs);
  if (fixed.rows.empty()) {
    page.paragraph("There is nothing to compare with the baseline.");
    return;
  }
  page.figure("As trained",
              fmt::format("{} intervals of the paired difference: other seeds and other {} items "
                          "are both counted in. Triangle: better after correction for {}; square "
                          "in orange: worse; grey: no detectable difference, or not tested.",
                          level, result.judged_on, plural(result.pairs.size(), "comparison")),
              forest_plot(fixed), pairs_table(result, result.pairs));
  const ForestPlot tuned = difference_plot(result, result.pairs_tuned);
  if (!tuned.rows.empty())
    page.figure("With the decision rule of every loss tuned on dev",
                "What is left when both get the best thresholds or offsets that dev can give: a "
                "gain that is gone here was a matter of the threshold, not of the training.",
                forest_plot(tuned), pairs_table(result, result.pairs_tuned));
  std::vector<std::string> sentences;
  for (const LossPair& pair : result.pairs) sentences.push_back(pair.sentence + ".");
  page.list(sentences);
}

void add_classes(Page& page, const CompareResult& result) {
  const std::size_t most = result.labels.size() > kManyClasses ? kShownOfManyClasses : kShown;
  const std::vector<std::size_t> shown = rows_to_show(result, most);
  page.section("Frequent and rare classes");
  const Chart recall = recall_by_frequency(result, shown);
  std::size_t unseen = 0;
  for (const std::int64_t count : result.train_counts) unseen += count == 0 ? 1 : 0;
  std::string note = "One mark a class and loss, mean over seeds; rare classes stand on the left.";
  if (unseen > 0)
    note += fmt::format(" {} without training items cannot be shown.", plural(unseen, "class"));
  if (shown.size() < result.losses.size()) note += " The other losses are in the table.";
  page.figure("Recall of each class against its training items", note, scatter_plot(recall),
              classes_table(result));
  page.figure("Recall of the groups",
              fmt::format("Mean recall of the classes of a group; {:g} % intervals over seeds.",
                          100 * result.level),
              forest_plot(recall_by_group(result, shown)), groups_table(result));
}

void add_training(Page& page, const CompareResult& result, const CompareTimings& timings) {
  const std::vector<std::size_t> shown = rows_to_show(result, kShown);
  page.section("Training");
  std::vector<std::size_t> all(result.losses.size());
  std::iota(all.begin(), all.end(), std::size_t{0});
  page.figure("Learning curves on dev",
              "Line: mean over seeds. Band: from the worst seed to the best.",
              line_chart(dev_curves(result, shown)), table_of(dev_curves(result, all)));
  const Chart norms = norms_by_frequency(result, shown);
  if (!norms.series.empty())
    page.figure("Weight of a class in the last layer against its training items",
                "Mean over seeds. Weights that grow with frequency favour frequent classes; "
                "adjustments such as tau-norm undo that.",
                scatter_plot(norms), table_of(norms_by_frequency(result, all)));
  const BarChart cost = cost_chart(result, timings);
  std::string note = "Mean training time of a run.";
  if (timings.jobs > 1) note += fmt::format(" Measured with {} runs side by side.", timings.jobs);
  if (timings.cell_seconds > 0)
    note += fmt::format(" The whole comparison took {} of computing.",
                        timings.cell_seconds < 120
                            ? fmt::format("{:.0f} s", timings.cell_seconds)
                            : fmt::format("{:.0f} min", timings.cell_seconds / 60));
  page.figure("Cost of a loss", note, bar_chart(cost), table_of(cost));
}

void add_calibration(Page& page, const CompareResult& result) {
  std::vector<Reliability> fixed;
  std::vector<Reliability> tuned;
  for (const std::size_t i : rows_to_show(result, kShown)) {
    const LossRow& row = result.losses[i];
    if (!row.reliability.empty()) fixed.push_back({row.name, row.reliability});
    if (!row.reliability_tuned.empty()) tuned.push_back({row.name, row.reliability_tuned});
  }
  if (fixed.empty()) return;
  page.section("Calibration");
  page.figure("As trained",
              "Confidence of the predicted class and how often it was right, all seeds together. "
              "Under the diagonal: too sure of itself.",
              line_chart(reliability_chart(fixed)), reliability_table(fixed));
  if (!tuned.empty())
    page.figure("With the rule tuned on dev",
                "A rule tuned for a metric that counts rare classes makes confidences mean "
                "something else.",
                line_chart(reliability_chart(tuned)), reliability_table(tuned));
}

void add_record(Page& page, const CompareResult& result) {
  page.section("What was held equal");
  page.list(result.equal);
  if (!result.notes.empty()) {
    page.section("Notes");
    page.list(result.notes);
  }
  page.section("Runs, seeds and versions");
  std::string seeds;
  for (const std::uint64_t seed : result.seeds)
    seeds += (seeds.empty() ? "" : ", ") + std::to_string(seed);
  HtmlTable facts{
      {"what", "value"},
      {{"task", result.task},
       {"judged by", metric_words(result.metric) + " on " + result.judged_on},
       {"baseline", result.baseline},
       {"seeds", seeds},
       {"tries of hyper-parameters",
        result.tries == 0 ? "none" : fmt::format("{} a loss, {}", result.tries, result.tuning)}}};
  if (!result.pairs.empty() && !result.pairs.front().numbers.method.empty())
    facts.rows.push_back({"test", result.pairs.front().numbers.method});
  const HtmlTable versions = table_of_object(ordered_json::parse(result.versions, nullptr, false));
  facts.rows.insert(facts.rows.end(), versions.rows.begin(), versions.rows.end());
  page.table(facts);
  page.folded("Every run", runs_table(result));
  HtmlTable trained{{"loss", "trained as", "sampler", "optimizer", "model", "parameters"}, {}};
  for (const LossRow& row : result.losses)
    trained.rows.push_back({row.name, row.loss, row.sampler, row.optimizer, row.model,
                            std::to_string(row.parameters)});
  page.folded("What was trained, in full", trained);
  for (const LossRow& row : result.losses) {
    if (row.tried.empty()) continue;
    std::string lines;
    for (const std::string& line : row.tried) lines += line + "\n";
    page.folded_text("Tries of " + row.name + ", best first", lines);
  }
  const ordered_json config = ordered_json::parse(result.config, nullptr, false);
  page.folded_text("Configuration", config.dump(2));
}

}  // namespace

std::string compare_report(const CompareResult& result, const CompareTimings& timings) {
  Page page = page_of(result);
  page.interactive();
  if (!result.command.empty()) page.command("Train it:", result.command);
  if (!result.predict.empty()) page.command("Then use it on new data:", result.predict);
  if (!result.warnings.empty())
    page.paragraph(fmt::format("The data has {} that may matter more than the loss: see below.",
                               plural(result.warnings.size(), "fault")));
  if (result.losses.empty()) return page.html();
  add_differences(page, result);
  page.section("All losses");
  page.table(losses_table(result));
  add_classes(page, result);
  add_calibration(page, result);
  add_training(page, result, timings);
  if (!result.warnings.empty()) {
    page.section("What to know about the data");
    for (const DataWarning& warning : result.warnings)
      page.finding(warning.finding, warning.consequence, warning.action);
  }
  add_record(page, result);
  return page.html();
}

}  // namespace tailgrad
