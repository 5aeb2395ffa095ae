#include <tailgrad/study/compare.h>

#include <algorithm>
#include <cmath>
#include <set>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <tailgrad/core/error.h>
#include <tailgrad/study/answer.h>
#include <tailgrad/study/resample.h>
#include <tailgrad/study/train_command.h>

namespace tailgrad {
namespace {

using nlohmann::json;

std::optional<double> number_in(const json& object, const std::string& key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_number() ? std::optional(found->get<double>())
                                                     : std::nullopt;
}

// A final cell's result with the answers on test.
struct Finished {
  GridCell cell;
  const json* result = nullptr;
  bool diverged = false;
  TwoOutcomes outcomes = {};
};

SeedRun run_of(const Finished& finished, std::uint64_t seed) {
  const json& result = *finished.result;
  SeedRun run{.seed = seed,
              .cell = result.at("id"),
              .diverged = finished.diverged,
              .first_weights_hash = result.at("first_weights_hash"),
              .batches_hash = result.at("batches_hash")};
  for (const json& line : result.at("history"))
    run.curve.push_back({.epoch = line.at("epoch"),
                         .train_loss = line.at("train_loss"),
                         .dev = line.at("dev"),
                         .best = line.at("best")});
  if (finished.diverged) {
    run.diverged_step = result.at("diverged_step");
    run.divergence = result.at("divergence");
    return run;
  }
  run.best_epoch = result.at("best_epoch");
  run.weights_hash = result.at("weights_hash");
  if (result.at("recipe").is_string()) run.recipe = result.at("recipe");
  return run;
}

// Every scalar of a metrics object over the seeds; a diverged seed has no value.
Summaries summaries_of(const std::vector<Finished>& seeds, const char* split, double level) {
  std::set<std::string> names;
  std::vector<json> scalars;
  for (const Finished& finished : seeds) {
    scalars.push_back(finished.diverged ? json::object() : scalars_of(finished.result->at(split)));
    for (const auto& [name, value] : scalars.back().items()) names.insert(name);
  }
  Summaries out;
  for (const std::string& name : names) {
    std::vector<std::optional<double>> values;
    for (const json& one : scalars) values.push_back(number_in(one, name));
    out[name] = summarise(std::move(values), level);
  }
  return out;
}

// By the classes of the metrics object, in its order.
std::vector<ClassRow> classes_of(const std::vector<Finished>& seeds, double level) {
  std::vector<ClassRow> rows;
  const auto good =
      std::ranges::find_if(seeds, [](const Finished& finished) { return !finished.diverged; });
  if (good == seeds.end()) return rows;
  const json& classes = good->result->at("test").at("per_class");
  for (std::size_t k = 0; k < classes.size(); ++k) {
    ClassRow row{.label = classes[k].at("label"), .support = classes[k].at("support")};
    if (classes[k].at("train_count").is_number()) row.train_count = classes[k]["train_count"];
    const auto over_seeds = [&](const char* split, const char* key) {
      std::vector<std::optional<double>> values;
      for (const Finished& finished : seeds)
        values.push_back(finished.diverged
                             ? std::nullopt
                             : number_in(finished.result->at(split).at("per_class").at(k), key));
      return summarise(std::move(values), level);
    };
    row.recall = over_seeds("test", "recall");
    row.precision = over_seeds("test", "precision");
    row.f1 = over_seeds("test", "f1");
    row.recall_tuned = over_seeds("test_tuned", "recall");
    rows.push_back(std::move(row));
  }
  return rows;
}

// The mean over the seeds that did not diverge of an array of numbers.
std::vector<double> mean_array(const std::vector<Finished>& seeds, const char* key) {
  std::vector<double> sum;
  int count = 0;
  for (const Finished& finished : seeds) {
    if (finished.diverged) continue;
    const std::vector<double> values = finished.result->at(key);
    sum.resize(values.size());
    for (std::size_t i = 0; i < values.size(); ++i) sum[i] += values[i];
    ++count;
  }
  for (double& value : sum) value /= count;
  return sum;
}

// The bins of all seeds poured together.
std::vector<CalibrationBin> pooled_bins(const std::vector<Finished>& seeds, const char* key) {
  std::vector<CalibrationBin> pooled;
  for (const Finished& finished : seeds) {
    if (finished.diverged) continue;
    const json& bins = finished.result->at(key);
    if (pooled.empty())
      for (const json& bin : bins) {
        pooled.emplace_back();
        pooled.back().low = bin.at("low");
        pooled.back().high = bin.at("high");
      }
    for (std::size_t b = 0; b < pooled.size() && b < bins.size(); ++b) {
      const std::int64_t count = bins[b].at("count");
      if (count == 0) continue;
      CalibrationBin& into = pooled[b];
      const double all = static_cast<double>(into.count + count);
      const double old = static_cast<double>(into.count) / all;
      const double added = static_cast<double>(count) / all;
      into.confidence =
          old * into.confidence.value_or(0) + added * bins[b].at("confidence").get<double>();
      into.accuracy =
          old * into.accuracy.value_or(0) + added * bins[b].at("accuracy").get<double>();
      into.count += count;
    }
  }
  return pooled;
}

LossRow row_of(const Grid& grid, std::size_t competitor, const std::vector<Finished>& seeds,
               const std::string& task, double level) {
  const CellSpec spec = grid.spec(seeds.front().cell);
  LossRow row{.name = grid.plan().competitors[competitor].name,
              .loss = spec.experiment.loss,
              .sampler = spec.experiment.training.sampler,
              .optimizer = spec.experiment.training.optimizer,
              .model = spec.experiment.model,
              .options = train_options(spec.experiment, task),
              .parameters = seeds.front().result->at("parameters"),
              .test = summaries_of(seeds, "test", level),
              .test_tuned = summaries_of(seeds, "test_tuned", level),
              .dev = summaries_of(seeds, "dev", level)};
  for (std::size_t s = 0; s < seeds.size(); ++s) {
    row.runs.push_back(run_of(seeds[s], grid.plan().seeds[s]));
    row.diverged += seeds[s].diverged ? 1 : 0;
  }
  row.per_class = classes_of(seeds, level);
  row.weight_norms = mean_array(seeds, "weight_norms");
  row.biases = mean_array(seeds, "biases");
  row.reliability = pooled_bins(seeds, "reliability");
  row.reliability_tuned = pooled_bins(seeds, "reliability_tuned");
  if (grid.plan().tuning != Tuning::none) row.tried = grid.tried(competitor);
  return row;
}

// Statistics of all pairs at one rule: resamples once, compares often.
class PairMaker {
 public:
  PairMaker(const std::vector<std::vector<Finished>>& rows, const std::string& metric,
            const std::vector<std::int64_t>& counts, bool tuned, const GatherOptions& options)
      : metric_(metric), counts_(counts), options_(options) {
    for (const std::vector<Finished>& seeds : rows) {
      systems_.emplace_back();
      for (const Finished& finished : seeds) {
        if (finished.diverged) {
          systems_.back().push_back(std::nullopt);
          continue;
        }
        systems_.back().push_back(outcomes_.size());
        outcomes_.push_back(tuned ? &finished.outcomes.tuned : &finished.outcomes.fixed);
      }
    }
    resampled_ = resample_metric(outcomes_, metric, counts, options.resamples, options.seed);
  }

