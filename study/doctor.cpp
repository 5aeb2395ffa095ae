#include <tailgrad/study/doctor.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <tailgrad/core/error.h>
#include <tailgrad/study/data_checks.h>

namespace tailgrad {
namespace {

using nlohmann::ordered_json;

SplitFacts facts_of(const ExaminedSplit& split) {
  SplitFacts facts{.name = split.name,
                   .path = split.path,
                   .items = split.size(),
                   .labels = split.classes.size()};
  std::vector<Index> lengths = split.lengths;
  if (lengths.empty()) return facts;
  std::ranges::sort(lengths);
  const auto at = [&](double share) {
    return lengths[static_cast<std::size_t>(share * static_cast<double>(lengths.size() - 1))];
  };
  facts.shortest = lengths.front();
  facts.median = at(0.5);
  facts.long_tail = at(0.95);
  facts.longest = lengths.back();
  return facts;
}

// Probability that `drawn` of `items` hold none of the `with` items that have the class.
double probability_of_none(std::size_t items, std::size_t with, std::size_t drawn) {
  if (with + drawn > items) return 0;
  double log_p = 0;
  for (std::size_t i = 0; i < drawn; ++i)
    log_p += std::log(static_cast<double>(items - with - i) / static_cast<double>(items - i));
  return std::exp(log_p);
}

std::vector<ClassFacts> classes_of(const ExaminedData& data, double batch_items) {
  const std::size_t classes = data.labels.size();
  std::vector<ClassFacts> rows(classes);
  for (std::size_t k = 0; k < classes; ++k) {
    rows[k].label = data.labels[k];
    rows[k].counts.assign(data.splits.size(), 0);
  }
  for (std::size_t s = 0; s < data.splits.size(); ++s)
    for (const Index label : data.splits[s].classes)
      ++rows[static_cast<std::size_t>(label)].counts[s];
  const ExaminedSplit& train = data.splits.front();
  std::vector<std::size_t> items_with(classes, 0);
  std::vector<std::size_t> last(classes, train.size());
  for (std::size_t i = 0; i < train.size(); ++i)
    for (Index u = train.offsets[i]; u < train.offsets[i + 1]; ++u) {
      const auto k = static_cast<std::size_t>(train.classes[static_cast<std::size_t>(u)]);
      if (last[k] != i) ++items_with[k];
      last[k] = i;
    }
  const auto drawn = std::min(static_cast<std::size_t>(std::llround(batch_items)), train.size());
  for (std::size_t k = 0; k < classes; ++k) {
    const auto count = static_cast<double>(rows[k].counts[0]);
    if (!train.classes.empty()) rows[k].share = count / static_cast<double>(train.classes.size());
    if (train.size() > 0)
      rows[k].in_batch = count * static_cast<double>(drawn) / static_cast<double>(train.size());
    rows[k].absent = probability_of_none(train.size(), items_with[k], drawn);
  }
  return rows;
}

std::string percent(double share) {
  return fmt::format("{:.1f} %", 100 * share);
}

std::string class_lines(const Diagnosis& diagnosis) {
  constexpr std::size_t kMost = 60;
  std::size_t width = 5;
  for (const ClassFacts& row : diagnosis.classes) width = std::max(width, row.label.size());
  std::string text = fmt::format("{:<{}}", "class", width);
  for (const SplitFacts& split : diagnosis.splits) text += fmt::format("{:>9}", split.name);
  text += fmt::format("{:>10}{:>12}{:>16}\n", "share", "in a batch", "batches without");
  std::vector<const ClassFacts*> order;
  for (const ClassFacts& row : diagnosis.classes) order.push_back(&row);
  std::ranges::stable_sort(
      order, [](const ClassFacts* a, const ClassFacts* b) { return a->counts[0] > b->counts[0]; });
  // Of very many classes the most frequent and the rarest.
  const bool many = order.size() > kMost;
  for (std::size_t i = 0; i < order.size(); ++i) {
    if (many && i == kMost / 2) {
      text += fmt::format("… {} more classes (--json has all)\n", order.size() - kMost);
      i = order.size() - kMost / 2;
    }
    const ClassFacts& row = *order[i];
    text += fmt::format("{:<{}}", row.label, width);
    for (const std::int64_t count : row.counts) text += fmt::format("{:>9}", count);
    text += fmt::format("{:>10}{:>12.3g}{:>16}\n", percent(row.share), row.in_batch,
                        percent(row.absent));
  }
  return text;
}

std::string finding_lines(std::size_t number, const Finding& finding) {
  constexpr std::size_t kPlaces = 5;
  std::string text = fmt::format("\n{}. {}: {}\n   Therefore: {}\n   Do: {}\n", number,
                                 finding.warning ? "warning" : "note", finding.finding,
                                 finding.consequence, finding.action);
  for (std::size_t i = 0; i < std::min(kPlaces, finding.places.size()); ++i)
    text += "     " + finding.places[i] + "\n";
  if (finding.places.size() > kPlaces)
    text += fmt::format("     … and {} more (--json)\n", finding.count - kPlaces);
  return text;
}

}  // namespace

Diagnosis examine(const ProblemOptions& data, const DoctorOptions& options) {
  if (options.batch_tokens < 1) fail("--batch-tokens", "needs at least 1");
  if (options.max_tokens < 1) fail("--max-tokens", "needs at least 1");
  return diagnose(read_for_examination(data), options);
}

Diagnosis diagnose(const ExaminedData& data, const DoctorOptions& options) {
  Diagnosis out{.task = data.task,
                .item = data.item,
                .label = data.label,
                .several = data.several,
                .scheme = data.scheme,
                .notes = data.notes};
  for (const ExaminedSplit& split : data.splits) out.splits.push_back(facts_of(split));
  const ExaminedSplit& train = data.splits.front();
  const auto words = std::accumulate(
      train.lengths.begin(), train.lengths.end(), 0.0, [&](double sum, Index length) {
        return sum + static_cast<double>(std::min(length, options.max_tokens));
      });
  const double mean =
      train.size() == 0 ? 1 : std::max(1.0, words / static_cast<double>(train.size()));
  out.batch_items = std::min(std::max(1.0, static_cast<double>(options.batch_tokens) / mean),
                             static_cast<double>(std::max<std::size_t>(1, train.size())));
  out.classes = classes_of(data, out.batch_items);
  std::int64_t least = 0;
  std::int64_t most = 0;
  for (const ClassFacts& row : out.classes) {
    if (row.counts[0] > 0 && (least == 0 || row.counts[0] < least)) least = row.counts[0];
    most = std::max(most, row.counts[0]);
  }
  if (least > 0) out.imbalance = static_cast<double>(most) / static_cast<double>(least);

  check_classes(out, out.findings);
  check_label_names(data, out.findings);
  check_duplicates(data, out.findings);
  check_unlabelled(data, out.findings);
  check_tags(data, out.findings);
  check_characters(data, out.findings);
  check_lengths(data, options.max_tokens, out.findings);
  check_columns(data, out.findings);
  std::ranges::stable_partition(out.findings, [](const Finding& one) { return one.warning; });
  return out;
}

std::vector<DataWarning> data_warnings(const Diagnosis& diagnosis) {
  constexpr std::size_t kPlaces = 3;
  std::vector<DataWarning> warnings;
  for (const Finding& finding : diagnosis.findings) {
    if (!finding.warning) continue;
    std::string text = finding.finding;
    for (std::size_t i = 0; i < std::min(kPlaces, finding.places.size()); ++i)
      text += (i == 0 ? " For example: " : "; ") + finding.places[i];
    warnings.push_back({text, finding.consequence, finding.action});
  }
  return warnings;
}

ordered_json diagnosis_json(const Diagnosis& diagnosis) {
  ordered_json splits = ordered_json::array();
  for (const SplitFacts& split : diagnosis.splits)
    splits.push_back({{"name", split.name},
                      {"path", split.path},
                      {"items", split.items},
                      {"labels", split.labels},
                      {"words",
                       {{"min", split.shortest},
                        {"median", split.median},
                        {"p95", split.long_tail},
                        {"max", split.longest}}}});
  ordered_json classes = ordered_json::array();
  for (const ClassFacts& row : diagnosis.classes) {
    ordered_json line = {{"label", row.label}};
    for (std::size_t s = 0; s < row.counts.size(); ++s)
      line[diagnosis.splits[s].name] = row.counts[s];
    line["share"] = row.share;
    line["expected_in_batch"] = row.in_batch;
    line["p_absent_from_batch"] = row.absent;
    classes.push_back(std::move(line));
  }
  ordered_json findings = ordered_json::array();
  for (const Finding& finding : diagnosis.findings)
    findings.push_back({{"id", finding.id},
                        {"severity", finding.warning ? "warning" : "note"},
                        {"finding", finding.finding},
                        {"consequence", finding.consequence},
                        {"action", finding.action},
                        {"count", finding.count},
                        {"places", finding.places}});
  ordered_json out = {{"task", diagnosis.task},      {"item", diagnosis.item},
                      {"label", diagnosis.label},    {"batch_items", diagnosis.batch_items},
                      {"splits", std::move(splits)}, {"classes", std::move(classes)},
                      {"imbalance", nullptr},        {"findings", std::move(findings)},
                      {"notes", diagnosis.notes}};
  if (diagnosis.imbalance) {
    out["imbalance"] = *diagnosis.imbalance;
  } else {
    out["reason"] = "imbalance: there are no training items";
  }
  if (!diagnosis.scheme.empty()) out["scheme"] = diagnosis.scheme;
  return out;
}

std::string diagnosis_text(const Diagnosis& diagnosis) {
  std::string text;
  for (const SplitFacts& split : diagnosis.splits) {
    text += fmt::format("{:<6}{:>8} {}s", split.name, split.items, diagnosis.item);
    if (diagnosis.label == "token") text += fmt::format(", {} tokens", split.labels);
    if (diagnosis.item != "row")
      text += fmt::format("; words: {} to {}, median {}, 95 % up to {}", split.shortest,
                          split.longest, split.median, split.long_tail);
    text += "   " + split.path + "\n";
  }
  for (const std::string& note : diagnosis.notes) text += note + "\n";
  text += fmt::format("\n{} classes; ", diagnosis.classes.size());
  text += diagnosis.imbalance ? fmt::format("imbalance ratio {:.4g}", *diagnosis.imbalance)
                              : std::string("imbalance ratio n/a");
  text +=
      fmt::format("; a batch holds about {:.0f} {}s\n\n", diagnosis.batch_items, diagnosis.item);
  text += class_lines(diagnosis);
  if (diagnosis.findings.empty()) return text + "\nNothing was found that should hurt.\n";
  std::size_t number = 0;
  for (const Finding& finding : diagnosis.findings) text += finding_lines(++number, finding);
  return text;
}

}  // namespace tailgrad
