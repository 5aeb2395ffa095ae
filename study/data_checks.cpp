#include <tailgrad/study/data_checks.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <map>
#include <numbers>

#include <fmt/format.h>

#include <tailgrad/study/finding_words.h>

namespace tailgrad {
namespace {

constexpr std::int64_t kFewTest = 10;
constexpr std::int64_t kFewTrain = 10;

// Half the sum of |p_k - q_k|, and what chance alone gives for `n` draws from p.
struct Shift {
  double distance = 0;
  double by_chance = 0;
};

Shift shift_between(const Diagnosis& diagnosis, std::size_t split) {
  double train = 0;
  double other = 0;
  for (const ClassFacts& row : diagnosis.classes) {
    train += static_cast<double>(row.counts[0]);
    other += static_cast<double>(row.counts[split]);
  }
  Shift shift;
  if (train == 0 || other == 0) return shift;
  for (const ClassFacts& row : diagnosis.classes) {
    const double p = static_cast<double>(row.counts[0]) / train;
    const double q = static_cast<double>(row.counts[split]) / other;
    shift.distance += 0.5 * std::abs(p - q);
    shift.by_chance += 0.5 * std::sqrt(2 * p * (1 - p) / (std::numbers::pi * other));
  }
  return shift;
}

void check_imbalance(const Diagnosis& diagnosis, std::vector<Finding>& findings) {
  if (!diagnosis.imbalance || *diagnosis.imbalance < 3) return;
  const auto& classes = diagnosis.classes;
  const auto less = [](const ClassFacts& a, const ClassFacts& b) {
    return a.counts[0] < b.counts[0];
  };
  const ClassFacts& most = *std::ranges::max_element(classes, less);
  const ClassFacts* least = nullptr;
  for (const ClassFacts& row : classes)
    if (row.counts[0] > 0 && (least == nullptr || less(row, *least))) least = &row;
  const std::string ratio = *diagnosis.imbalance < 100
                                ? fmt::format("{:.3g}", *diagnosis.imbalance)
                                : fmt::format("{:.0f}", *diagnosis.imbalance);
  const bool tokens = diagnosis.label == "token";
  findings.push_back(
      {.id = "imbalance",
       .warning = *diagnosis.imbalance >= 10,
       .finding = fmt::format("The most frequent class, '{}', has {} times the training {}s of "
                              "the rarest, '{}' ({} and {}).",
                              most.label, ratio, diagnosis.label, least->label, most.counts[0],
                              least->counts[0]),
       .consequence =
           diagnosis.several
               ? "Scores over all marks (micro_f1) hide the rare classes, and plain training "
                 "seldom predicts them at all."
               : fmt::format("Answering '{}' always is right {:.1f} % of the time: accuracy "
                             "hides the rare classes, and plain training neglects them.",
                             most.label, 100 * most.share),
       .action = diagnosis.several
                     ? "Judge by macro_f1, compare bce with asl, dsc:mode=sigmoid and "
                       "bce:pos_weight=inverse (tailgrad compare), and tune a threshold a class."
                 : tokens ? "Judge by the F1 of spans or by macro_f1, and compare crf with "
                            "crf:weights=inverse and crf:tau=1 (tailgrad compare)."
                          : "Judge by macro_f1 or balanced_error, and compare ce with la:tau=1, "
                            "wce:weights=inverse and ce@class-balanced (tailgrad compare)."});
}

// Classes for which `holds`, as "'name' (count)".
std::vector<std::string> classes_where(const Diagnosis& diagnosis, std::size_t split,
                                       const std::function<bool(const ClassFacts&)>& holds) {
  std::vector<std::string> names;
  for (const ClassFacts& row : diagnosis.classes)
    if (holds(row)) names.push_back(fmt::format("'{}' ({})", row.label, row.counts[split]));
  return names;
}

void check_presence(const Diagnosis& diagnosis, std::vector<Finding>& findings) {
  const auto none = classes_where(diagnosis, 0, [](const auto& row) { return row.counts[0] == 0; });
  if (!none.empty())
    findings.push_back(
        {.id = "no-training-items",
         .finding = fmt::format("{} without any training {}: {}.", plural(none.size(), "class"),
                                diagnosis.label, named(none)),
         .consequence = "It cannot be learned; every one of its test items is an error, and losses "
                        "that divide by a class's frequency need a made-up count.",
         .action = "Collect examples, or merge the class with another in all files.",
         .count = none.size()});
  const auto few = classes_where(
      diagnosis, 0, [](const auto& row) { return row.counts[0] > 0 && row.counts[0] < kFewTrain; });
  if (!few.empty())
    findings.push_back(
        {.id = "few-training-items",
         .finding =
             fmt::format("{} with fewer than {} training {}s: {}.", plural(few.size(), "class"),
                         kFewTrain, diagnosis.label, named(few)),
         .consequence = "What is learned of it depends on those few items; runs with other seeds "
                        "will differ much.",
         .action = "Use several seeds (compare --seeds 5), prefer la or a balanced sampler to very "
                   "large weights, or collect more.",
         .count = few.size()});
  for (std::size_t s = 1; s < diagnosis.splits.size(); ++s) {
    const std::string& name = diagnosis.splits[s].name;
    const bool test = name == "test";
    const auto gone = classes_where(
        diagnosis, 0, [s](const auto& row) { return row.counts[s] == 0 && row.counts[0] > 0; });
    if (!gone.empty())
      findings.push_back(
          {.id = "no-" + name + "-items",
           .finding = fmt::format("{} without any {} {}: {}.", plural(gone.size(), "class"), name,
                                  diagnosis.label, named(gone)),
           .consequence = test ? "How well it is found stays unknown: means over classes leave it "
                                 "out."
                               : "The choice of the epoch and of thresholds knows nothing of it.",
           .action = fmt::format("Give --{} data that has every class.", name),
           .count = gone.size()});
    if (!test) continue;
    const auto scarce = classes_where(diagnosis, s, [s](const auto& row) {
      return row.counts[s] > 0 && row.counts[s] < kFewTest;
    });
    if (!scarce.empty())
      findings.push_back(
          {.id = "few-test-items",
           .finding =
               fmt::format("{} with fewer than {} test {}s: {}.", plural(scarce.size(), "class"),
                           kFewTest, diagnosis.label, named(scarce)),
           .consequence = "Its recall moves in large steps (with 3 items: 0, 1/3, 2/3, 1), and "
                          "macro averages move with it.",
           .action = "Read the intervals, not the means; more test items of these classes tell "
                     "more than another loss.",
           .count = scarce.size()});
  }
}

void check_batches(const Diagnosis& diagnosis, std::vector<Finding>& findings) {
  std::vector<std::string> names;
  for (const ClassFacts& row : diagnosis.classes)
    if (row.counts[0] > 0 && row.absent > 0.5)
      names.push_back(fmt::format("'{}' ({:.0f} %)", row.label, 100 * row.absent));
  if (names.empty()) return;
  findings.push_back(
      {.id = "absent-from-batches",
       .finding = fmt::format("{} missing from most batches of {:.0f} {}s: {}.",
                              plural(names.size(), "class"), diagnosis.batch_items, diagnosis.item,
                              named(names)),
       .consequence = "Losses over a batch (dice, dsc, tversky with scope=batch) see nothing of it "
                      "in most steps, and gradients of weighted losses come in rare jolts.",
       .action = diagnosis.several ? "Use a larger --batch-tokens, or bce:pos_weight=inverse."
                 : diagnosis.label == "token"
                     ? "Use a larger --batch-tokens, or a loss that needs no token of the class in "
                       "the batch (la, crf:tau=1)."
                     : "Use a larger --batch-tokens, --sampler class-balanced, or la, which needs "
                       "no item of the class in the batch.",
       .count = names.size()});
}

void check_shift(const Diagnosis& diagnosis, std::vector<Finding>& findings) {
  for (std::size_t s = 1; s < diagnosis.splits.size(); ++s) {
    const Shift shift = shift_between(diagnosis, s);
    if (shift.distance <= std::max(0.1, 2 * shift.by_chance)) continue;
    const std::string& name = diagnosis.splits[s].name;
    findings.push_back(
        {.id = "shift-" + name,
         .finding =
             fmt::format("The classes of {} are mixed differently from those of train: {:.0f} "
                         "% of the {}s would have to change class.",
                         name, 100 * shift.distance, diagnosis.label),
         .consequence = "A model carries the training mix into its answers; scores that depend on "
                        "frequencies do not carry over.",
         .action = "If that is how it will be in use, correct for it: tailgrad adjust "
                   "prior:target=FILE. If not, draw the split anew."});
  }
}

}  // namespace

void check_classes(const Diagnosis& diagnosis, std::vector<Finding>& findings) {
  check_imbalance(diagnosis, findings);
  check_presence(diagnosis, findings);
  check_batches(diagnosis, findings);
  check_shift(diagnosis, findings);
}

void check_label_names(const ExaminedData& data, std::vector<Finding>& findings) {
  std::map<std::string, std::vector<std::string>> spellings;
  Words words;
  for (const std::string& label : data.labels) {
    const std::string key = folded(label, words);
    if (!key.empty()) spellings[key].push_back("'" + label + "'");
  }
  Finding finding{.id = "label-spellings"};
  for (const auto& [key, names] : spellings)
    if (names.size() > 1) add_place(finding, named(names));
  if (finding.count == 0) return;
  finding.finding = fmt::format("{} written in several ways: {}.", plural(finding.count, "label"),
                                named(finding.places));
  finding.consequence = "They are different classes for the model, each with a part of the items.";
  finding.action = "Spell them alike in all files.";
  findings.push_back(std::move(finding));
}

void check_unlabelled(const ExaminedData& data, std::vector<Finding>& findings) {
  if (!data.several) return;
  Finding finding{.id = "unlabelled-items", .warning = false};
  const ExaminedSplit& train = data.splits.front();
  for (std::size_t i = 0; i < train.size(); ++i)
    if (train.offsets[i] == train.offsets[i + 1]) add_place(finding, train.place(i));
  if (finding.count == 0) return;
  finding.finding =
      fmt::format("{} without any label in train ({:.1f} %).", plural(finding.count, data.item),
                  100.0 * static_cast<double>(finding.count) / static_cast<double>(train.size()));
  finding.consequence = "They teach that no class fits, which is right only if somebody looked.";
  finding.action = "If they were never labelled, remove them.";
  findings.push_back(std::move(finding));
}

void check_tags(const ExaminedData& data, std::vector<Finding>& findings) {
  if (!data.tag_faults.empty()) {
    Finding finding{.id = "tag-faults"};
    for (const ExaminedFault& fault : data.tag_faults)
      add_place(finding, fault.place + ": " + fault.what);
    finding.finding =
        fmt::format("{} that the scheme {} forbids.", plural(finding.count, "tag"), data.scheme);
    finding.consequence =
        "Programs read such spans differently (strict or as conlleval), so scores "
        "cannot be compared; a constrained CRF can never give them.";
    finding.action = "Mend the lines, or let --repair rewrite them as conlleval reads them.";
    findings.push_back(std::move(finding));
  }
  for (const std::string& doubt : data.doubts)
    findings.push_back({.id = "reader",
                        .finding = doubt + ".",
                        .consequence = "The file may not have been read as it was meant.",
                        .action = "Check the line, the column and the scheme."});
}

void check_lengths(const ExaminedData& data, Index max_tokens, std::vector<Finding>& findings) {
  if (data.item == "row" || data.item == "image") return;
  Finding cut{.id = "cut-items"};
  Finding bare{.id = "wordless-items", .warning = true};
  std::size_t items = 0;
  for (const ExaminedSplit& split : data.splits) {
    items += split.size();
    for (std::size_t i = 0; i < split.size(); ++i) {
      const Index length = split.longest.empty() ? split.lengths[i] : split.longest[i];
      if (length > max_tokens) add_place(cut, fmt::format("{}: {} words", split.place(i), length));
      if (split.lengths[i] == 0) add_place(bare, split.place(i));
    }
  }
  if (cut.count > 0) {
    cut.warning = 100 * cut.count > items;
    cut.finding =
        fmt::format("{} longer than {} words ({:.1f} %).", plural(cut.count, data.item), max_tokens,
                    100.0 * static_cast<double>(cut.count) / static_cast<double>(items));
    cut.consequence = data.item == "sentence" ? "They are read in pieces; spans across a cut are "
                                                "seen in halves."
                                              : "What follows is not seen by the model.";
    cut.action = "Raise --max-tokens if what matters may stand there.";
    findings.push_back(std::move(cut));
  }
  if (bare.count > 0) {
    bare.finding = fmt::format("{} without a single word.", plural(bare.count, data.item));
    bare.consequence = "The model can only guess by frequency, and is taught to.";
    bare.action = "Remove them.";
    findings.push_back(std::move(bare));
  }
}

void check_columns(const ExaminedData& data, std::vector<Finding>& findings) {
  if (!data.constant_columns.empty())
    findings.push_back({.id = "constant-columns",
                        .warning = false,
                        .finding = fmt::format("{} with one value only: {}.",
                                               plural(data.constant_columns.size(), "column"),
                                               named(data.constant_columns)),
                        .consequence = "They cannot help, and a new value in use will do anything.",
                        .action = "Leave them out.",
                        .count = data.constant_columns.size()});
  if (!data.counting_columns.empty())
    findings.push_back(
        {.id = "counting-columns",
         .finding = fmt::format("{} that rise from row to row, as numbers of rows do: {}.",
                                plural(data.counting_columns.size(), "column"),
                                named(data.counting_columns)),
         .consequence = "In a file sorted by class a row number gives the class away: splendid "
                        "scores that are worth nothing.",
         .action = "Leave the column out unless it was measured.",
         .count = data.counting_columns.size()});
}

}  // namespace tailgrad
