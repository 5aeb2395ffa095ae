#include <unordered_map>
#include <utility>

#include <fmt/format.h>

#include <tailgrad/study/data_checks.h>
#include <tailgrad/study/finding_words.h>

namespace tailgrad {
namespace {

std::string shortened(const std::string& text) {
  constexpr std::size_t kMost = 60;
  if (text.size() <= kMost) return text;
  std::size_t end = kMost;  // not inside a character
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0) == 0x80) --end;
  return text.substr(0, end) + "…";
}

// Place an item stands.
struct Place {
  std::size_t split = 0;
  std::size_t item = 0;
};

std::vector<Index> answer_of(const ExaminedSplit& split, std::size_t item) {
  return {split.classes.begin() + split.offsets[item],
          split.classes.begin() + split.offsets[item + 1]};
}

std::string answer_text(const ExaminedData& data, const Place& where) {
  constexpr std::size_t kMost = 6;
  std::string text;
  const std::vector<Index> answer = answer_of(data.splits[where.split], where.item);
  for (std::size_t i = 0; i < answer.size() && i < kMost; ++i)
    text += (i > 0 ? " " : "") + data.labels[static_cast<std::size_t>(answer[i])];
  return answer.size() > kMost ? text + " …" : text;
}

// The first item with each content, and all later ones with the same: (first, later) in the order
// of the files.
using Repeats = std::vector<std::pair<Place, Place>>;

Repeats repeats_of(const ExaminedData& data, bool fold) {
  Repeats repeats;
  std::unordered_map<std::string, Place> first;
  Words words;
  for (std::size_t s = 0; s < data.splits.size(); ++s)
    for (std::size_t i = 0; i < data.splits[s].size(); ++i) {
      const std::string& content = data.splits[s].contents[i];
      const auto [found, is_new] =
          first.try_emplace(fold ? folded(content, words) : content, Place{s, i});
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
  const std::string& content(const Place& where) const {
    return data_.splits[where.split].contents[where.item];
  }
  std::string place(const Place& where) const {
    return data_.splits[where.split].place(where.item);
  }

  void take(const Place& first, const Place& later, Finding& within, Finding& across) {
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
    conflicts_.action = data_.several
                            ? "Look at them and relabel."
                            : "Look at them and relabel, or make the task one with several labels.";
    for (Finding* finding : {&across_, &near_across_, &conflicts_, &within_, &near_within_})
      if (finding->count > 0) findings.push_back(std::move(*finding));
  }

  const ExaminedData& data_;
  Finding within_, across_, near_within_, near_across_, conflicts_;
};

}  // namespace

void check_duplicates(const ExaminedData& data, std::vector<Finding>& findings) {
  DuplicateFindings(data).add(findings);
}

}  // namespace tailgrad