  Comparison compare(std::size_t a, std::size_t b, std::size_t comparisons) const {
    std::vector<std::pair<std::size_t, std::size_t>> seeds;
    std::vector<double> per_seed;
    for (std::size_t s = 0; s < systems_[a].size(); ++s) {
      if (!systems_[a][s] || !systems_[b][s]) continue;
      const auto of_a = outcome_metric(*outcomes_[*systems_[a][s]], metric_, counts_);
      const auto of_b = outcome_metric(*outcomes_[*systems_[b][s]], metric_, counts_);
      if (!of_a || !of_b) continue;
      per_seed.push_back(*of_b - *of_a);
      seeds.push_back({*systems_[a][s], *systems_[b][s]});
    }
    std::vector<double> resampled;
    const std::size_t width = outcomes_.size();
    int used = 0;
    for (int r = 0; r < options_.resamples && !seeds.empty(); ++r) {
      std::vector<double> line;
      for (const auto& [x, y] : seeds) {
        const double* values = resampled_.data() + static_cast<std::size_t>(r) * width;
        line.push_back(values[y] - values[x]);
      }
      if (!std::ranges::all_of(line, [](double d) { return std::isfinite(d); })) continue;
      resampled.insert(resampled.end(), line.begin(), line.end());
      ++used;
    }
    if (!seeds.empty() && 2 * used < options_.resamples) {
      Comparison out{.per_seed = per_seed};
      out.reason = "the metric is not available in most resamples of the test data";
      return out;
    }
    const std::size_t units = outcomes_.empty() ? 0 : outcomes_.front()->units();
    Comparison out = compare_paired(per_seed, resampled, units, options_.level, comparisons);
    if (!seeds.empty() && seeds.size() < systems_[a].size() && out.reason.empty())
      out.reason =
          fmt::format("of {} of {} seeds: the others diverged", seeds.size(), systems_[a].size());
    return out;
  }

