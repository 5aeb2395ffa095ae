// Losses that are a function of one number a row, the softmax probability of the true class:
// cross-entropy, focal loss and, through changed logits, every margin loss. Value and gradient in
// one pass over a block of rows that stays in the cache.
//
// A loss supplies two things:
//   Logits   how the logits x of the softmax come from the logits z that were given: see
//            logit_change.h; PlainLogits: x = z.
//   Rule     TrueClassLoss rule(TrueClass): the loss of a row and its slope, d loss / d log p_t.
//            With a member `uniform` u it also adds u sum_k -log p_k (label smoothing).
// The gradient follows: d loss / d x_k = slope (1[k = t] - p_k) + u (C p_k - 1).
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <tailgrad/losses/frame.h>
#include <tailgrad/losses/logit_change.h>
#include <tailgrad/losses/row_batch.h>

namespace tailgrad {
inline namespace TAILGRAD_PRECISION {
namespace rows {

/// The true class of a row, with no cancellation at either end.
struct TrueClass {
  Real log_p;
  Real p;
  Real rest;  ///< 1 - p, the sum of the others
};

struct TrueClassLoss {
  Real loss;
  Real slope;  ///< d loss / d log p
};

template <class Rule>
concept HasUniformPart = requires(const Rule& rule) {
  rule.uniform;
};
template <class Change, class Layout>
concept SeesGradient = requires(Change& change, const Layout& at, const Real* numbers) {
  change.before_pull(at, numbers, numbers, numbers);
};

/// log((e^own + others)/e^own), with full relative accuracy where it is small.
inline Real log_of_ratio(Real own, Real own_e, Real others) {
  constexpr Real kLarge = 0x1p40F;  // the log of this and more is accurate without log1p
  const Real ratio = others / own_e;
  const bool small = ratio < kLarge;  // the quotient may overflow, and own_e be 0
  if constexpr (sizeof(Real) == 8)
    return small ? kernels::log1p(ratio) : kernels::log(own_e + others) - own;
  const Real u = select(small, 1 + ratio, own_e + others);
  const Real lost = select(small, ratio - (u - 1), 0);  // what the rounding of 1 + ratio took away
  return kernels::log(u) + lost / u - select(small, 0, own);
}

/// The loss of the rows of a block, whose gradient times `scale` replaces what is in block.e.
template <class Layout, class Logits, class Rule>
double true_class_block(const Layout& at, const Block& block, const Logits& logits,
                        const Rule& general_rule, Real scale) {
  const Rule rule = general_rule;  // a copy that no store can change
  auto change = logits.on(at, block);
  const std::int32_t* y = block.y;
  Real* const e = block.e;
  const std::size_t rows = at.rows();
  OwnPowers powers;
  alignas(64) Real loss[kMostRows];
  alignas(64) Real pull[kMostRows];    // factor of e_k in the gradient
  alignas(64) Real push[kMostRows];    // the gradient at the true class
  alignas(64) Real spread[kMostRows];  // sum of x_k - base
  alignas(64) Real floor[kMostRows];   // taken off the gradient

  at.powers(
      e, y, powers, [&](std::int32_t k, std::size_t r, std::size_t i) { return change(k, r, i); },
      [&](std::size_t r) {
        const std::size_t i = at.place(static_cast<std::size_t>(y[r]), r);
        if constexpr (requires { change.own(y[r], r, i); })
          return change.own(y[r], r, i);
        else
          return change(y[r], r, i);
      });
  if constexpr (HasUniformPart<Rule>) {
    at.sums(spread, [&](std::int32_t k, std::size_t r, std::size_t i) {
      return change(k, r, i) - powers.base[r];
    });
    static_assert(
        !requires { change.own(y[0], 0, 0); }, "spread takes change() for all classes");
  }

  const Real* const own = powers.own;
  const Real* const others = powers.others;
  const auto classes = static_cast<Real>(at.classes);
  const Real* weight = block.weight;
  for (std::size_t r = 0; r < rows; ++r) {
    const Real own_e = kernels::softmax_exp(own[r]);
    const Real inverse = 1 / (own_e + others[r]);
    const TrueClass t{.log_p = -log_of_ratio(own[r], own_e, others[r]),
                      .p = own_e * inverse,
                      .rest = others[r] * inverse};
    const TrueClassLoss result = rule(t);
    const Real factor = result.slope * weight[r] * scale;
    loss[r] = weight[r] * result.loss;
    pull[r] = -factor * inverse;
    push[r] = factor * t.rest;
    if constexpr (HasUniformPart<Rule>) {
      const Real mass = rule.uniform * classes;
      loss[r] += weight[r] * (mass * (own[r] - t.log_p) - rule.uniform * spread[r]);
      floor[r] = rule.uniform * weight[r] * scale;
      pull[r] += mass * weight[r] * scale * inverse;
      push[r] += mass * t.p * weight[r] * scale - floor[r];
    }
  }
  if constexpr (SeesGradient<decltype(change), Layout>) change.before_pull(at, e, pull, push);
  at.each_but(
      e, y, push,
      [&](std::size_t r, Real power) {
        if constexpr (HasUniformPart<Rule>) return power * pull[r] - floor[r];
        return power * pull[r];
      },
      [&](std::int32_t k, std::size_t r, std::size_t i, Real g) {
        return change.pull(k, r, i, g);
      });
  return at.total(loss);
}

/// The loss of all rows, and its gradient times `scale` where `gradient` is not null.
template <class Logits, class Rule>
double true_class_sum(const LossFrame& frame, const LossFrame::Call& call, const Tensor& logits,
                      const Targets& targets, const LossPass& pass, const Where& where,
                      const Logits& change, const Rule& rule, double scale, Real* gradient) {
  return RowBatch(frame, call, logits, targets, pass, gradient)
      .run(
          [&](const auto& at, const Block& block) {
            return true_class_block(at, block, change, rule, static_cast<Real>(scale));
          },
          where);
}

template <class Logits, class Rule>
LossOutput true_class_loss(const LossFrame& frame, const LossFrame::Call& call, double normaliser,
                           const Tensor& logits, const Targets& targets, const LossPass& pass,
                           const Where& where, const Logits& change, const Rule& rule) {
  const double scale = stored_scale(pass, normaliser);
  Scratch<Real> gradient;
  if (wants_gradient(logits)) gradient = Scratch<Real>(logits.size());
  const double sum = true_class_sum(frame, call, logits, targets, pass, where, change, rule, scale,
                                    gradient.data());
  return finish_loss(frame.name().c_str(), logits, sum, normaliser, std::move(gradient), scale);
}

/// A loss made of the two parts.
template <class Logits, class Rule>
class TrueClassLossOf final : public Loss {
 public:
  /// `by_weight`: the normaliser is the sum of the class weights instead of the number of items.
  TrueClassLossOf(LossFrame frame, Logits logits, Rule rule, bool by_weight = false)
      : frame_(std::move(frame)), logits_(std::move(logits)), rule_(rule), by_weight_(by_weight) {}

  LossOutput operator()(const Tensor& logits, const Targets& targets, const LossPass& pass,
                        Where where) const override {
    const LossFrame::Call call = frame_.check_classes(logits, targets, where);
    return true_class_loss(frame_, call, divisor(call, targets), logits, targets, pass, where,
                           logits_, rule_);
  }
  double normaliser(const Targets& targets, Index classes) const override {
    return divisor(frame_.check_classes(targets, classes, {}), targets);
  }
  std::string text() const override { return frame_.text(); }
  std::vector<std::string> warnings() const override { return frame_.warnings(); }

 private:
  double divisor(const LossFrame::Call& call, const Targets& targets) const {
    return by_weight_ ? frame_.weight_of(targets) : call.counted;
  }

  LossFrame frame_;
  Logits logits_;
  Rule rule_;
  bool by_weight_;
};

template <class Logits, class Rule>
std::unique_ptr<Loss> true_class(LossFrame frame, Logits logits, Rule rule,
                                 bool by_weight = false) {
  return std::make_unique<TrueClassLossOf<Logits, Rule>>(std::move(frame), std::move(logits), rule,
                                                         by_weight);
}

/// -log p of the true class: cross-entropy, of whatever logits.
struct LogRule {
  TrueClassLoss operator()(const TrueClass& t) const { return {-t.log_p, -1}; }
};

}  // namespace rows
}  // namespace TAILGRAD_PRECISION
}  // namespace tailgrad
