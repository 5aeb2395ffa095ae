// Study long-tail-images: the tables of the logit adjustment paper on long-tailed Fashion-MNIST,
// and on CIFAR for who has its files.
#include <algorithm>
#include <cmath>
#include <numeric>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <tailgrad/study/report/svg.h>
#include <tailgrad/study/studies/cell_values.h>
#include <tailgrad/study/studies/entries.h>
#include <tailgrad/study/studies/trained.h>

namespace tailgrad {
namespace long_tail_images {
namespace {

using nlohmann::json;

constexpr double kSame = 0.01;  // two balanced errors are the same within a point

struct Method {
  const char* name;  ///< loss, or loss@sampler
  const char* head;  ///< of the model
  /// Balanced errors of tables 3 and 5 on CIFAR-10-LT, exp-100 and step-100, per cent; 0: none.
  double exp100;
  double step100;
};

const std::vector<Method>& methods() {
  static const std::vector<Method> all = {
      {"ce", "linear", 27.16, 36.54},
      {"la", "linear", 22.33, 27.57},
      {"adaptive", "linear", 0, 0},
      {"equalised", "linear", 26.02, 31.42},
      {"wce", "linear", 0, 0},
      {"ce@class-balanced", "linear", 0, 0},
      {"cb:beta=0.9999", "linear", 0, 0},
      {"drw:base=ce", "linear", 0, 0},
      {"ldam", "cosine", 26.65, 34.61},
      {"drw:base=ldam", "cosine", 22.97, 0},
      {"vs", "linear", 0, 0},
      {"pairwise:tau_true=1,tau_other=1,adaptive=1", "linear", 0, 0},
  };
  return all;
}

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

struct Set {
  std::string data;
  std::string name;
  std::string model;
  int epochs;
};

std::vector<Set> sets_of(const StudyPlan& plan) {
  if (!plan.data.empty()) {
    // The recipe of the paper, as long as it takes.
    std::vector<Set> all;
    for (const char* profile : {"exp", "step"})
      all.push_back({fmt::format("cifar-lt:folder={},ratio=100,profile={}", plan.data, profile),
                     fmt::format("CIFAR {}-100", profile),
                     plan.size == StudySize::full ? "resnet:depth=32" : "resnet:depth=8",
                     plan.pick(1, 2, 200)});
    return all;
  }
  if (plan.size == StudySize::tiny)
    return {{"fashion-mnist-lt:ratio=10,most=60,dev=20", "exp-10", "cnn:channels=4,hidden=8", 1}};
  if (plan.size == StudySize::quick)
    return {{"fashion-mnist-lt:ratio=100,most=500,dev=50", "exp-100 of 500",
             "cnn:channels=8/16,hidden=32", 12},
            {"fashion-mnist-lt:ratio=100,most=500,dev=50,profile=step", "step-100 of 500",
             "cnn:channels=8/16,hidden=32", 12}};
  std::vector<Set> all;
  for (const auto& [profile, ratio] :
       {std::pair{"exp", 100}, {"step", 100}, {"exp", 10}, {"exp", 500}})
    all.push_back({fmt::format("fashion-mnist-lt:ratio={},most=2000,profile={}", ratio, profile),
                   fmt::format("{}-{}", profile, ratio), "cnn:channels=16/32,hidden=64", 12});
  return all;
}

std::vector<Method> methods_of(const StudyPlan& plan) {
  std::vector<Method> all = methods();
  if (plan.size == StudySize::tiny) all.resize(4);
  return all;
}

std::vector<StudyCell> cells(const StudyPlan& plan) {
  std::vector<StudyCell> all;
  for (const Set& set : sets_of(plan))
    for (const std::uint64_t seed : plan.seed_list(2, 5, 5))
      for (const Method& method : methods_of(plan)) {
        const std::string name = method.name;
        const std::size_t at = name.find('@');
        RunOptions options{.data = set.data};
        options.experiment.loss = name.substr(0, at);
        options.experiment.model = set.model;
        if (std::string(method.head) != "linear")
          options.experiment.model +=
              (set.model.find(':') == std::string::npos ? ":head=" : ",head=") +
              std::string(method.head);
        TrainerOptions& training = options.experiment.training;
        if (at != std::string::npos) training.sampler = name.substr(at + 1);
        training.optimizer = "sgd:lr=0.1,momentum=0.9,weight_decay=1e-4";
        training.schedule = plan.data.empty() ? "cosine:warmup=0.05"
                                              : "step:warmup=0.025,milestones=0.8/0.9,factor=0.1";
        training.epochs = set.epochs;
        training.batch_tokens = 128;
        training.clip_norm = 0;
        training.seed = seed;
        all.push_back(
            {fmt::format("{} {}, seed {}", set.name, name, seed),
             json{{"set", set.name}, {"method", name}, {"run", run_json(options)}}.dump()});
      }
  return all;
}

std::vector<double> powers(const std::vector<double>& norms, double tau) {
  std::vector<double> scale;
  for (const double norm : norms) scale.push_back(std::pow(norm, -tau));
  return scale;
}

// Mean of the recalls of the classes [from, to) in the order of their training counts.
double recall_of(const std::vector<double>& errors, const std::vector<std::size_t>& order,
                 std::size_t from, std::size_t to) {
  double sum = 0;
  for (std::size_t i = from; i < to; ++i) sum += 1 - errors[order[i]];
  return sum / static_cast<double>(to - from);
}

json scores(const std::vector<double>& errors, const std::vector<std::size_t>& order) {
  const std::size_t classes = errors.size();
  const std::size_t third = std::max<std::size_t>(1, classes / 3);
  return {{"balanced_error", 1 - recall_of(errors, order, 0, classes)},
          {"head", recall_of(errors, order, 0, third)},
          {"tail", recall_of(errors, order, classes - third, classes)},
          {"recalls", errors}};
}

json run(const json& config, const StudyContext& context) {
  const RunOptions options = read_run(config.at("run"));
  const TrainedRun trained = train_run(options, context);
  if (trained.diverged) return {{"diverged", trained.divergence}};
  const Problem& problem = *trained.problem;
  const ScoredSplit test = score_split(*trained.experiment, problem.test);
  const std::vector<std::int64_t> counts = problem.counts(problem.train);
  std::vector<std::size_t> order(counts.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::stable_sort(order,
                           [&](std::size_t a, std::size_t b) { return counts[a] > counts[b]; });
  json out;
  out["plain"] = scores(class_errors(test), order);
  out["counts"] = counts;
  if (config.at("method") != "ce") return out;

  // How often the most frequent third is predicted.
  const auto width = static_cast<std::size_t>(test.classes);
  const std::size_t third = std::max<std::size_t>(1, width / 3);
  double predicted = 0;
  double there = 0;
  for (std::size_t i = 0; i < test.size(); ++i) {
    const double* z = test.logits.data() + i * width;
    const auto best = static_cast<std::size_t>(std::max_element(z, z + width) - z);
    for (std::size_t j = 0; j < third; ++j) {
      predicted += order[j] == best ? 1 : 0;
      there += order[j] == static_cast<std::size_t>(test.labels[i]) ? 1 : 0;
    }
  }
  out["head_predicted"] = predicted / there;
  const ScoredSplit dev = score_split(*trained.experiment, problem.dev);
  const std::vector<double> norms = output_norms(*trained.experiment);
  const auto best_tau = [&](const ScoredSplit& split, double end, bool additive) {
    double best = 0;
    double least = INFINITY;
    for (int step = 0; 0.05 * step <= end; ++step) {
      const double tau = 0.05 * step;
      const double error = additive ? balanced_error_of(split, {}, la_offset(problem, tau))
                                    : balanced_error_of(split, powers(norms, tau));
      if (error < least) {
        least = error;
        best = tau;
      }
    }
    return best;
  };
  // Without the bias, as Kang et al. do, division would need a net trained without one: it stays.
  for (const auto& [key, tau] : {std::pair<const char*, double>{"tau_norm_1", 1.0},
                                 {"tau_norm_dev", best_tau(dev, 4, false)},
                                 {"tau_norm_best", best_tau(test, 4, false)}}) {
    out[key] = scores(class_errors(test, powers(norms, tau)), order);
    out[key]["tau"] = tau;
  }
  for (const auto& [key, tau] : {std::pair<const char*, double>{"la_1", 1.0},
                                 {"la_dev", best_tau(dev, 4, true)},
                                 {"la_best", best_tau(test, 4, true)}}) {
    out[key] = scores(class_errors(test, {}, la_offset(problem, tau)), order);
    out[key]["tau"] = tau;
  }
  return out;
}

// One number a seed; `path` names the adjustment ("plain": none) and what of it.
std::vector<double> column(const json& cells, const std::string& set, const std::string& method,
                           const std::string& path) {
  return values_of(
      cells,
      [&](const json& config) { return config.at("set") == set && config.at("method") == method; },
      "/" + path);
}

void judge_set(const StudyPlan& plan, const json& cells, const Set& set, StudyResult& result) {
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
  const auto has = [&](const std::string& name) {
    return std::ranges::any_of(methods_of(plan),
                               [&](const Method& one) { return name == one.name; });
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
  if (has("adaptive")) rivals.push_back({"adaptive", error("adaptive"), "", ""});
  if (has("equalised")) rivals.push_back({"equalised", error("equalised"), "26.02", "31.42"});
  if (has("ldam")) rivals.push_back({"ldam", error("ldam"), "26.65", "34.61"});
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
    if (has(name))
      result.claims.push_back(
          claim_within(text(std::string("Q5.") + name,
                            std::string(name) + " is as good as la, within a point", ""),
                       summary_of_values(paired_differences(error("la"), error(name))), 0, kSame));

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
  Chart recalls{.title = "Recall of each class against its training items, " + set.name,
                .x = {"training items", true},
                .y = {"recall on test"}};
  for (const char* method : {"ce", "la", "wce"}) {
    if (!has(method)) continue;
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

StudyResult judge(const StudyPlan& plan, const json& cells) {
  StudyResult result{.columns = {{"balanced_error", "balanced error, %", 100, 2},
                                 {"published", "CIFAR-10-LT in the paper, %", 100, 2},
                                 {"accuracy", "accuracy, %", 100, 2},
                                 {"head", "recall, frequent third, %", 100, 1},
                                 {"tail", "recall, rarest third, %", 100, 1},
                                 {"tau", "tau", 1, 2}}};
  for (const Set& set : sets_of(plan)) judge_set(plan, cells, set, result);
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

}  // namespace
}  // namespace long_tail_images

StudyEntry long_tail_images_study() {
  return {.name = "long-tail-images",
          .meaning =
              "On long-tailed images, is logit adjustment better than plain training, weight "
              "normalisation and margins?",
          .source = "Menon et al. 2021, tables 3 and 5, figures 3 and 4",
          .claims = "C13, C19, C20, Q4, Q5, Q6",
          .cells = long_tail_images::cells,
          .run = long_tail_images::run,
          .judge = long_tail_images::judge};
}

}  // namespace tailgrad