 private:
  const std::string& metric_;
  const std::vector<std::int64_t>& counts_;
  const GatherOptions& options_;
  std::vector<const Outcomes*> outcomes_;
  std::vector<std::vector<std::optional<std::size_t>>> systems_;  // competitor, seed: in outcomes_
  std::vector<double> resampled_;
};

std::vector<LossPair> pairs_of(const CompareResult& result,
                               const std::vector<std::pair<std::size_t, std::size_t>>& wanted,
                               const PairMaker& maker, double level) {
  std::vector<LossPair> pairs;
  std::vector<std::optional<double>> p;
  for (const auto& [a, b] : wanted) {
    pairs.push_back({.a = result.losses[a].name,
                     .b = result.losses[b].name,
                     .metric = result.metric,
                     .numbers = maker.compare(a, b, wanted.size())});
    p.push_back(pairs.back().numbers.p);
  }
  const std::vector<std::optional<double>> corrected = holm(p);
  for (std::size_t i = 0; i < pairs.size(); ++i) {
    pairs[i].p_corrected = corrected[i];
    judge_pair(pairs[i], result.higher_is_better, level);
  }
  return pairs;
}

}  // namespace

std::size_t baseline_of(const GridPlan& plan, const std::string& wanted) {
  std::vector<std::string> names;
  for (const Competitor& competitor : plan.competitors) names.push_back(competitor.name);
  if (!wanted.empty()) {
    const auto found = std::ranges::find(names, wanted);
    if (found == names.end()) fail_unknown_name("--baseline", wanted, names);
    return static_cast<std::size_t>(found - names.begin());
  }
  for (const char* plain : {"ce", "crf", "bce"}) {
    const auto found = std::ranges::find(names, plain);
    if (found != names.end()) return static_cast<std::size_t>(found - names.begin());
  }
  return 0;
}

CompareResult gather(const Problem& problem, const Grid& grid, const GatherOptions& options) {
  const GridPlan& plan = grid.plan();
  const std::vector<std::int64_t> counts = problem.counts(problem.train);
  CompareResult result{.matters = options.matters,
                       .metric = plan.metric,
                       .higher_is_better = higher_is_better(plan.metric),
                       .judged_on = problem.has_test() ? "test" : "dev",
                       .task = problem.task,
                       .level = options.level,
                       .seeds = plan.seeds,
                       .tries = plan.tuning == Tuning::none ? 0 : plan.tries,
                       .tuning = plan.tuning == Tuning::none     ? ""
                                 : plan.tuning == Tuning::random ? "random"
                                                                 : "halving",
                       .labels = {problem.labels.names().begin(), problem.labels.names().end()},
                       .train_counts = counts,
                       .notes = problem.notes,
                       .config = options.config,
                       .data = problem.json().dump(),
                       .versions = options.versions};
  const std::size_t baseline = baseline_of(plan, options.baseline);
  for (const std::string& warning : problem.warnings)
    result.warnings.push_back({.finding = warning});
  if (!problem.has_test())
    result.notes.push_back(
        "no test data: judged on dev, which also chose the epochs, so all numbers flatter");

  std::vector<std::vector<Finished>> rows(plan.competitors.size());
  for (const GridCell& cell : grid.cells()) {
    if (!cell.final) continue;
    Finished finished{.cell = cell, .result = &grid.result(cell)};
    finished.diverged = finished.result->at("diverged").get<bool>();
    if (!finished.diverged) finished.outcomes = read_outcomes(grid.files(cell).outcomes());
    rows[cell.competitor].push_back(std::move(finished));
  }
  for (std::size_t c = 0; c < rows.size(); ++c)
    result.losses.push_back(row_of(grid, c, rows[c], problem.task, options.level));
  result.baseline = result.losses[baseline].name;

  std::vector<std::pair<std::size_t, std::size_t>> wanted;
  for (std::size_t c = 0; c < rows.size(); ++c)
    if (c != baseline) wanted.push_back({baseline, c});
  const std::vector<std::size_t> best = best_on_dev(result);
  if (best.size() >= 2 && best[0] != baseline && best[1] != baseline)
    wanted.push_back({best[1], best[0]});
  for (const bool tuned : {false, true}) {
    const PairMaker maker(rows, plan.metric, counts, tuned, options);
    (tuned ? result.pairs_tuned : result.pairs) = pairs_of(result, wanted, maker, options.level);
  }
  state_equalities(result);
  state_answer(result, options.train_command);
  return result;
}

CompareTimings gather_timings(const Grid& grid, int threads) {
  CompareTimings timings{.threads = threads, .jobs = grid.jobs(threads)};
  std::set<std::string> hosts;
  for (const GridCell& cell : grid.cells()) {
    if (!grid.done(cell)) continue;
    const json& result = grid.result(cell);
    const double seconds = result.at("seconds");
    timings.cell_seconds += seconds;
    hosts.insert(result.at("host").get<std::string>());
    if (cell.final) timings.seconds[grid.plan().competitors[cell.competitor].name] += seconds;
  }
  timings.hosts.assign(hosts.begin(), hosts.end());
  return timings;
}

}  // namespace tailgrad
