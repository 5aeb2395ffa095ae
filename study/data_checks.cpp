#include <tailgrad/study/data_checks.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdlib>
#include <functional>
#include <map>
#include <numbers>
#include <string_view>
#include <unordered_map>

#include <fmt/format.h>
#include <utf8proc.h>

#include <tailgrad/data/tokenizer.h>

namespace tailgrad {
namespace {

constexpr std::size_t kMostPlaces = 1000;
constexpr std::int64_t kFewTest = 10;
constexpr std::int64_t kFewTrain = 10;

std::string plural(std::size_t count, const std::string& what) {
  return fmt::format("{} {}{}", count, what, count == 1 ? "" : what.ends_with("s") ? "es" : "s");
}

// "'a' (3), 'b' (1), … (12 in all)".
std::string named(const std::vector<std::string>& names) {
  constexpr std::size_t kShown = 6;
  std::string text;
  for (std::size_t i = 0; i < names.size() && i < kShown; ++i)
    text += (i > 0 ? ", " : "") + names[i];
  if (names.size() > kShown) text += fmt::format(", … ({} in all)", names.size());
  return text;
}

void add_place(Finding& finding, std::string place) {
  ++finding.count;
  if (finding.places.size() < kMostPlaces) finding.places.push_back(std::move(place));
}

std::string shortened(const std::string& text) {
  constexpr std::size_t kMost = 60;
  if (text.size() <= kMost) return text;
  std::size_t end = kMost;  // not inside a character
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0) == 0x80) --end;
  return text.substr(0, end) + "…";
}

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
       .consequence = fmt::format("Answering '{}' always is right {:.1f} % of the time: accuracy "
                                  "hides the rare classes, and plain training neglects them.",
                                  most.label, 100 * most.share),
       .action = tokens ? "Judge by the F1 of spans or by macro_f1, and compare crf with "
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
       .action = diagnosis.label == "token"
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

std::string folded(const std::string& text, Words& words) {
  tokenize(text, {}, words);
  std::string key;
  for (std::size_t i = 0; i < words.size(); ++i) key.append(words[i]).push_back(' ');
  return key;
}

// Where an item stands.
struct Where {
  std::size_t split = 0;
  std::size_t item = 0;
};

std::vector<Index> answer_of(const ExaminedSplit& split, std::size_t item) {
  return {split.classes.begin() + split.offsets[item],
          split.classes.begin() + split.offsets[item + 1]};
}

std::string answer_text(const ExaminedData& data, const Where& where) {
  constexpr std::size_t kMost = 6;
  std::string text;
  const std::vector<Index> answer = answer_of(data.splits[where.split], where.item);
  for (std::size_t i = 0; i < answer.size() && i < kMost; ++i)
    text += (i > 0 ? " " : "") + data.labels[static_cast<std::size_t>(answer[i])];
  return answer.size() > kMost ? text + " …" : text;
}

// The first item with each content, and all later ones with the same: (first, later) in the order
// of the files.
using Repeats = std::vector<std::pair<Where, Where>>;

Repeats repeats_of(const ExaminedData& data, bool fold) {
  Repeats repeats;
  std::unordered_map<std::string, Where> first;
  Words words;
  for (std::size_t s = 0; s < data.splits.size(); ++s)
    for (std::size_t i = 0; i < data.splits[s].size(); ++i) {
      const std::string& content = data.splits[s].contents[i];
      const auto [found, is_new] =
          first.try_emplace(fold ? folded(content, words) : content, Where{s, i});
      if (!is_new) repeats.push_back({found->second, {s, i}});
    }
  return repeats;
}

class DuplicateFindings {
 public:
  explicit DuplicateFindings(const ExaminedData& data) : data_(data) {}

  void add(std::vector<Finding>& findings) {
    const Repeats exact = repeats_of(data_, false);
    for (const auto& [first, later] : exact) take(first, later, within_, across_);
    Repeats all = exact;
    if (data_.item != "row") {
      all = repeats_of(data_, true);
      for (const auto& [first, later] : all)
        if (content(first) != content(later)) take(first, later, near_within_, near_across_);
    }
    for (const auto& [first, later] : all)
      if (answer_of(data_.splits[first.split], first.item) !=
          answer_of(data_.splits[later.split], later.item))
        add_place(conflicts_,
                  fmt::format("{} '{}' and {} '{}': {}", place(first), answer_text(data_, first),
                              place(later), answer_text(data_, later), shortened(content(first))));
    say(findings);
  }

