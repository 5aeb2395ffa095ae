// Overlap losses over rows of probabilities: of every element by itself (scope=example, which
// decomposes) or of sets that run through the whole batch (scope=class, scope=batch).
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include <tailgrad/core/parallel.h>
#include <tailgrad/losses/elements.h>
#include <tailgrad/losses/frame.h>
#include <tailgrad/losses/overlap_rules.h>

namespace tailgrad {
inline namespace TAILGRAD_PRECISION {
namespace rows {

enum class Scope { example, by_class, batch };

struct OverlapOptions {
  Scope scope = Scope::example;
  bool sigmoid = false;
  /// The loss of the published repository whose numerator is an item's and whose denominator is
  /// the batch's: the factor of scope=class is divided by the number of items.
  bool shrunk = false;
};

/// Room for one row: probabilities, 1 minus them, and three more.
struct RowRoom {
  explicit RowRoom(std::size_t columns)
      : size(std::max(columns, kLanes)),
        memory(5 * size),
        p(memory.data()),
        rest(p + size),
        first(rest + size),
        second(first + size),
        third(second + size) {}
  std::size_t size;
  Scratch<Real> memory;
  Real* p;
  Real* rest;
  Real* first;
  Real* second;
  Real* third;
};

/// The size of a row, as a constant for short rows: then its loops have no heads and tails.
template <std::size_t kSize>
std::size_t size_of(const RowRoom& room) {
  return kSize != 0 ? kSize : room.size;
}

/// Calls run(constant), with the constant kLanes for rows of at most that many columns, else 0.
template <class Run>
void with_size(std::size_t columns, const Run& run) {
  if (columns <= kLanes)
    run(std::integral_constant<std::size_t, kLanes>{});
  else
    run(std::integral_constant<std::size_t, 0>{});
}

/// Probabilities of a row with their complements, neither losing digits. Returns the most probable
/// class (softmax). As in true_class.h, what differs there is selected, not stored afterwards.
template <std::size_t kSize>
std::size_t probabilities(const Real* z, std::size_t columns, bool sigmoid, const RowRoom& room) {
  Real* __restrict p = room.p;
  Real* __restrict rest = room.rest;
  if (sigmoid) {
    for (std::size_t k = 0; k < columns; ++k) {
      const Sigmoid s(z[k]);
      p[k] = s.p + 0 * z[k];  // an infinite logit becomes a NaN and is found
      rest[k] = s.rest;
    }
    for (std::size_t k = columns; k < room.size; ++k) {
      p[k] = 0;
      rest[k] = 1;
    }
    return 0;
  }
  const Real* x = z;
  if (columns < kLanes) {  // one column z stands for the logits (0, z)
    std::fill_n(room.first, kLanes, kMinusInfinity);
    if (columns == 1) room.first[0] = 0;
    std::copy_n(z, columns, room.first + (columns == 1 ? 1 : 0));
    x = room.first;
  }
  const std::size_t size = size_of<kSize>(room);
  const Real top = max_of(x, size);
  const std::size_t best = find(x, size, top);
  const Real best_e = 1 + 0 * top;  // 1, or NaN
  for (std::size_t k = 0; k < size; ++k) {
    const Real e = kernels::exp(x[k] - top);
    p[k] = is_own(k, best) ? Real{0} : e;
  }
  const Real others = sum_of(p, size);
  const Real inverse = 1 / (best_e + others);
  const Real best_rest = others * inverse;
  for (std::size_t k = 0; k < size; ++k) {
    const Real share = p[k] * inverse;
    p[k] = is_own(k, best) ? inverse : share;
    rest[k] = is_own(k, best) ? best_rest : 1 - share;
  }
  return best;
}

/// d L / d z of a row from d L / d p, times `scale`.
template <std::size_t kSize>
void to_logits(const Real* by_p, std::size_t columns, bool sigmoid, std::size_t best,
               const RowRoom& room, Real scale, Real* __restrict gradient) {
  const Real* p = room.p;
  const std::size_t size = size_of<kSize>(room);
  if (sigmoid) {
    for (std::size_t k = 0; k < columns; ++k) gradient[k] = scale * by_p[k] * p[k] * room.rest[k];
    return;
  }
  // p_j (g_j - sum_k p_k g_k), and for the most probable class p_j ((1-p_j) g_j - sum of the
  // others), where 1 minus a probability near 1 would lose all digits.
  Real* __restrict product = room.second;
  for (std::size_t k = 0; k < size; ++k) product[k] = is_own(k, best) ? Real{0} : p[k] * by_p[k];
  const Real others = sum_of(product, size);
  const Real all = others + p[best] * by_p[best];
  const Real at_best = scale * p[best] * (room.rest[best] * by_p[best] - others);
  if (columns == 1) {
    gradient[0] = best == 1 ? at_best : scale * p[1] * (by_p[1] - all);
    return;
  }
  if (columns == size) {
    for (std::size_t k = 0; k < size; ++k)
      gradient[k] = is_own(k, best) ? at_best : scale * p[k] * (by_p[k] - all);
    return;
  }
  for (std::size_t k = 0; k < columns; ++k) gradient[k] = scale * p[k] * (by_p[k] - all);
  gradient[best] = at_best;
}

/// The marks of a row as numbers; null for an ignored item.
class RowMarks {
 public:
  RowMarks(const LossFrame& frame, const Targets& targets, std::size_t columns, bool sigmoid)
      : frame_(frame),
        targets_(targets),
        columns_(columns),
        sigmoid_(sigmoid),
        marks_(std::max(columns, kLanes)) {
    std::fill(marks_.begin(), marks_.end(), Real{0});
  }
  template <std::size_t kSize>
  const Real* row(std::size_t i) {
    Real* __restrict marks = marks_.data();
    if (!targets_.marks.empty()) {
      const std::uint8_t* from = targets_.marks.data() + i * columns_;
      for (std::size_t k = 0; k < columns_; ++k) marks[k] = static_cast<Real>(from[k]);
      return marks;
    }
    if (frame_.is_ignored(targets_.classes[i])) return nullptr;
    const auto y = static_cast<std::size_t>(targets_.classes[i]);
    const bool single = sigmoid_ && columns_ == 1;
    const std::size_t marked = single ? 0 : y;
    const Real mark = single ? static_cast<Real>(y) : Real{1};
    const std::size_t size = kSize != 0 ? kSize : marks_.size();
    for (std::size_t k = 0; k < size; ++k) marks[k] = is_own(k, marked) ? mark : Real{0};
    return marks;
  }

 private:
  const LossFrame& frame_;
  const Targets& targets_;
  std::size_t columns_;
  bool sigmoid_;
  Scratch<Real> marks_;
};

template <class Rule>
class OverlapLossOf final : public Loss {
 public:
  OverlapLossOf(LossFrame frame, Rule rule, OverlapOptions options)
      : frame_(std::move(frame)), rule_(rule), options_(options) {
    if (!decomposes()) frame_.refuse_weights("its sets run through items of all classes");
  }

  LossOutput operator()(const Tensor& logits, const Targets& targets, const LossPass& pass,
                        Where where) const override {
    const LossFrame::Call call = check(logits, targets, where);
    return decomposes() ? by_example(call, logits, targets, pass, where)
                        : by_sets(call, logits, targets, pass, where);
  }
  double normaliser(const Targets& targets, Index columns) const override {
    return (options_.sigmoid ? frame_.check_marks(targets, columns, {})
                             : frame_.check_classes(targets, columns, {}))
        .counted;
  }
  std::string text() const override { return frame_.text(); }
  std::vector<std::string> warnings() const override { return frame_.warnings(); }
  bool decomposes() const override { return options_.scope == Scope::example; }

  /// Items, then I, A, B of every set.
  std::vector<double> statistics(const Tensor& logits, const Targets& targets) const override {
    if (decomposes()) return {};
    const Scratch<double> sums = collect(check(logits, targets, {}), logits, targets, {});
    return {sums.begin(), sums.end()};
  }

 private:
  LossFrame::Call check(const Tensor& logits, const Targets& targets, const Where& where) const {
    return options_.sigmoid ? frame_.check_marks(logits, targets, where)
                            : frame_.check_classes(logits, targets, where);
  }
  std::size_t width(const LossFrame::Call& call) const {
    return options_.sigmoid ? call.columns : call.classes;
  }
  static std::size_t grain(const LossFrame::Call& call) {
    return std::max<std::size_t>(1, 16384 / call.columns);
  }

  LossOutput by_example(const LossFrame::Call& call, const Tensor& logits, const Targets& targets,
                        const LossPass& pass, const Where& where) const {
    if (!targets.marks.empty())
      frame_.refuse_weights("an item with several classes has no class to weigh it by");
    const double scale = stored_scale(pass, call.counted);
    Scratch<Real> gradient;
    if (wants_gradient(logits)) gradient = Scratch<Real>(logits.size());
    const std::size_t rows_a_piece = grain(call);
    const std::size_t columns = call.columns;
    Scratch<double> sums((call.items + rows_a_piece - 1) / rows_a_piece);
    parallel_for(call.items, rows_a_piece, [&](std::size_t begin, std::size_t end) {
      with_size(columns, [&]<std::size_t kSize>(std::integral_constant<std::size_t, kSize>) {
        sums[begin / rows_a_piece] =
            examples<kSize>(begin, end, logits, targets, gradient.data(), static_cast<Real>(scale));
      });
    });
    const double sum = add_up(sums, rows_a_piece, call, logits, targets, where);
    return finish_loss(frame_.name().c_str(), logits, sum, call.counted, std::move(gradient),
                       scale);
  }

  /// The loss of items [begin, end).
  template <std::size_t kSize>
  double examples(std::size_t begin, std::size_t end, const Tensor& logits, const Targets& targets,
                  Real* gradient, Real scale) const {
    const auto columns = static_cast<std::size_t>(logits.cols());
    const RowRoom room(columns);
    RowMarks marks(frame_, targets, columns, options_.sigmoid);
    const std::size_t size = size_of<kSize>(room);
    double sum = 0;
    for (std::size_t i = begin; i < end; ++i) {
      Real* to = gradient != nullptr ? gradient + i * columns : nullptr;
      const Real* y = marks.template row<kSize>(i);
      if (y == nullptr) {
        if (to != nullptr) std::fill_n(to, columns, Real{0});
        continue;
      }
      const Real weight = frame_.weights() != nullptr && targets.marks.empty()
                              ? frame_.weights()[static_cast<std::size_t>(targets.classes[i])]
                              : Real{1};
      const std::size_t best =
          probabilities<kSize>(logits.data() + i * columns, columns, options_.sigmoid, room);
      const Rule rule = rule_;
      const Real* p = room.p;
      const Real* rest = room.rest;
      Real* __restrict loss = room.second;
      Real* __restrict by_p = room.first;
      for (std::size_t k = 0; k < size; ++k) {
        const OverlapSums t = rule.terms(p[k], rest[k], y[k]);
        const OverlapLoss<Real> set = rule.set(t.i, t.a, t.b);
        loss[k] = set.loss;
        by_p[k] = rule.slope(p[k], rest[k], y[k], set.by_i, set.by_a, set.by_b);
      }
      sum += static_cast<double>(weight * sum_of(loss, size));
      if (to != nullptr)
        to_logits<kSize>(by_p, columns, options_.sigmoid, best, room, weight * scale, to);
    }
    return sum;
  }

  double add_up(const Scratch<double>& sums, std::size_t rows_a_piece, const LossFrame::Call& call,
                const Tensor& logits, const Targets& targets, const Where& where) const {
    double sum = 0;
    for (std::size_t piece = 0; piece < sums.size(); ++piece) {
      if (!std::isfinite(sums[piece]))
        frame_.fail_not_finite(logits, targets, piece * rows_a_piece,
                               std::min(call.items, (piece + 1) * rows_a_piece), where);
      sum += sums[piece];
    }
    return sum;
  }

  Scratch<double> collect(const LossFrame::Call& call, const Tensor& logits, const Targets& targets,
                          const Where& where) const {
    const std::size_t columns = call.columns;
    const std::size_t classes = width(call);
    const std::size_t sets = options_.scope == Scope::batch ? 1 : classes;
    const std::size_t rows_a_piece = std::max<std::size_t>(grain(call), 256);
    const std::size_t pieces = (call.items + rows_a_piece - 1) / rows_a_piece;
    const Scratch<double> partial(pieces * 3 * sets);
    std::fill(partial.begin(), partial.end(), 0.0);
    const auto add = [&]<std::size_t kSize>(std::integral_constant<std::size_t, kSize>,
                                            std::size_t begin, std::size_t end) {
      const RowRoom room(columns);
      const std::size_t size = size_of<kSize>(room);
      RowMarks marks(frame_, targets, columns, options_.sigmoid);
      double* __restrict i_sum = partial.data() + begin / rows_a_piece * 3 * sets;
      double* __restrict a_sum = i_sum + sets;
      double* __restrict b_sum = a_sum + sets;
      for (std::size_t i = begin; i < end; ++i) {
        const Real* y = marks.template row<kSize>(i);
        if (y == nullptr) continue;
        probabilities<kSize>(logits.data() + i * columns, columns, options_.sigmoid, room);
        const Rule rule = rule_;
        const Real* p = room.p;
        const Real* rest = room.rest;
        if (sets > 1) {
          for (std::size_t k = 0; k < classes; ++k) {
            const OverlapSums t = rule.terms(p[k], rest[k], y[k]);
            i_sum[k] += static_cast<double>(t.i);
            a_sum[k] += static_cast<double>(t.a);
            b_sum[k] += static_cast<double>(t.b);
          }
          continue;
        }
        // Beyond the classes all terms are 0.
        Real* __restrict i_terms = room.first;
        Real* __restrict a_terms = room.second;
        Real* __restrict b_terms = room.third;
        for (std::size_t k = 0; k < size; ++k) {
          const OverlapSums t = rule.terms(p[k], rest[k], y[k]);
          i_terms[k] = t.i;
          a_terms[k] = t.a;
          b_terms[k] = t.b;
        }
        i_sum[0] += static_cast<double>(sum_of(i_terms, size));
        a_sum[0] += static_cast<double>(sum_of(a_terms, size));
        b_sum[0] += static_cast<double>(sum_of(b_terms, size));
      }
    };
    parallel_for(call.items, rows_a_piece, [&](std::size_t begin, std::size_t end) {
      with_size(columns, [&](auto row_size) { add(row_size, begin, end); });
    });
    Scratch<double> total(1 + 3 * sets);
    std::fill(total.begin(), total.end(), 0.0);
    total[0] = call.counted;
    for (std::size_t piece = 0; piece < pieces; ++piece) {
      for (std::size_t j = 0; j < 3 * sets; ++j) {
        const double value = partial[piece * 3 * sets + j];
        if (!std::isfinite(value))
          frame_.fail_not_finite(logits, targets, piece * rows_a_piece,
                                 std::min(call.items, (piece + 1) * rows_a_piece), where);
        total[1 + j] += value;
      }
    }
    return total;
  }

  LossOutput by_sets(const LossFrame::Call& call, const Tensor& logits, const Targets& targets,
                     const LossPass& pass, const Where& where) const {
    Scratch<double> own;
    std::span<const double> total = pass.statistics;
    if (total.empty()) {
      own = collect(call, logits, targets, where);
      total = {own.data(), own.size()};
    }
    const std::size_t columns = call.columns;
    const std::size_t classes = width(call);
    const std::size_t sets = options_.scope == Scope::batch ? 1 : classes;
    frame_.check_statistics(pass, 1 + 3 * sets, where);
    const double items = total[0];
    Rule rule = rule_;
    if constexpr (requires { rule.factor; }) {
      if (options_.shrunk && items > 0)
        rule.factor = static_cast<Real>(static_cast<double>(rule.factor) / items);
    }
    double value = 0;
    const Scratch<Real> by(3 * sets);
    // One item's share of the sum is the value, so the sum over all shards has items times its
    // derivative.
    for (std::size_t set = 0; set < sets; ++set) {
      const OverlapLoss<double> loss = rule.template set<double>(
          total[1 + set], total[1 + sets + set], total[1 + 2 * sets + set]);
      value += loss.loss;
      by[set] = static_cast<Real>(items * loss.by_i);
      by[sets + set] = static_cast<Real>(items * loss.by_a);
      by[2 * sets + set] = static_cast<Real>(items * loss.by_b);
    }
    const double scale = stored_scale(pass, call.counted);
    Scratch<Real> gradient;
    if (wants_gradient(logits)) {
      gradient = Scratch<Real>(logits.size());
      const auto write = [&]<std::size_t kSize>(std::integral_constant<std::size_t, kSize>,
                                                std::size_t begin, std::size_t end) {
        const RowRoom room(columns);
        RowMarks marks(frame_, targets, columns, options_.sigmoid);
        std::fill_n(room.first, room.size, Real{0});
        for (std::size_t i = begin; i < end; ++i) {
          Real* to = gradient.data() + i * columns;
          const Real* y = marks.template row<kSize>(i);
          if (y == nullptr) {
            std::fill_n(to, columns, Real{0});
            continue;
          }
          const std::size_t best =
              probabilities<kSize>(logits.data() + i * columns, columns, options_.sigmoid, room);
          std::fill_n(room.first, room.size, Real{0});
          const Real* p = room.p;
          const Real* rest = room.rest;
          Real* __restrict by_p = room.first;
          const Real* by_i = by.data();
          const Real* by_a = by_i + sets;
          const Real* by_b = by_a + sets;
          if (sets == 1) {
            const Real all_i = by_i[0];
            const Real all_a = by_a[0];
            const Real all_b = by_b[0];
            for (std::size_t k = 0; k < classes; ++k)
              by_p[k] = rule.slope(p[k], rest[k], y[k], all_i, all_a, all_b);
          } else {
            for (std::size_t k = 0; k < classes; ++k)
              by_p[k] = rule.slope(p[k], rest[k], y[k], by_i[k], by_a[k], by_b[k]);
          }
          to_logits<kSize>(room.first, columns, options_.sigmoid, best, room,
                           static_cast<Real>(scale), to);
        }
      };
      parallel_for(call.items, grain(call), [&](std::size_t begin, std::size_t end) {
        with_size(columns, [&](auto row_size) { write(row_size, begin, end); });
      });
    }
    return finish_loss(frame_.name().c_str(), logits, value * call.counted, call.counted,
                       std::move(gradient), scale);
  }

  LossFrame frame_;
  Rule rule_;
  OverlapOptions options_;
};

}  // namespace rows
}  // namespace TAILGRAD_PRECISION
}  // namespace tailgrad
