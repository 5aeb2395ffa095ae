#include <tailgrad/study/studies/trained.h>

#include <algorithm>
#include <cmath>
#include <filesystem>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <tailgrad/core/error.h>
#include <tailgrad/core/random.h>
#include <tailgrad/metrics/posthoc.h>
#include <tailgrad/models/predict.h>

namespace tailgrad {
namespace {

using nlohmann::json;

constexpr std::size_t kClusters = 20;
constexpr std::size_t kDimensions = 16;
constexpr double kMostItems = 1000;
constexpr double kRatio = 100;
constexpr double kSpread = 0.8;  // deviation of the centres, against 1 of the items around them

NumberDataset cluster_items(const std::vector<std::size_t>& counts, const char* split) {
  Random centres(1, "clusters: centres");
  std::vector<double> centre(kClusters * kDimensions);
  for (double& value : centre) value = kSpread * centres.normal();
  Random random(1, std::string("clusters: ") + split);
  NumberDataset data;
  data.path = "clusters";
  for (std::size_t d = 0; d < kDimensions; ++d) data.columns.push_back(fmt::format("x{}", d + 1));
  for (std::size_t k = 0; k < kClusters; ++k)
    for (std::size_t i = 0; i < counts[k]; ++i) {
      for (std::size_t d = 0; d < kDimensions; ++d)
        data.values.push_back(centre[k * kDimensions + d] + random.normal());
      data.labels.push_back(static_cast<Index>(k));
      data.lines.push_back(data.lines.size() + 1);
    }
  return data;
}

Problem cluster_problem() {
  std::vector<std::size_t> counts;
  std::vector<std::string> names;
  for (std::size_t k = 0; k < kClusters; ++k) {
    const double share = static_cast<double>(k) / static_cast<double>(kClusters - 1);
    counts.push_back(static_cast<std::size_t>(kMostItems * std::pow(kRatio, -share)));
    names.push_back(fmt::format("{}", k + 1));
  }
  const NumberDataset train = cluster_items(counts, "train");
  const NumberDataset dev = cluster_items(std::vector<std::size_t>(kClusters, 50), "dev");
  const NumberDataset test = cluster_items(std::vector<std::size_t>(kClusters, 250), "test");
  const auto classes = static_cast<Index>(kClusters);
  const NumberEncoding encoding(train);
  return {.task = "table",
          .labels = LabelSet(names),
          .encoding = encoding,
          .train = encoding.encode(train, classes),
          .dev = encoding.encode(dev, classes),
          .test = encoding.encode(test, classes),
          .notes = {}};
}

Problem thinned(Problem problem, Index step) {
  std::vector<Index> items;
  for (Index i = 0; i < problem.train.size(); i += step) items.push_back(i);
  Examples kept;
  select(problem.train, items, kept);
  problem.train = std::move(kept);
  return problem;
}

// The file of a UD folder whose name ends so.
std::string ud_file(const std::string& folder, const std::string& ending) {
  std::error_code code;
  for (const auto& entry : std::filesystem::directory_iterator(folder, code))
    if (entry.path().string().ends_with(ending)) return entry.path().string();
  fail("--data", "no file *" + ending + " in '" + folder +
                     "': a Universal Dependencies folder is "
                     "expected");
}

Problem load(const std::string& name) {
  if (name == "clusters") return cluster_problem();
  if (name == "wordnet") return load_problem({.data = "wordnet", .task = "text"});
  if (name.starts_with("wordnet/"))
    return thinned(load("wordnet"), static_cast<Index>(std::stoi(name.substr(8))));
  if (name.starts_with("fashion-mnist-lt") || name.starts_with("cifar-lt"))
    return load_problem({.data = name, .task = "image"});
  if (name.starts_with("ud-xpos=")) {
    const std::string folder = name.substr(8);
    return load_problem({.data = ud_file(folder, "-train.conllu"),
                         .dev = ud_file(folder, "-dev.conllu"),
                         .test = ud_file(folder, "-test.conllu"),
                         .task = "tags",
                         .tag_column = "xpos"});
  }
  fail("study", "unknown data '" + name + "'");
}

AdjustmentData adjustment_data(const Problem& problem, const ScoredSplit& split,
                               const std::vector<std::int64_t>& counts) {
  AdjustmentData data{.classes = problem.labels.size(),
                      .logits = split.logits,
                      .labels = split.labels,
                      .train_counts = counts};
  return data;
}

double number_in_recipe(const std::string& recipe) {
  const TextForm form = parse_text_form(recipe);
  double value = std::numeric_limits<double>::quiet_NaN();
  if (!form.options.empty()) read_number(form.options.front().value, value);
  return value;
}

}  // namespace

const Problem& study_problem(const StudyContext& context, const std::string& name) {
  return context.problems.get(name, [&] { return load(name); });
}

TrainedRun train_run(const RunOptions& options, const StudyContext& context,
                     const std::function<void(int, const Experiment&)>& after_epoch) {
  TrainedRun run{.problem = &study_problem(context, options.data)};
  run.experiment = std::make_unique<Experiment>(*run.problem, options.experiment);
  Experiment& experiment = *run.experiment;
  const Tensor& bias = experiment.model().output().bias;
  if (!bias.defined() && options.bias != BiasRule::free)
    fail("study", "the model's last layer has no bias");
  if (options.bias == BiasRule::none) std::ranges::fill(bias.mutable_values(), Real{0});
  if (options.bias == BiasRule::log_prior)
    std::ranges::copy(run.problem->first_biases(), bias.mutable_data());
  if (after_epoch) after_epoch(0, experiment);
  const auto after_step = [&](const TrainProgress& now) {
    if (options.bias == BiasRule::none) std::ranges::fill(bias.mutable_values(), Real{0});
    if (options.bias == BiasRule::decayed)
      for (Real& value : bias.mutable_values()) value *= static_cast<Real>(1 - options.bias_decay);
    if (now.total_step % 16 == 0) context.check_stop();
    return true;
  };
  try {
    experiment.trainer().run(
        {.after_step = after_step, .after_epoch = [&](const EpochRecord& record) {
           if (after_epoch) after_epoch(record.epoch, experiment);
         }});
  } catch (const Diverged& error) {
    run.diverged = true;
    run.divergence = error.what();
  }
  return run;
}

ScoredSplit score_split(const Experiment& experiment, const Examples& split) {
  const std::vector<Real> logits = predict_logits(experiment.model(), split);
  ScoredSplit out{.classes = split.class_count};
  const auto width = static_cast<std::size_t>(split.class_count);
  for (std::size_t i = 0; i < split.classes.size(); ++i) {
    if (split.classes[i] == kIgnoredLabel) continue;
    out.labels.push_back(split.classes[i]);
    const Real* row = logits.data() + i * width;
    out.logits.insert(out.logits.end(), row, row + width);
  }
  return out;
}

std::vector<double> class_errors(const ScoredSplit& split, const std::vector<double>& scale,
                                 const std::vector<double>& offset) {
  const auto width = static_cast<std::size_t>(split.classes);
  std::vector<double> wrong(width);
  std::vector<double> all(width);
  for (std::size_t i = 0; i < split.size(); ++i) {
    std::size_t best = 0;
    double most = -std::numeric_limits<double>::infinity();
    for (std::size_t k = 0; k < width; ++k) {
      double z = split.logits[i * width + k];
      if (!scale.empty()) z *= scale[k];
      if (!offset.empty()) z += offset[k];
      if (z > most) {
        most = z;
        best = k;
      }
    }
    const auto label = static_cast<std::size_t>(split.labels[i]);
    wrong[label] += best == label ? 0 : 1;
    all[label] += 1;
  }
  for (std::size_t k = 0; k < width; ++k)
    wrong[k] = all[k] > 0 ? wrong[k] / all[k] : std::numeric_limits<double>::quiet_NaN();
  return wrong;
}

double balanced_error_of(const ScoredSplit& split, const std::vector<double>& scale,
                         const std::vector<double>& offset) {
  double sum = 0;
  double count = 0;
  for (const double error : class_errors(split, scale, offset))
    if (std::isfinite(error)) {
      sum += error;
      count += 1;
    }
  return count > 0 ? sum / count : std::numeric_limits<double>::quiet_NaN();
}

std::vector<double> la_offset(const Problem& problem, double tau) {
  std::vector<double> offset = problem.class_counts().log_prior();
  for (double& value : offset) value *= -tau;
  return offset;
}

double tuned_tau(const Problem& problem, const ScoredSplit& split) {
  const std::vector<std::int64_t> counts = problem.counts(problem.train);
  return number_in_recipe(
      fit_adjustment("la:tau=tuned", adjustment_data(problem, split, counts)).recipe);
}

double ece_of(const ScoredSplit& split) {
  const Metrics metrics =
      compute_metrics(predictions_from_logits(split.logits, split.labels, split.classes));
  return metrics.ece.value_or(std::numeric_limits<double>::quiet_NaN());
}

double temperature_of(const ScoredSplit& split) {
  const AdjustmentData data{
      .classes = split.classes, .logits = split.logits, .labels = split.labels};
  return 1 / fit_adjustment("temperature", data).scale.front();
}

std::vector<double> output_norms(const Experiment& experiment) {
  const Tensor& weight = experiment.model().output().weight;
  const std::vector<double> values(weight.values().begin(), weight.values().end());
  return row_norms(values, weight.rows());
}

std::vector<double> output_biases(const Experiment& experiment) {
  const Tensor& bias = experiment.model().output().bias;
  if (!bias.defined()) return {};
  return {bias.values().begin(), bias.values().end()};
}

std::string bias_name(BiasRule rule) {
  switch (rule) {
    case BiasRule::none:
      return "none";
    case BiasRule::log_prior:
      return "log-prior";
    case BiasRule::decayed:
      return "decayed";
    default:
      return "free";
  }
}

BiasRule read_bias(const std::string& name) {
  for (const BiasRule rule :
       {BiasRule::free, BiasRule::none, BiasRule::log_prior, BiasRule::decayed})
    if (bias_name(rule) == name) return rule;
  fail("study", "unknown bias rule '" + name + "'");
}

json run_json(const RunOptions& options) {
  const TrainerOptions& training = options.experiment.training;
  return {{"data", options.data},
          {"model", options.experiment.model},
          {"loss", options.experiment.loss},
          {"optimizer", training.optimizer},
          {"schedule", training.schedule},
          {"sampler", training.sampler},
          {"epochs", training.epochs},
          {"batch_tokens", training.batch_tokens},
          {"clip_norm", training.clip_norm},
          {"seed", training.seed},
          {"bias", bias_name(options.bias)},
          {"bias_decay", options.bias_decay}};
}

RunOptions read_run(const json& saved) {
  RunOptions options{.data = saved.at("data"),
                     .bias = read_bias(saved.at("bias")),
                     .bias_decay = saved.at("bias_decay")};
  options.experiment.model = saved.at("model");
  options.experiment.loss = saved.at("loss");
  TrainerOptions& training = options.experiment.training;
  training.optimizer = saved.at("optimizer");
  training.schedule = saved.at("schedule");
  training.sampler = saved.at("sampler");
  training.epochs = saved.at("epochs");
  training.batch_tokens = saved.at("batch_tokens");
  training.clip_norm = saved.at("clip_norm");
  training.seed = saved.at("seed");
  training.select = "balanced_error";
  // Batch norm takes its moments over a shard.
  training.shards = options.data.find("-lt") == std::string::npos ? 2 : 1;
  return options;
}

}  // namespace tailgrad
