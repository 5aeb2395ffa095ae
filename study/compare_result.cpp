#include <tailgrad/study/compare_result.h>

#include <nlohmann/json.hpp>

#include <tailgrad/study/report/reliability.h>

namespace tailgrad {
namespace {

using nlohmann::ordered_json;

ordered_json number(const std::optional<double>& value) {
  return value ? ordered_json(*value) : ordered_json(nullptr);
}

ordered_json summary_json(const Summary& summary) {
  ordered_json values = ordered_json::array();
  for (const std::optional<double>& value : summary.values) values.push_back(number(value));
  ordered_json out = {{"mean", number(summary.mean)},
                      {"sd", number(summary.sd)},
                      {"low", number(summary.low)},
                      {"high", number(summary.high)},
                      {"values", std::move(values)}};
  if (!summary.reason.empty()) out["reason"] = summary.reason;
  return out;
}

ordered_json summaries_json(const Summaries& summaries) {
  ordered_json out = ordered_json::object();
  for (const auto& [metric, summary] : summaries) out[metric] = summary_json(summary);
  return out;
}

ordered_json run_json(const SeedRun& run) {
  ordered_json curve = ordered_json::array();
  for (const CurvePoint& point : run.curve)
    curve.push_back({{"epoch", point.epoch},
                     {"train_loss", point.train_loss},
                     {"dev", point.dev},
                     {"best", point.best}});
  ordered_json out = {{"seed", run.seed}, {"cell", run.cell}, {"diverged", run.diverged}};
  if (run.diverged) {
    out["diverged_step"] = run.diverged_step;
    out["divergence"] = run.divergence;
  } else {
    out["best_epoch"] = run.best_epoch;
    out["weights_hash"] = run.weights_hash;
    out["recipe"] = run.recipe;
  }
  out["first_weights_hash"] = run.first_weights_hash;
  out["batches_hash"] = run.batches_hash;
  out["history"] = std::move(curve);
  return out;
}

ordered_json class_json(const ClassRow& row) {
  return {{"label", row.label},
          {"train_count", row.train_count},
          {"support", row.support},
          {"recall", summary_json(row.recall)},
          {"precision", summary_json(row.precision)},
          {"f1", summary_json(row.f1)},
          {"recall_tuned", summary_json(row.recall_tuned)}};
}

ordered_json loss_json(const LossRow& row) {
  ordered_json out = {{"loss", row.name},
                      {"test", summaries_json(row.test)},
                      {"test_tuned", summaries_json(row.test_tuned)},
                      {"dev", summaries_json(row.dev)},
                      {"diverged", row.diverged},
                      {"seconds", nullptr},
                      {"reason",
                       "seconds: they differ from run to run and this file does not; see "
                       "timings.json"},
                      {"trained",
                       {{"loss", row.loss},
                        {"sampler", row.sampler},
                        {"optimizer", row.optimizer},
                        {"model", row.model}}},
                      {"parameters", row.parameters}};
  ordered_json runs = ordered_json::array();
  for (const SeedRun& run : row.runs) runs.push_back(run_json(run));
  out["runs"] = std::move(runs);
  ordered_json classes = ordered_json::array();
  for (const ClassRow& line : row.per_class) classes.push_back(class_json(line));
  out["per_class"] = std::move(classes);
  out["weight_norms"] = row.weight_norms;
  out["biases"] = row.biases;
  out["reliability"] = reliability_json(row.reliability);
  out["reliability_tuned"] = reliability_json(row.reliability_tuned);
  out["tried"] = row.tried;
  return out;
}

ordered_json pair_json(const LossPair& pair) {
  const Comparison& numbers = pair.numbers;
  ordered_json out = {{"a", pair.a},
                      {"b", pair.b},
                      {"metric", pair.metric},
                      {"difference", number(numbers.difference)},
                      {"low", number(numbers.low)},
                      {"high", number(numbers.high)},
                      {"p", number(numbers.p)},
                      {"p_corrected", number(pair.p_corrected)},
                      {"verdict", pair.verdict},
                      {"sentence", pair.sentence},
                      {"effect", number(numbers.effect)},
                      {"detectable", number(numbers.detectable)},
                      {"standard_error", number(numbers.error)},
                      {"freedom", number(numbers.freedom)},
                      {"sd_seeds", number(numbers.sd_seeds)},
                      {"sd_items", number(numbers.sd_items)},
                      {"per_seed", numbers.per_seed},
                      {"method", numbers.method}};
  if (!numbers.reason.empty()) out["reason"] = numbers.reason;
  return out;
}

ordered_json pairs_json(const std::vector<LossPair>& pairs) {
  ordered_json out = ordered_json::array();
  for (const LossPair& pair : pairs) out.push_back(pair_json(pair));
  return out;
}

}  // namespace

ordered_json compare_json(const CompareResult& result) {
  ordered_json losses = ordered_json::array();
  for (const LossRow& row : result.losses) losses.push_back(loss_json(row));
  ordered_json warnings = ordered_json::array();
  for (const DataWarning& warning : result.warnings)
    warnings.push_back({{"finding", warning.finding},
                        {"consequence", warning.consequence},
                        {"action", warning.action}});
  return {{"answer", result.answer},
          {"recommended", result.recommended},
          {"command", result.command},
          {"predict", result.predict},
          {"baseline", result.baseline},
          {"undecided",
           result.undecided.empty() ? ordered_json(nullptr) : ordered_json(result.undecided)},
          {"seeds_to_decide",
           result.seeds_to_decide ? ordered_json(*result.seeds_to_decide) : ordered_json(nullptr)},
          {"matters", result.matters},
          {"metric", result.metric},
          {"higher_is_better", result.higher_is_better},
          {"judged_on", result.judged_on},
          {"task", result.task},
          {"losses", std::move(losses)},
          {"pairs", pairs_json(result.pairs)},
          {"pairs_tuned", pairs_json(result.pairs_tuned)},
          {"level", result.level},
          {"seeds", result.seeds},
          {"tries", result.tries},
          {"tuning", result.tuning},
          {"equal", result.equal},
          {"notes", result.notes},
          {"warnings", std::move(warnings)},
          {"config", ordered_json::parse(result.config)},
          {"data", ordered_json::parse(result.data)},
          {"versions", ordered_json::parse(result.versions)}};
}

ordered_json timings_json(const CompareTimings& timings) {
  return {{"seconds", timings.seconds},
          {"cell_seconds", timings.cell_seconds},
          {"threads", timings.threads},
          {"jobs", timings.jobs},
          {"hosts", timings.hosts}};
}

}  // namespace tailgrad
