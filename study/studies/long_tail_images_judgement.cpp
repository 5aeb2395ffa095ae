// How study long-tail-images judges its claims and what it shows.
#include <tailgrad/study/studies/long_tail_images.h>

#include <algorithm>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <tailgrad/study/report/svg.h>
#include <tailgrad/study/studies/cell_values.h>

namespace tailgrad::long_tail_images {
namespace {

using nlohmann::json;

constexpr double kSame = 0.01;  // two balanced errors are the same within a point

// What is made of a net of cross-entropy afterwards.
struct After {
  const char* key;
  const char* name;
  double exp100;
  double step100;
};
constexpr After kAfter[] = {{"tau_norm_1", "ce, then tau-norm:tau=1", 24.02, 30.86},
                            {"tau_norm_dev", "ce, then tau-norm:tau=tuned (dev)", 0, 0},
                            {"tau_norm_best", "ce, then tau-norm, best tau on test", 21.50, 0},
                            {"la_1", "ce, then la:tau=1", 22.60, 28.66},
                            {"la_dev", "ce, then la:tau=tuned (dev)", 0, 0},
                            {"la_best", "ce, then la, best tau on test", 19.08, 0}};

bool has(const StudyPlan& plan, const std::string& name) {
  return std::ranges::any_of(methods_of(plan), [&](const Method& one) { return name == one.name; });
}

// One number a seed; `path` names the adjustment ("plain": none) and what of it.
std::vector<double> column(const json& cells, const std::string& set, const std::string& method,
                           const std::string& path) {
  return values_of(
      cells,
      [&](const json& config) { return config.at("set") == set && config.at("method") == method; },
      "/" + path);
}

void judge_claims(const StudyPlan& plan, const json& cells, const Set& set, StudyResult& result) {
  const bool exp = set.name.find("exp-100") != std::string::npos;
  const bool step = set.name.find("step-100") != std::string::npos;
  const std::string id = set.name.substr(0, set.name.find(" of"));
  const auto text = [&](const std::string& name, const std::string& claim,
                        const std::string& published) {
    return ClaimText{.id = name + "." + id,
                     .claim = claim + " (" + set.name + ")",
                     .published = published,
                     .scale = 100,
                     .unit = "points"};
  };
  const auto error = [&](const char* method, const std::string& key = "plain") {
    return column(cells, set.name, method, key + "/balanced_error");
  };
  ClaimText often = text("C13.head",
                         "Cross-entropy predicts the most frequent third of the classes "
                         "more than 5 % too often",
                         "");
  often.scale = 1;
  often.unit = "times as often as they occur";
  result.claims.push_back(claim_above(
      std::move(often), summary_of_values(column(cells, set.name, "ce", "head_predicted")), 1.05));
  result.claims.push_back(claim_above(
      text("C13.tail",
           "Its recall on the most frequent third is more than 10 points above that on "
           "the rarest",
           ""),
      summary_of_values(paired_differences(column(cells, set.name, "ce", "plain/tail"),
                                           column(cells, set.name, "ce", "plain/head"))),
      0.1));
  struct Rival {
    const char* label;
    std::vector<double> errors;
    const char* exp100;
    const char* step100;
  };
  std::vector<Rival> rivals = {
      {"ce", error("ce"), "27.16", "36.54"},
      {"tau-norm at 1", error("ce", "tau_norm_1"), "24.02", "30.86"},
      {"tau-norm from dev", error("ce", "tau_norm_dev"), "21.50 (best on test)", ""}};
  if (has(plan, "adaptive")) rivals.push_back({"adaptive", error("adaptive"), "", ""});
  if (has(plan, "equalised")) rivals.push_back({"equalised", error("equalised"), "26.02", "31.42"});
  if (has(plan, "ldam")) rivals.push_back({"ldam", error("ldam"), "26.65", "34.61"});
  for (const Rival& rival : rivals) {
    const std::string theirs = exp ? rival.exp100 : step ? rival.step100 : "";
    const auto published = [&](const char* exp100, const char* step100) {
      return theirs.empty()
                 ? std::string()
                 : std::string("CIFAR-10-LT: ") + (exp ? exp100 : step100) + " against " + theirs;
    };
    result.claims.push_back(
        claim_below(text(std::string("C19.loss.") + rival.label,
                         std::string("The la loss has a lower balanced error than ") + rival.label,
                         published("22.33", "27.57")),
                    summary_of_values(paired_differences(rival.errors, error("la"))), 0));
    result.claims.push_back(claim_below(
        text(std::string("C19.post-hoc.") + rival.label,
             std::string("ce, then la:tau=1 has a lower balanced error than ") + rival.label,
             published("22.60", "28.66")),
        summary_of_values(paired_differences(rival.errors, error("ce", "la_1"))), 0));
  }
  const std::vector<double> head = paired_differences(column(cells, set.name, "ce", "plain/head"),
                                                      column(cells, set.name, "la", "plain/head"));
  const std::vector<double> tail = paired_differences(column(cells, set.name, "ce", "plain/tail"),
                                                      column(cells, set.name, "la", "plain/tail"));
  std::vector<double> net;
  for (std::size_t s = 0; s < head.size(); ++s) net.push_back(tail[s] + head[s]);
  result.claims.push_back(claim_below(text("C20.head",
                                           "la lowers the recall of the most frequent "
                                           "third",
                                           "figure 4: a little"),
                                      summary_of_values(head), 0));
  result.claims.push_back(
      claim_above(text("C20.tail", "la raises the recall of the rarest third", "figure 4: clearly"),
                  summary_of_values(tail), 0));
  result.claims.push_back(claim_above(text("C20.net",
                                           "It gains more on the tail than it loses on "
                                           "the head",
                                           ""),
                                      summary_of_values(net), 0));
  result.claims.push_back(claim_within(
      text("Q4.images", "The la loss and the post-hoc adjustment differ by less than a point",
           exp    ? "CIFAR-10-LT: 22.33 against 22.60"
           : step ? "27.57 against 28.66"
                  : ""),
      summary_of_values(paired_differences(error("ce", "la_1"), error("la"))), 0, kSame));
  for (const char* name : {"wce", "ce@class-balanced"})
    if (has(plan, name))
      result.claims.push_back(
          claim_within(text(std::string("Q5.") + name,
                            std::string(name) + " is as good as la, within a point", ""),
                       summary_of_values(paired_differences(error("la"), error(name))), 0, kSame));
}

void judge_rows(const StudyPlan& plan, const json& cells, const Set& set, StudyResult& result) {
  const bool exp = set.name.find("exp-100") != std::string::npos;
  const bool step = set.name.find("step-100") != std::string::npos;
  ForestPlot plot{.title = "Balanced error, " + set.name, .x = {"balanced error on test, %"}};
  const auto add = [&](const std::string& name, const std::string& method, const std::string& key,
                       double exp100, double step100, std::size_t series) {
    StudyRow row{.group = set.name, .name = name};
    for (const char* metric : {"balanced_error", "head", "tail"})
      row.metrics[metric] = summary_of_values(column(cells, set.name, method, key + "/" + metric));
    if (key != "plain")
      row.metrics["tau"] = summary_of_values(column(cells, set.name, method, key + "/tau"));
    std::vector<double> accuracy = column(cells, set.name, method, key + "/balanced_error");
    for (double& value : accuracy) value = 1 - value;
    row.metrics["accuracy"] = summary_of_values(accuracy);
    const double theirs = exp ? exp100 : step ? step100 : 0;
    if (theirs > 0) row.metrics["published"] = exactly(theirs / 100);
    add_row(plot, name, row.metrics["balanced_error"], 100, series);
    result.rows.push_back(std::move(row));
  };
  for (const Method& method : methods_of(plan))
    add(method.name, method.name, "plain", method.exp100, method.step100, 0);
  for (const After& after : kAfter)
    add(after.name, "ce", after.key, after.exp100, after.step100, 1);
  result.figures.push_back({.caption = plot.title,
                            .note = "Circles: trained with the loss; squares: a net of "
                                    "cross-entropy, adjusted afterwards.",
                            .svg = forest_plot(plot),
                            .numbers = table_of(plot)});
}

void draw_recalls(const StudyPlan& plan, const json& cells, const Set& set, StudyResult& result) {
  Chart recalls{.title = "Recall of each class against its training items, " + set.name,
                .x = {"training items", true},
                .y = {"recall on test"}};
  for (const char* method : {"ce", "la", "wce"}) {
    if (!has(plan, method)) continue;
    Series series{.name = method};
    double runs = 0;
    for (const json& cell : cells) {
      if (cell.at("config").at("set") != set.name || cell.at("config").at("method") != method)
        continue;
      const json& one = cell.at("result");
      if (!one.contains("plain")) continue;
      const std::vector<double> errors = one.at("plain").at("recalls");
      series.x = one.at("counts").get<std::vector<double>>();
      series.y.resize(errors.size());
      for (std::size_t k = 0; k < errors.size(); ++k) series.y[k] += 1 - errors[k];
      ++runs;
    }
    for (double& value : series.y) value /= runs;
    recalls.series.push_back(std::move(series));
  }
  result.figures.push_back({.caption = recalls.title,
                            .note = "Means over seeds.",
                            .svg = scatter_plot(recalls),
                            .numbers = table_of(recalls)});
}

}  // namespace

StudyResult judge(const StudyPlan& plan, const json& cells) {
  StudyResult result{.columns = {{"balanced_error", "balanced error, %", 100, 2},
                                 {"published", "CIFAR-10-LT in the paper, %", 100, 2},
                                 {"accuracy", "accuracy, %", 100, 2},
                                 {"head", "recall, frequent third, %", 100, 1},
                                 {"tail", "recall, rarest third, %", 100, 1},
                                 {"tau", "tau", 1, 2}}};
  for (const Set& set : sets_of(plan)) {
    judge_claims(plan, cells, set, result);
    judge_rows(plan, cells, set, result);
    draw_recalls(plan, cells, set, result);
  }
  std::string sets;
  for (const Set& set : sets_of(plan))
    sets += fmt::format("{}{}: {}, {}, {} epochs", sets.empty() ? "" : "; ", set.name, set.data,
                        set.model, set.epochs);
  result.settings = {
      sets,
      fmt::format("{} seeds, paired (first weights and, but for other samplers, "
                  "batches); sgd:lr=0.1,momentum=0.9,weight_decay=1e-4, batches of "
                  "128, last weights; tau from dev in steps of 0.05 up to 4",
                  plan.seed_list(2, 5, 5).size()),
      "ldam on a head of cosines; test sets are balanced, so accuracy is 1 minus the "
      "balanced error (Q6)"};
  if (plan.data.empty())
    result.notes = {
        "the published numbers are of CIFAR-10-LT and another net: the order may be "
        "compared, the level may not; --data FOLDER with the binary files of CIFAR runs "
        "the paper's own recipe (--full: ResNet-32, 200 epochs)"};
  return result;
}

}  // namespace tailgrad::long_tail_images
