// Study long-tail-images: the tables of the logit adjustment paper on long-tailed Fashion-MNIST,
// and on CIFAR for who has its files.
#include <tailgrad/study/studies/long_tail_images.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <tailgrad/study/studies/entries.h>
#include <tailgrad/study/studies/trained.h>

namespace tailgrad {
namespace long_tail_images {
namespace {

using nlohmann::json;

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

}  // namespace

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

namespace {

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
