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
  explicit StoredSoftmax(std::size_t items) : best(items), inverse(items), best_rest(items) {}
  Scratch<std::int32_t> best;
  Scratch<Real> inverse;
  Scratch<Real> best_rest;
};

/// e^(z - max) in block.e, but 0 for the most probable class, whose 1 - p is known better as the
/// sum of the others; and what makes probabilities of it.
struct RowSoftmax {
  alignas(64) std::int32_t best[kMostRows];
  alignas(64) Real inverse[kMostRows];    // 1 over the sum of the powers: p of the best class
  alignas(64) Real best_rest[kMostRows];  // 1 - p of it

  template <class Layout>
  RowSoftmax(const Layout& at, const Block& block) {
    const Real* z = block.z;
    alignas(64) Real top[kMostRows];
    alignas(64) Real others[kMostRows];
    at.maxima(top, [&](std::int32_t, std::size_t, std::size_t i) { return z[i]; });
    at.find(z, top, best);
    at.each_sums(block.e, others, [&](std::int32_t k, std::size_t r, std::size_t i) {
      return kernels::exp_of_negative(select(is_own(k, best[r]), kMinusInfinity, z[i] - top[r]));
    });
    for (std::size_t r = 0; r < at.rows(); ++r) {
      inverse[r] =
          1 / (1 + 0 * top[r] + others[r]);  // an infinite logit becomes a NaN and is found
      best_rest[r] = others[r] * inverse[r];
    }
  }
  /// The same from what store() kept, when the logits of the block are the powers that were left in
  /// the gradient.
  template <class Layout>
  RowSoftmax(const Layout& at, const Block& block, const StoredSoftmax& from) {
    for (std::size_t r = 0; r < at.rows(); ++r) {
      const bool item = r < block.count;
      best[r] = item ? from.best[block.item + r] : 0;
      inverse[r] = item ? from.inverse[block.item + r] : 0;
      best_rest[r] = item ? from.best_rest[block.item + r] : 0;
    }
    if (block.e != block.z) std::copy_n(block.z, at.rows() * at.classes, block.e);
  }
  void store(const Block& block, const StoredSoftmax& to) const {
    std::copy_n(best, block.count, to.best.data() + block.item);
    std::copy_n(inverse, block.count, to.inverse.data() + block.item);
    std::copy_n(best_rest, block.count, to.best_rest.data() + block.item);
  }
  /// p from the number in block.e.
  Real p(std::int32_t k, std::size_t r, Real power) const {
    return select(is_own(k, best[r]), inverse[r], power * inverse[r]);
  }
  Real rest(std::int32_t k, std::size_t r, Real p_k) const {
    return select(is_own(k, best[r]), best_rest[r], 1 - p_k);
  }
};

/// Replaces block.e by the gradient scale weight d L / d z of a loss L of each row, and returns the
/// weighted sum of L. `by_p(k, r, p, 1 - p, loss)` is d L / d p, and gives the part of class k in
/// L.
template <class Layout, class ByP>
double pull_through_softmax(const Layout& at, const Block& block, const RowSoftmax& softmax,
                            Real scale, const ByP& by_p) {
  // d L / d z_k = p_k (g_k - sum_j p_j g_j), and for the best class (1-p) p g - p (sum of the
  // others), where 1 minus a probability near 1 would lose all digits.
  Real* const product = block.room;
  const Real* const power = block.e;
  alignas(64) Real loss[kMostRows];
  alignas(64) Real all[kMostRows];  // sum of p_j g_j: first of the others, then of all
  alignas(64) Real at_best[kMostRows];
  alignas(64) Real factor[kMostRows];
  at.two_sums(product, loss, all,
              [&](std::int32_t k, std::size_t r, std::size_t i, Real& loss_k, Real& other) {
                const Real p = softmax.p(k, r, power[i]);
                const Real g = p * by_p(k, r, p, softmax.rest(k, r, p), loss_k);
                other = select(is_own(k, softmax.best[r]), 0, g);
                return g;
              });
  for (std::size_t r = 0; r < at.rows(); ++r) {
    const Real own = product[at.place(static_cast<std::size_t>(softmax.best[r]), r)];
    factor[r] = scale * block.weight[r];
    at_best[r] = factor[r] * (softmax.best_rest[r] * own - softmax.inverse[r] * all[r]);
    all[r] = (own + all[r]) * softmax.inverse[r];
    loss[r] *= block.weight[r];
  }
  at.each(block.e, [&](std::int32_t k, std::size_t r, std::size_t i, Real e) {
    return select(is_own(k, softmax.best[r]), at_best[r], factor[r] * (product[i] - e * all[r]));
  });
  return at.total(loss);
}

}  // namespace rows
}  // namespace TAILGRAD_PRECISION
}  // namespace tailgrad
