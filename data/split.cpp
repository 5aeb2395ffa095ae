#include <tailgrad/data/split.h>

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include <tailgrad/core/error.h>
#include <tailgrad/core/random.h>

namespace tailgrad {

Split stratified_split(std::span<const Index> labels, Index classes, double share,
                       std::uint64_t seed) {
  if (!(share > 0 && share < 1)) {
    fail("stratified_split", fmt::format("share must be between 0 and 1; got {}", share));
  }
  std::vector<std::vector<Index>> members(static_cast<std::size_t>(std::max(classes, Index{0})));
  for (std::size_t i = 0; i < labels.size(); ++i) {
    if (labels[i] < 0 || labels[i] >= classes) {
      fail("stratified_split",
           fmt::format("needs labels from 0 to {}; got {}", classes - 1, labels[i]));
    }
    members[static_cast<std::size_t>(labels[i])].push_back(static_cast<Index>(i));
  }
  std::vector<std::size_t> out(members.size(), 0);
  std::size_t total = 0;
  for (std::size_t k = 0; k < members.size(); ++k) {
    if (members[k].empty()) continue;
    const double wanted = std::floor(static_cast<double>(members[k].size()) * share + 0.5);
    out[k] = std::min(static_cast<std::size_t>(wanted), members[k].size() - 1);
    total += out[k];
  }
  std::vector<bool> held(labels.size(), false);
  for (std::size_t k = 0; k < members.size(); ++k) {
    if (total == 0 && members[k].size() > 1) out[k] = 1;
    Random(seed, "held-out split", k).shuffle(members[k]);
    for (std::size_t i = 0; i < out[k]; ++i) held[static_cast<std::size_t>(members[k][i])] = true;
  }
  Split split;
  for (std::size_t i = 0; i < labels.size(); ++i) {
    (held[i] ? split.held_out : split.kept).push_back(static_cast<Index>(i));
  }
  return split;
}

namespace {

// Algorithm 1 of Sechidis et al. for two parts: how many more items of each class, and in all, the
// held-out part and the kept part want.
class MarkSplitter {
 public:
  MarkSplitter(std::span<const std::uint8_t> marks, Index classes, double share)
      : marks_(marks),
        width_(static_cast<std::size_t>(classes)),
        items_(marks.size() / width_),
        share_(share),
        left_(width_, 0),
        wanted_(width_),
        kept_(width_, 0),
        state_(items_, State::open) {
    for (std::size_t e = 0; e < marks.size(); ++e) left_[e % width_] += marks[e];
    for (std::size_t k = 0; k < width_; ++k)
      wanted_[k] = {std::floor(share * static_cast<double>(left_[k]) + 0.5), 0};
    for (std::size_t k = 0; k < width_; ++k)
      wanted_[k].kept = static_cast<double>(left_[k]) - wanted_[k].held;
    total_.held = std::floor(share * static_cast<double>(items_) + 0.5);
    total_.kept = static_cast<double>(items_) - total_.held;
  }

  Split run(std::uint64_t seed) {
    std::vector<Index> order(items_);
    for (std::size_t i = 0; i < items_; ++i) order[i] = static_cast<Index>(i);
    Random(seed, "held-out split", 0).shuffle(order);
    for (;;) {
      std::size_t rarest = width_;
      for (std::size_t k = 0; k < width_; ++k)
        if (left_[k] > 0 && (rarest == width_ || left_[k] < left_[rarest])) rarest = k;
      if (rarest == width_) break;
      for (const Index item : order)
        if (is_open(item) && has(item, rarest)) place(item, rarest);
    }
    for (const Index item : order)
      if (is_open(item)) assign(item, total_.held > 0 && total_.held >= share_ * open_total());
    Split split;
    for (std::size_t i = 0; i < items_; ++i)
      (state_[i] == State::held ? split.held_out : split.kept).push_back(static_cast<Index>(i));
    return split;
  }

 private:
  enum class State : std::uint8_t { open, held, kept };
  struct Wanted {
    double held = 0;
    double kept = 0;
  };

  bool is_open(Index item) const { return state_[static_cast<std::size_t>(item)] == State::open; }
  bool has(Index item, std::size_t k) const {
    return marks_[static_cast<std::size_t>(item) * width_ + k] != 0;
  }
  double open_total() const { return total_.held + total_.kept; }

  // Where the item's class is wanted more, measured in shares of what each part gets.
  void place(Index item, std::size_t k) {
    const double held = wanted_[k].held / share_;
    const double kept = wanted_[k].kept / (1 - share_);
    const bool out = held != kept ? held > kept : total_.held / share_ > total_.kept / (1 - share_);
    assign(item, out && wanted_[k].held > 0 && leaves_one(item));
  }

  bool leaves_one(Index item) const {
    for (std::size_t k = 0; k < width_; ++k)
      if (has(item, k) && kept_[k] == 0 && left_[k] <= 1) return false;
    return true;
  }

  void assign(Index item, bool out) {
    state_[static_cast<std::size_t>(item)] = out ? State::held : State::kept;
    (out ? total_.held : total_.kept) -= 1;
    for (std::size_t k = 0; k < width_; ++k) {
      if (!has(item, k)) continue;
      --left_[k];
      (out ? wanted_[k].held : wanted_[k].kept) -= 1;
      kept_[k] += out ? 0 : 1;
    }
  }

  std::span<const std::uint8_t> marks_;
  std::size_t width_;
  std::size_t items_;
  double share_;
  std::vector<std::int64_t> left_;  // items of a class that no part has yet
  std::vector<Wanted> wanted_;
  std::vector<std::int64_t> kept_;
  std::vector<State> state_;
  Wanted total_ = {};
};

}  // namespace

Split stratified_split_marks(std::span<const std::uint8_t> marks, Index classes, double share,
                             std::uint64_t seed) {
  if (!(share > 0 && share < 1)) {
    fail("stratified_split", fmt::format("share must be between 0 and 1; got {}", share));
  }
  if (classes < 1 || marks.size() % static_cast<std::size_t>(classes) != 0) {
    fail("stratified_split",
         fmt::format("{} marks do not make rows of {} classes", marks.size(), classes));
  }
  return MarkSplitter(marks, classes, share).run(seed);
}

}  // namespace tailgrad
