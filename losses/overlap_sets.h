// Overlap losses whose sets run through the whole batch (scope=class, scope=batch). They do not
// decompose: the sums of all shards come before the gradient of any.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <tailgrad/core/parallel.h>
#include <tailgrad/losses/elements.h>
#include <tailgrad/losses/frame.h>
#include <tailgrad/losses/overlap_rules.h>
#include <tailgrad/losses/overlap_softmax.h>

namespace tailgrad {
inline namespace TAILGRAD_PRECISION {
namespace rows {

struct SetOptions {
  bool by_class = false;  ///< one set a class; else one in all
  bool sigmoid = false;
  /// The loss of the published repository whose numerator is an item's and whose denominator is
  /// the batch's: the factor of scope=class is divided by the number of items.
  bool shrunk = false;
};

/// The marks of a row as numbers; null for an ignored item.
class RowMarks {
 public:
  RowMarks(const LossFrame& frame, const Targets& targets, std::size_t columns)
      : frame_(frame), targets_(targets), columns_(columns), marks_(columns) {
    std::fill(marks_.begin(), marks_.end(), Real{0});
  }
  const Real* row(std::size_t item) {
    Real* __restrict marks = marks_.data();
    if (!targets_.marks.empty()) {
      const std::uint8_t* from = targets_.marks.data() + item * columns_;
      for (std::size_t k = 0; k < columns_; ++k) marks[k] = static_cast<Real>(from[k]);
      return marks;
    }
    if (frame_.is_ignored(targets_.classes[item])) return nullptr;
    const auto y = static_cast<std::size_t>(targets_.classes[item]);
    // One column: the label itself is the mark.
    const std::size_t marked = columns_ == 1 ? 0 : y;
    const Real mark = columns_ == 1 ? static_cast<Real>(y) : Real{1};
    for (std::size_t k = 0; k < columns_; ++k) marks[k] = is_own(k, marked) ? mark : Real{0};
    return marks;
  }

 private:
  const LossFrame& frame_;
  const Targets& targets_;
  std::size_t columns_;
  Scratch<Real> marks_;
};

template <class Rule>
class OverlapOfSets final : public Loss {
 public:
  OverlapOfSets(LossFrame frame, Rule rule, SetOptions options)
      : frame_(std::move(frame)), rule_(rule), options_(options) {
    frame_.refuse_weights("its sets run through items of all classes");
  }

  LossOutput operator()(const Tensor& logits, const Targets& targets, const LossPass& pass,
                        Where where) const override {
    const LossFrame::Call call = check(logits, targets, where);
    Scratch<Real> gradient;
    if (wants_gradient(logits)) gradient = Scratch<Real>(logits.size());
    // Between the two passes the memory of the gradient holds the powers of the softmax.
    const bool two_passes = pass.statistics.empty() && !options_.sigmoid && call.columns > 1;
    const StoredSoftmax softmax(two_passes ? call.items : 0);
    Scratch<double> own;
    std::span<const double> total = pass.statistics;
    if (total.empty()) {
      own = collect(call, logits, targets, where, two_passes ? gradient.data() : nullptr, &softmax);
      total = {own.data(), own.size()};
    }
    const std::size_t sets = sets_of(call);
    frame_.check_statistics(pass, 1 + 3 * sets, where);
    const double items = total[0];
    Rule rule = rule_;
    if constexpr (requires { rule.factor; }) {
      if (options_.shrunk && items > 0)
        rule.factor = static_cast<Real>(static_cast<double>(rule.factor) / items);
    }
    // One item's share of the sum is the value, so the sum over all shards has items times its
    // derivative. Derivatives are kept one a class, whatever the sets.
    double value = 0;
    const std::size_t classes = width(call);
    const Slopes by(classes);
    for (std::size_t set = 0; set < sets; ++set) {
      const OverlapLoss<double> loss = rule.template set<double>(
          total[1 + set], total[1 + sets + set], total[1 + 2 * sets + set]);
      value += loss.loss;
      const std::size_t end = sets == 1 ? classes : set + 1;
      for (std::size_t k = set; k < end; ++k) {
        by.i[k] = static_cast<Real>(items * loss.by_i);
        by.a[k] = static_cast<Real>(items * loss.by_a);
        by.b[k] = static_cast<Real>(items * loss.by_b);
      }
    }
    const double scale = stored_scale(pass, call.counted);
    if (gradient.data() != nullptr) {
      if (options_.sigmoid)
        write_sigmoid(call, logits, targets, rule, by, static_cast<Real>(scale), gradient.data());
      else
        write_softmax(call, logits, targets, pass, rule, by, static_cast<Real>(scale),
                      gradient.data(), two_passes ? &softmax : nullptr, where);
    }
    return finish_loss(frame_.name().c_str(), logits, value * call.counted, call.counted,
                       std::move(gradient), scale);
  }
  double normaliser(const Targets& targets, Index columns) const override {
    return (options_.sigmoid ? frame_.check_marks(targets, columns, {})
                             : frame_.check_classes(targets, columns, {}))
        .counted;
  }
  std::string text() const override { return frame_.text(); }
  std::vector<std::string> warnings() const override { return frame_.warnings(); }
  bool decomposes() const override { return false; }

  /// Items, then I, A, B of every set.
  std::vector<double> statistics(const Tensor& logits, const Targets& targets) const override {
    const Scratch<double> sums =
        collect(check(logits, targets, {}), logits, targets, {}, nullptr, nullptr);
    return {sums.begin(), sums.end()};
  }

 private:
  /// d L / d I, A, B of the set that a class belongs to.
  struct Slopes {
    explicit Slopes(std::size_t classes)
        : memory(3 * classes), i(memory.data()), a(i + classes), b(a + classes) {}
    Scratch<Real> memory;
    Real* i;
    Real* a;
    Real* b;
  };

  LossFrame::Call check(const Tensor& logits, const Targets& targets, const Where& where) const {
    return options_.sigmoid ? frame_.check_marks(logits, targets, where)
                            : frame_.check_classes(logits, targets, where);
  }
  std::size_t width(const LossFrame::Call& call) const {
    return options_.sigmoid ? call.columns : call.classes;
  }
  std::size_t sets_of(const LossFrame::Call& call) const {
    return options_.by_class ? width(call) : 1;
  }

  // With `powers` [items, columns] these and `softmax` keep the softmax of all rows.
  Scratch<double> collect(const LossFrame::Call& call, const Tensor& logits, const Targets& targets,
                          const Where& where, Real* powers, const StoredSoftmax* stored) const {
    const std::size_t classes = width(call);
    const LossPass pass;
    const RowBatch batch =
        RowBatch(frame_, call, logits, targets, pass, powers, {.piece = 256, .block = 4096})
            .to_blocks();
    const std::size_t pieces = batch.pieces();
    const Scratch<double> partial(pieces * 3 * classes);
    std::fill(partial.begin(), partial.end(), 0.0);
    const auto sums_of = [&](std::size_t item) {
      return partial.data() + batch.piece_of(item) * 3 * classes;
    };
    if (options_.sigmoid)
      collect_sigmoid(call, logits, targets, batch.piece(), sums_of);
    else
      batch.run(
          [&](const auto& at, const Block& block) {
            const RowSoftmax softmax(at, block);
            if (powers != nullptr) softmax.store(block, *stored);
            add_block(at, block, softmax, sums_of(block.item));
            return 0.0;
          },
          where);
    const std::size_t sets = sets_of(call);
    Scratch<double> total(1 + 3 * sets);
    std::fill(total.begin(), total.end(), 0.0);
    total[0] = call.counted;
    for (std::size_t piece = 0; piece < pieces; ++piece) {
      for (std::size_t j = 0; j < 3 * classes; ++j) {
        const double value = partial[piece * 3 * classes + j];
        if (!std::isfinite(value))
          frame_.fail_not_finite(logits, targets, piece * batch.piece(),
                                 std::min(call.items, (piece + 1) * batch.piece()), where);
        total[1 + (sets == 1 ? j / classes : j)] += value;
      }
    }
    return total;
  }

  // The sums I, A, B of the classes stand one after the other; with one set for all, each in its
  // first place. Only true classes have terms in I and B.
  template <class Layout>
  void add_block(const Layout& at, const Block& block, const RowSoftmax& softmax,
                 double* sums) const {
    const Rule rule = rule_;
    const std::int32_t* y = block.y;
    Real* const power = block.e;
    const Real* counts = block.weight;
    double* const a_sums = sums + at.classes;
    double* const b_sums = a_sums + at.classes;
    // The best class has a power of 0, the true one gets it for a while: so the loops over all
    // classes select nothing.
    alignas(64) Real own_power[kMostRows];
    for (std::size_t r = 0; r < at.rows(); ++r)
      own_power[r] = std::exchange(power[at.place(static_cast<std::size_t>(y[r]), r)], Real{0});
    const auto plain = [&](std::int32_t, std::size_t r, std::size_t i) {
      const Real p = power[i] * softmax.factor[r];
      return counts[r] * rule.plain_term(p, 1 - p);
    };
    alignas(64) Real own_i[kMostRows];
    alignas(64) Real own_a[kMostRows];
    alignas(64) Real own_b[kMostRows];
    alignas(64) Real best_a[kMostRows];
    for (std::size_t r = 0; r < at.rows(); ++r) {
      const Real p = softmax.p(y[r], r, own_power[r]);
      const OverlapSums t = rule.terms(p, softmax.rest(y[r], r, p), 1);
      own_i[r] = counts[r] * t.i;
      own_a[r] = counts[r] * t.a;
      own_b[r] = counts[r] * t.b;
      const Real of_best = rule.plain_term(softmax.inverse[r], softmax.best_rest[r]);
      best_a[r] = counts[r] * select(is_own(softmax.best[r], y[r]), 0, of_best);
    }
    if (options_.by_class) {
      at.add_columns(a_sums, plain);
      for (std::size_t r = 0; r < block.count; ++r) {
        const auto k = static_cast<std::size_t>(y[r]);
        sums[k] += static_cast<double>(own_i[r]);
        a_sums[k] += static_cast<double>(own_a[r]);
        b_sums[k] += static_cast<double>(own_b[r]);
        a_sums[softmax.best[r]] += static_cast<double>(best_a[r]);
      }
    } else {
      alignas(64) Real of_row[kMostRows];
      at.sums(of_row, plain);
      for (std::size_t r = 0; r < at.rows(); ++r) of_row[r] += own_a[r] + best_a[r];
      sums[0] += at.total(own_i);
      a_sums[0] += at.total(of_row);
      b_sums[0] += at.total(own_b);
    }
    for (std::size_t r = 0; r < at.rows(); ++r)
      power[at.place(static_cast<std::size_t>(y[r]), r)] = own_power[r];
  }

  // `stored`: what collect() kept, with the powers where the gradient goes.
  void write_softmax(const LossFrame::Call& call, const Tensor& logits, const Targets& targets,
                     const LossPass& pass, const Rule& general_rule, const Slopes& by, Real scale,
                     Real* gradient, const StoredSoftmax* stored, const Where& where) const {
    const RowBatch batch(frame_, call, logits, targets, pass, gradient);
    const auto write = [&]<class Layout>(const Layout& at, const Block& block) {
      const Rule rule = general_rule;
      const RowSoftmax softmax =
          stored != nullptr ? RowSoftmax(at, block, *stored) : RowSoftmax(at, block);
      const OfClasses<Layout> by_i(by.i, at.classes);
      const OfClasses<Layout> by_a(by.a, at.classes);
      const OfClasses<Layout> by_b(by.b, at.classes);
      return pull_through_softmax(
          at, block, softmax, scale,
          [&](std::int32_t k, Real p, Real rest, Real mark, Real& loss) {
            loss = 0;
            return rule.slope(p, rest, mark, by_i[k], by_a[k], by_b[k]);
          },
          [&](std::int32_t k, Real p, Real rest, Real& loss) {
            loss = 0;
            return rule.plain_slope(p, rest, by_a[k]);
          });
    };
    (stored != nullptr ? batch.from_blocks(gradient) : batch).run(write, where);
  }

  template <class SumsOf>
  void collect_sigmoid(const LossFrame::Call& call, const Tensor& logits, const Targets& targets,
                       std::size_t rows_a_piece, const SumsOf& sums_of) const {
    const std::size_t columns = call.columns;
    parallel_for(call.items, rows_a_piece, [&](std::size_t begin, std::size_t end) {
      const Rule rule = rule_;
      RowMarks marks(frame_, targets, columns);
      for (std::size_t item = begin; item < end; ++item) {
        const Real* y = marks.row(item);
        if (y == nullptr) continue;
        const Real* z = logits.data() + item * columns;
        double* __restrict sums = sums_of(begin);
#pragma GCC ivdep
        for (std::size_t k = 0; k < columns; ++k) {
          const Sigmoid s(z[k]);
          // An infinite logit becomes a NaN and is found.
          const OverlapSums t = rule.terms(s.p + 0 * z[k], s.rest, y[k]);
          sums[k] += static_cast<double>(t.i);
          sums[columns + k] += static_cast<double>(t.a);
          sums[2 * columns + k] += static_cast<double>(t.b);
        }
      }
    });
  }

  void write_sigmoid(const LossFrame::Call& call, const Tensor& logits, const Targets& targets,
                     const Rule& general_rule, const Slopes& by, Real scale, Real* gradient) const {
    const std::size_t columns = call.columns;
    parallel_for(call.items, std::max<std::size_t>(1, kPieceSize / columns),
                 [&](std::size_t begin, std::size_t end) {
                   const Rule rule = general_rule;
                   RowMarks marks(frame_, targets, columns);
                   for (std::size_t item = begin; item < end; ++item) {
                     Real* __restrict to = gradient + item * columns;
                     const Real* y = marks.row(item);
                     if (y == nullptr) {
                       std::fill_n(to, columns, Real{0});
                       continue;
                     }
                     const Real* z = logits.data() + item * columns;
#pragma GCC ivdep
                     for (std::size_t k = 0; k < columns; ++k) {
                       const Sigmoid s(z[k]);
                       to[k] = scale * s.p * s.rest *
                               rule.slope(s.p, s.rest, y[k], by.i[k], by.a[k], by.b[k]);
                     }
                   }
                 });
  }

  LossFrame frame_;
  Rule rule_;
  SetOptions options_;
};

}  // namespace rows
}  // namespace TAILGRAD_PRECISION
}  // namespace tailgrad