 private:
  const std::string& content(const Where& where) const {
    return data_.splits[where.split].contents[where.item];
  }
  std::string place(const Where& where) const {
    return data_.splits[where.split].place(where.item);
  }

  void take(const Where& first, const Where& later, Finding& within, Finding& across) {
    add_place(first.split == later.split ? within : across,
              fmt::format("{} as {}: {}", place(later), place(first), shortened(content(first))));
  }

  void say(std::vector<Finding>& findings) {
    const std::string item = data_.item;
    const std::string leak =
        "The model has seen the answer in another part of the data: scores "
        "are too good, and losses that memorise look better.";
    across_.id = "duplicates-across";
    across_.finding =
        fmt::format("{} in a split that another split has too.", plural(across_.count, item));
    across_.consequence = leak;
    across_.action =
        fmt::format("Remove these {}s from one of the splits (best from train).", item);
    near_across_.id = "near-duplicates-across";
    near_across_.finding = fmt::format(
        "{} more that another split has with other case, spacing or forms of "
        "characters.",
        plural(near_across_.count, item));
    near_across_.consequence = leak;
    near_across_.action = across_.action;
    std::size_t items = 0;
    for (const ExaminedSplit& split : data_.splits) items += split.size();
    within_.id = "duplicates-within";
    within_.warning = 20 * within_.count > items;
    within_.finding =
        fmt::format("{} that the same split has already ({:.1f} %).", plural(within_.count, item),
                    100.0 * static_cast<double>(within_.count) /
                        static_cast<double>(std::max<std::size_t>(1, items)));
    within_.consequence =
        "They count several times in training and in every score; intervals are "
        "narrower than they should be.";
    within_.action = "Remove them unless they really occur that often in use.";
    near_within_.id = "near-duplicates-within";
    near_within_.warning = false;
    near_within_.finding = fmt::format(
        "{} more that the same split has with other case, spacing or forms of "
        "characters.",
        plural(near_within_.count, item));
    near_within_.consequence = within_.consequence;
    near_within_.action = within_.action;
    conflicts_.id = "conflicting-labels";
    conflicts_.finding = fmt::format("{} with other labels than the same {} elsewhere.",
                                     plural(conflicts_.count, item), item);
    conflicts_.consequence =
        "At least one of the labels is wrong, or the text alone does not tell: "
        "no model can be right on both.";
    conflicts_.action = "Look at them and relabel, or make the task one with several labels.";
    for (Finding* finding : {&across_, &near_across_, &conflicts_, &within_, &near_within_})
      if (finding->count > 0) findings.push_back(std::move(*finding));
  }

  const ExaminedData& data_;
  Finding within_, across_, near_within_, near_across_, conflicts_;
};

// One kind of odd character.
struct Oddity {
  const char* id;
  bool warning;
  const char* what;
  const char* consequence;
  const char* action;
};

constexpr std::array kOddities = {
    Oddity{"replacement-character", true, "with the replacement character U+FFFD",
           "What stood there is lost: the text was decoded wrongly before it came here.",
           "Export it again from the source, as UTF-8."},
    Oddity{"wrong-decoding", true, "that look like UTF-8 read as Latin-1 ('Ã©' for 'é')",
           "Words with accents become other words.", "Export it again from the source, as UTF-8."},
    Oddity{"control-characters", true, "with control characters",
           "They split words unseen, and other programs cut the text there.",
           "Remove them; they are no part of a text."},
    Oddity{"invisible-characters", false, "with invisible characters (zero-width, direction marks)",
           "tailgrad drops them; other programs see different words.", "Remove them."},
    Oddity{"mixed-normalisation", false,
           "whose characters are not in the composed form (NFC), as the others are",
           "tailgrad folds both forms (NFKC); other programs see different words.",
           "Normalise all files to NFC."},
    Oddity{"html-entities", false, "with HTML entities ('&amp;')",
           "'&amp;' is read as three words instead of one sign.", "Decode them."}};
