#include <tailgrad/study/outcomes.h>

#include <algorithm>

#include <fmt/format.h>

#include <tailgrad/core/error.h>
#include <tailgrad/core/safetensors.h>
#include <tailgrad/core/text_form.h>

namespace tailgrad {
namespace {

// A table as two integer arrays.
struct Flat {
  std::vector<std::int64_t> offsets;
  std::vector<std::int64_t> outcomes;  // [n, 4]
};

Flat flatten(const OutcomeTable& table) {
  Flat flat{.offsets = table.offsets, .outcomes = {}};
  for (const Outcome& outcome : table.outcomes)
    flat.outcomes.insert(flat.outcomes.end(),
                         {outcome.k, outcome.support, outcome.predicted, outcome.correct});
  return flat;
}

constexpr std::int64_t kMostClasses = 1 << 24;
constexpr std::int64_t kMostCount = std::int64_t{1} << 31;

OutcomeTable table_from(const Safetensors& file, const std::string& name) {
  const auto damaged = [&]() { fail_at(file.source(), 0, 0, "the outcomes are damaged"); };
  const std::vector<std::int64_t> head = file.at(name + ".classes").as_integers();
  const std::vector<std::int64_t> values = file.at(name + ".outcomes").as_integers();
  OutcomeTable table;
  table.offsets = file.at(name + ".offsets").as_integers();
  if (head.size() != 1 || head[0] < 0 || head[0] > kMostClasses || values.size() % 4 != 0 ||
      table.offsets.empty() || table.offsets.front() != 0 ||
      !std::ranges::is_sorted(table.offsets) ||
      table.offsets.back() != static_cast<std::int64_t>(values.size() / 4))
    damaged();
  table.classes = static_cast<Index>(head[0]);
  for (std::size_t i = 0; i < values.size(); i += 4) {
    if (values[i] < 0 || values[i] >= head[0]) damaged();
    for (std::size_t j = 1; j < 4; ++j)
      if (values[i + j] < 0 || values[i + j] >= kMostCount) damaged();
    table.outcomes.push_back({.k = static_cast<std::int32_t>(values[i]),
                              .support = static_cast<std::uint32_t>(values[i + 1]),
                              .predicted = static_cast<std::uint32_t>(values[i + 2]),
                              .correct = static_cast<std::uint32_t>(values[i + 3])});
  }
  return table;
}

Outcomes outcomes_from(const Safetensors& file, const std::string& name) {
  const std::vector<std::int64_t> multilabel = file.at(name + ".multilabel").as_integers();
  Outcomes out{.multilabel = !multilabel.empty() && multilabel[0] != 0,
               .items = table_from(file, name + ".items"),
               .spans = table_from(file, name + ".spans")};
  if (out.spans.units() != 0 && out.spans.units() != out.items.units())
    fail_at(file.source(), 0, 0, "the outcomes are damaged");
  return out;
}

// 1 - (TPR + TNR) / 2, averaged over the classes that have items with and without them.
std::optional<double> multilabel_balanced_error(const OutcomeCounts& counts) {
  double sum = 0;
  int classes = 0;
  for (std::size_t k = 0; k < counts.support.size(); ++k) {
    const std::int64_t with = counts.support[k];
    const std::int64_t without = counts.items - with;
    if (with <= 0 || without <= 0) continue;
    const double tpr = static_cast<double>(counts.correct[k]) / static_cast<double>(with);
    const double fpr =
        static_cast<double>(counts.predicted[k] - counts.correct[k]) / static_cast<double>(without);
    sum += (1 - tpr + fpr) / 2;
    ++classes;
  }
  return classes > 0 ? std::optional(sum / classes) : std::nullopt;
}

// Share of units in which every class is right.
std::optional<double> exact_units(const OutcomeTable& table,
                                  std::span<const std::uint32_t> weights) {
  std::int64_t all = 0;
  std::int64_t right = 0;
  for (std::size_t unit = 0; unit < table.units(); ++unit) {
    const std::int64_t weight = weights.empty() ? 1 : weights[unit];
    all += weight;
    const auto first = table.outcomes.begin() + table.offsets[unit];
    const auto last = table.outcomes.begin() + table.offsets[unit + 1];
    const bool exact = std::all_of(first, last, [](const Outcome& outcome) {
      return outcome.support == outcome.correct && outcome.predicted == outcome.correct;
    });
    right += exact ? weight : 0;
  }
  return all > 0 ? std::optional(static_cast<double>(right) / static_cast<double>(all))
                 : std::nullopt;
}

}  // namespace

void OutcomeTable::add_answer(Index label, Index predicted) {
  if (label == predicted) {
    add({.k = label, .support = 1, .predicted = 1, .correct = 1});
    return;
  }
  add({.k = label, .support = 1});
  add({.k = predicted, .predicted = 1});
}

OutcomeCounts OutcomeTable::counts(std::span<const std::uint32_t> weights, bool multilabel) const {
  if (!weights.empty() && weights.size() != units())
    fail("outcomes",
         fmt::format("needs a weight for each of {} units; got {}", units(), weights.size()));
  OutcomeCounts out(classes);
  for (std::size_t unit = 0; unit < units(); ++unit) {
    const std::int64_t weight = weights.empty() ? 1 : weights[unit];
    if (weight == 0) continue;
    if (multilabel) out.items += weight;
    for (auto at = static_cast<std::size_t>(offsets[unit]);
         at < static_cast<std::size_t>(offsets[unit + 1]); ++at) {
      const Outcome& outcome = outcomes[at];
      const auto k = static_cast<std::size_t>(outcome.k);
      out.support[k] += weight * outcome.support;
      out.predicted[k] += weight * outcome.predicted;
      out.correct[k] += weight * outcome.correct;
      if (!multilabel) out.items += weight * outcome.support;
    }
  }
  return out;
}

const std::vector<std::string>& outcome_metrics() {
  static const std::vector<std::string> names = {"accuracy",   "balanced_error", "macro_f1",
                                                 "micro_f1",   "recall_many",    "recall_medium",
                                                 "recall_few", "span_f1"};
  return names;
}

std::optional<double> outcome_metric(const Outcomes& outcomes, std::string_view metric,
                                     std::span<const std::int64_t> train_counts,
                                     std::span<const std::uint32_t> weights) {
  if (metric == "span_f1") {
    if (outcomes.spans.units() == 0) return std::nullopt;
    return micro_f1(outcomes.spans.counts(weights));
  }
  if (metric == "accuracy" && outcomes.multilabel) return exact_units(outcomes.items, weights);
  const OutcomeCounts counts = outcomes.items.counts(weights, outcomes.multilabel);
  if (metric == "accuracy") return accuracy(counts);
  if (metric == "balanced_error")
    return outcomes.multilabel ? multilabel_balanced_error(counts) : balanced_error(counts);
  if (metric == "macro_f1") return macro_f1(counts);
  if (metric == "micro_f1") return micro_f1(counts);
  constexpr std::string_view kRecall = "recall_";
  if (metric.starts_with(kRecall)) {
    if (train_counts.empty()) return std::nullopt;
    const GroupScores groups = score_groups(counts, train_counts);
    for (const Group group : kGroups)
      if (metric.substr(kRecall.size()) == group_name(group))
        return groups[static_cast<std::size_t>(group)].recall;
  }
  fail_unknown_name("metric", metric, outcome_metrics());
}

void write_outcomes(const std::string& path, const Outcomes& fixed, const Outcomes& tuned) {
  struct Part {
    std::string name;
    Flat flat;
    std::vector<std::int64_t> classes;
  };
  std::vector<Part> parts;
  std::vector<std::vector<std::int64_t>> flags;
  std::vector<StoredTensor> tensors;
  flags.reserve(2);
  const Outcomes* both[] = {&fixed, &tuned};
  const char* names[] = {"fixed", "tuned"};
  for (int i = 0; i < 2; ++i) {
    const std::string name = names[i];
    flags.push_back({both[i]->multilabel ? 1 : 0});
    tensors.push_back(stored(name + ".multilabel", {1}, flags.back()));
    parts.push_back({name + ".items", flatten(both[i]->items), {both[i]->items.classes}});
    parts.push_back({name + ".spans", flatten(both[i]->spans), {both[i]->spans.classes}});
  }
  for (const Part& part : parts) {
    tensors.push_back(stored(part.name + ".classes", {1}, part.classes));
    tensors.push_back(
        stored(part.name + ".offsets", {part.flat.offsets.size()}, part.flat.offsets));
    tensors.push_back(
        stored(part.name + ".outcomes", {part.flat.outcomes.size() / 4, 4}, part.flat.outcomes));
  }
  write_sealed_safetensors(path, tensors);
}

TwoOutcomes read_outcomes(const std::string& path) {
  const Safetensors file = Safetensors::read(path);
  return {.fixed = outcomes_from(file, "fixed"), .tuned = outcomes_from(file, "tuned")};
}

}  // namespace tailgrad
