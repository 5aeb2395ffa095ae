// The softmax of a block of rows and the way back from d L / d p to d L / d z, for losses that look
// at every probability. Neither p nor 1 - p loses digits, however sure a row is.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include <tailgrad/losses/row_batch.h>

namespace tailgrad {
inline namespace TAILGRAD_PRECISION {
namespace rows {

/// What RowSoftmax knows of every item of a batch, for a second pass.
struct StoredSoftmax {
  explicit StoredSoftmax(std::size_t items)
      : best(items), inverse(items), factor(items), best_rest(items) {}
  Scratch<std::int32_t> best;
  Scratch<Real> inverse;
  Scratch<Real> factor;
  Scratch<Real> best_rest;
};

/// The powers of a block of logits in block.e, and what makes probabilities of them. That of the
/// most probable class is 0: its 1 - p is known better as the sum of the others.
struct RowSoftmax {
  alignas(64) std::int32_t best[kMostRows];
  alignas(64) Real inverse[kMostRows];    // p of the best class
  alignas(64) Real factor[kMostRows];     // of the powers of the other classes
  alignas(64) Real best_rest[kMostRows];  // 1 - p of the best class
  const Real* powers;                     // of all classes

  template <class Layout>
  RowSoftmax(const Layout& at, const Block& block) : powers(block.e) {
    const Real* z = block.z;
    RowPowers found;
    at.powers_but_best(block.e, best, found,
                       [&](std::int32_t, std::size_t, std::size_t i) { return z[i]; });
    for (std::size_t r = 0; r < at.rows(); ++r) {
      // An infinite logit becomes a NaN and is found.
      inverse[r] = 1 / (1 + 0 * found.top[r] + found.others[r]);
      factor[r] = inverse[r] * found.unit[r];
      best_rest[r] = found.others[r] * inverse[r];
    }
  }
  /// The same from what store() kept; the logits of the block are the powers of the first pass.
  template <class Layout>
  RowSoftmax(const Layout& at, const Block& block, const StoredSoftmax& from) : powers(block.z) {
    for (std::size_t r = 0; r < at.rows(); ++r) {
      const bool item = r < block.count;
      best[r] = item ? from.best[block.item + r] : 0;
      inverse[r] = item ? from.inverse[block.item + r] : 0;
      factor[r] = item ? from.factor[block.item + r] : 0;
      best_rest[r] = item ? from.best_rest[block.item + r] : 0;
    }
  }
  void store(const Block& block, const StoredSoftmax& to) const {
    std::copy_n(best, block.count, to.best.data() + block.item);
    std::copy_n(inverse, block.count, to.inverse.data() + block.item);
    std::copy_n(factor, block.count, to.factor.data() + block.item);
    std::copy_n(best_rest, block.count, to.best_rest.data() + block.item);
  }
  /// p from the number in block.e.
  Real p(std::int32_t k, std::size_t r, Real power) const {
    return select(is_own(k, best[r]), inverse[r], power * factor[r]);
  }
  Real rest(std::int32_t k, std::size_t r, Real p_k) const {
    return select(is_own(k, best[r]), best_rest[r], 1 - p_k);
  }
};

// Replaces block.e by the gradient scale weight d L / d z of a loss L of each row, and returns the
// weighted sum of L:
//
//   marked(k, p, 1 - p, y, loss)   d L / d p of an element with mark y = 0 or 1, and its part of L
//   plain(k, p, 1 - p, loss)       the same for y = 0; the part of L is 0 for p = 0
//
// d L / d z_k = p_k (g_k - sum_j p_j g_j), and for the best class (1-p) p g - p (sum of the
// others), where 1 minus a probability near 1 would lose all digits.

template <class Marked, class Plain>
double pull_through_softmax(const SideBySide& at, const Block& block, const RowSoftmax& softmax,
                            Real scale, const Marked& marked, const Plain&) {
  Real* const product = block.room;
  const Real* const power = softmax.powers;
  const std::int32_t* y = block.y;
  alignas(64) Real loss[kMostRows];
  alignas(64) Real all[kMostRows];  // sum of p_j g_j: first of the others, then of all
  alignas(64) Real at_best[kMostRows];
  alignas(64) Real factor[kMostRows];
  at.two_sums(product, loss, all,
              [&](std::int32_t k, std::size_t r, std::size_t i, Real& loss_k, Real& other) {
                const Real p = softmax.p(k, r, power[i]);
                const Real mark = select(is_own(k, y[r]), 1, 0);
                const Real g = p * marked(k, p, softmax.rest(k, r, p), mark, loss_k);
                other = select(is_own(k, softmax.best[r]), 0, g);
                return g;
              });
  for (std::size_t r = 0; r < at.rows(); ++r) {
    const Real own = product[at.place(static_cast<std::size_t>(softmax.best[r]), r)];
    factor[r] = scale * block.weight[r];
    at_best[r] = factor[r] * (softmax.best_rest[r] * own - softmax.inverse[r] * all[r]);
    all[r] = (own + all[r]) * softmax.factor[r];
    loss[r] *= block.weight[r];
  }
  at.each(block.e, [&](std::int32_t k, std::size_t r, std::size_t i, Real) {
    return select(is_own(k, softmax.best[r]), at_best[r],
                  factor[r] * (product[i] - power[i] * all[r]));
  });
  return at.total(loss);
}

// The best and the true class stand apart, so that the loops over the others select nothing.
template <class Marked, class Plain>
double pull_through_softmax(const OneByOne& at, const Block& block, const RowSoftmax& softmax,
                            Real scale, const Marked& marked, const Plain& plain) {
  double sum = 0;
  for (std::size_t r = 0; r < at.rows(); ++r) {
    const OneByOne one{at.classes, 1};
    const std::size_t first = at.place(0, r);
    const auto best = static_cast<std::size_t>(softmax.best[r]);
    const auto own = static_cast<std::size_t>(block.y[r]);
    const Real inverse = softmax.inverse[r];
    const Real unit = softmax.factor[r];
    Real* const e = block.e + first;
    Real* const product = block.room;

    Real best_loss = 0;
    const Real best_g = inverse * marked(softmax.best[r], inverse, softmax.best_rest[r],
                                         own == best ? Real{1} : Real{0}, best_loss);
    Real own_loss = 0;
    Real own_g = 0;
    const Real own_power = e[own];  // of the best class 0
    if (own != best) {
      const Real p = own_power * unit;
      own_g = p * marked(block.y[r], p, 1 - p, Real{1}, own_loss);
    }
    Real loss = 0;
    Real others = 0;
    e[own] = 0;
    one.two_sums(product, &loss, &others,
                 [&](std::int32_t k, std::size_t, std::size_t i, Real& loss_k, Real& other) {
                   const Real p = e[i] * unit;
                   other = p * plain(k, p, 1 - p, loss_k);
                   return other;
                 });
    others += own_g;
    loss += best_loss + own_loss;
    const Real factor = scale * block.weight[r];
    const Real all = (best_g + others) * unit;
    one.each(e, [&](std::int32_t, std::size_t, std::size_t i, Real power) {
      return factor * (product[i] - power * all);
    });
    e[own] = factor * (own_g - own_power * all);
    e[best] = factor * (softmax.best_rest[r] * best_g - inverse * others);
    sum += static_cast<double>(block.weight[r] * loss);
  }
  return sum;
}

}  // namespace rows
}  // namespace TAILGRAD_PRECISION
}  // namespace tailgrad