enum Kind : std::size_t { kReplaced, kMojibake, kControl, kInvisible, kUncomposed, kEntities };

bool is_invisible(utf8proc_int32_t c) {
  return c == 0xad || (c >= 0x200b && c <= 0x200f) || (c >= 0x202a && c <= 0x202e) || c == 0x2060 ||
         c == 0xfeff;
}

bool is_composed(const std::string& text) {
  utf8proc_uint8_t* out = nullptr;
  const auto flags = static_cast<utf8proc_option_t>(UTF8PROC_STABLE | UTF8PROC_COMPOSE);
  const utf8proc_ssize_t size =
      utf8proc_map(reinterpret_cast<const utf8proc_uint8_t*>(text.data()),
                   static_cast<utf8proc_ssize_t>(text.size()), &out, flags);
  const bool same = size < 0 || std::string_view(reinterpret_cast<const char*>(out),
                                                 static_cast<std::size_t>(size)) == text;
  std::free(out);
  return same;
}

std::array<bool, kOddities.size()> oddities_of(const std::string& text) {
  std::array<bool, kOddities.size()> has = {};
  bool ascii = true;
  const auto* bytes = reinterpret_cast<const utf8proc_uint8_t*>(text.data());
  const auto size = static_cast<utf8proc_ssize_t>(text.size());
  utf8proc_int32_t before = 0;
  for (utf8proc_ssize_t at = 0; at < size;) {
    utf8proc_int32_t c = 0;
    const utf8proc_ssize_t step = utf8proc_iterate(bytes + at, size - at, &c);
    if (step <= 0) break;
    at += step;
    ascii = ascii && c < 0x80;
    has[kReplaced] |= c == 0xfffd;
    has[kControl] |= (c < 0x20 && c != '\t' && c != '\n' && c != '\r') || (c >= 0x7f && c < 0xa0);
    has[kInvisible] |= is_invisible(c);
    has[kMojibake] |= ((before == 0xc3 || before == 0xc2) && c >= 0x80 && c <= 0xbf) ||
                      (before == 0xe2 && c == 0x20ac);
    before = c;
  }
  for (const char* entity : {"&amp;", "&lt;", "&gt;", "&quot;", "&#39;", "&nbsp;"})
    has[kEntities] |= text.find(entity) != std::string::npos;
  has[kUncomposed] = !ascii && !is_composed(text);
  return has;
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

void check_duplicates(const ExaminedData& data, std::vector<Finding>& findings) {
  DuplicateFindings(data).add(findings);
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

void check_characters(const ExaminedData& data, std::vector<Finding>& findings) {
  if (data.item == "row" || data.item == "image") return;
  std::array<Finding, kOddities.size()> found;
  for (const ExaminedSplit& split : data.splits)
    for (std::size_t i = 0; i < split.size(); ++i) {
      const auto has = oddities_of(split.contents[i]);
      for (std::size_t k = 0; k < has.size(); ++k)
        if (has[k]) add_place(found[k], split.place(i));
    }
  for (std::size_t k = 0; k < found.size(); ++k) {
    Finding& finding = found[k];
    if (finding.count == 0) continue;
    const Oddity& oddity = kOddities[k];
    finding.id = oddity.id;
    finding.warning = oddity.warning;
    finding.finding = fmt::format("{} {}.", plural(finding.count, data.item), oddity.what);
    finding.consequence = oddity.consequence;
    finding.action = oddity.action;
    findings.push_back(std::move(finding));
  }
}

void check_lengths(const ExaminedData& data, Index max_tokens, std::vector<Finding>& findings) {
  if (data.item == "row" || data.item == "image") return;
  Finding cut{.id = "cut-items"};
  Finding bare{.id = "wordless-items", .warning = true};
  std::size_t items = 0;
  for (const ExaminedSplit& split : data.splits) {
    items += split.size();
    for (std::size_t i = 0; i < split.size(); ++i) {
      if (split.lengths[i] > max_tokens)
        add_place(cut, fmt::format("{}: {} words", split.place(i), split.lengths[i]));
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
