// Losses that are a sum over the elements of the logits, each with a mark 0 or 1: binary
// cross-entropy and its like, for multi-label targets.
//
// A loss supplies a Rule: ElementLoss rule(z, y, k), the loss of one element of mark y = 0 or 1 and
// its slope d loss / d z. The mark is a number because loops with y in arithmetic vectorise, where
// a condition on it often does not. kByClass says whether the rule reads the class k (then
// only_class() is the k of a single column).
#pragma once

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include <tailgrad/core/parallel.h>
#include <tailgrad/losses/frame.h>
#include <tailgrad/losses/row_math.h>

namespace tailgrad {
inline namespace TAILGRAD_PRECISION {
namespace rows {

struct ElementLoss {
  Real loss;
  Real slope;  ///< d loss / d z
};

/// v for a mark of 1, -v for a mark of 0: by its bits alone, which leaves the units for arithmetic
/// to the exponentials.
inline Real signed_by(Real mark, Real v) {
  using Bits = std::conditional_t<sizeof(Real) == 8, std::uint64_t, std::uint32_t>;
  constexpr Bits kSign = Bits{1} << (8 * sizeof(Real) - 1);
  // The second bit of the exponent of 1 is set, that of 0 is not.
  const Bits flip = ~(std::bit_cast<Bits>(mark) << 2) & kSign;
  return std::bit_cast<Real>(std::bit_cast<Bits>(v) ^ flip);
}

/// p = 1/(1 + e^-z) and all that goes with it, with no cancellation at either end.
struct Sigmoid {
  Real p;
  Real rest;  ///< 1 - p
  Real log_p;
  Real log_rest;

  explicit Sigmoid(Real z) {
    const Real e = kernels::softmax_power(-std::abs(z)).value;  // in [0, 1]
    const Real larger = 1 / (1 + e);
    const Real smaller = e * larger;
    const Real log_larger = -kernels::log1p_of_unit(e);
    p = select(z < 0, smaller, larger);
    rest = select(z < 0, larger, smaller);
    log_p = log_larger + (z < 0 ? z : Real{0});
    log_rest = log_larger - (z < 0 ? Real{0} : z);
  }
};

/// The weighted losses of one row, added up; `to` takes their gradient. The marks come as numbers
/// as wide as the logits, so that the loop vectorises.
template <class Rule>
double element_row(const Rule& rule, const Real* z, const Real* y, std::size_t size, Real weight,
                   Real scale, Real* __restrict to) {
  constexpr std::size_t kSums = 64;
  const Real factor = weight * scale;
  std::size_t first = 0;
  if constexpr (Rule::kByClass)
    if (size == 1) first = rule.only_class();
  alignas(64) Real sums[kSums] = {};
  const auto element = [&](std::size_t k, Real& sum) {
    const ElementLoss result = rule(z[k], y[k], first + k);
    sum += result.loss + 0 * z[k];  // an infinite logit may cost nothing: find it here
    to[k] = factor * result.slope;
  };
  std::size_t k = 0;
  for (; k + kSums <= size; k += kSums) {
#pragma GCC ivdep
    for (std::size_t lane = 0; lane < kSums; ++lane) element(k + lane, sums[lane]);
  }
#pragma GCC ivdep
  for (std::size_t lane = 0; lane < size - k; ++lane) element(k + lane, sums[lane]);
  return static_cast<double>(weight * sum_of(sums, kSums));
}

template <class Rule>
LossOutput element_loss(const LossFrame& frame, const LossFrame::Call& call, double normaliser,
                        const Tensor& logits, const Targets& targets, const LossPass& pass,
                        const Where& where, const Rule& rule) {
  const double scale = stored_scale(pass, normaliser);
  Scratch<Real> gradient;
  if (wants_gradient(logits)) gradient = Scratch<Real>(logits.size());
  const bool by_mark = !targets.marks.empty();
  // With marks and no meaning of the class, any cut into rows does: long ones are faster.
  const bool flat = by_mark && !Rule::kByClass;
  const std::size_t width = flat ? std::min<std::size_t>(logits.size(), 1024) : call.columns;
  const std::size_t count =
      flat ? (logits.size() + width - 1) / std::max<std::size_t>(width, 1) : call.items;
  const std::size_t grain = std::max<std::size_t>(1, 16384 / std::max<std::size_t>(width, 1));
  Scratch<double> sums((count + grain - 1) / grain);
  parallel_for(count, grain, [&](std::size_t begin, std::size_t end) {
    const Scratch<Real> marks(width);
    const Scratch<Real> unwanted(gradient.data() != nullptr ? 0 : width);
    std::fill_n(marks.data(), width, Real{0});
    double sum = 0;
    for (std::size_t i = begin; i < end; ++i) {
      const std::size_t at = i * width;
      const std::size_t size = std::min(width, logits.size() - at);
      Real* to = gradient.data() != nullptr ? gradient.data() + at : unwanted.data();
      if (by_mark) {
        const std::uint8_t* from = targets.marks.data() + at;
        Real* __restrict y = marks.data();
        for (std::size_t k = 0; k < size; ++k) y[k] = static_cast<Real>(from[k]);
        sum +=
            element_row(rule, logits.data() + at, y, size, Real{1}, static_cast<Real>(scale), to);
        continue;
      }
      if (frame.is_ignored(targets.classes[i])) {
        std::fill_n(to, size, Real{0});
        continue;
      }
      const auto y = static_cast<std::size_t>(targets.classes[i]);
      const Real weight = frame.weights() != nullptr ? frame.weights()[y] : Real{1};
      // One column: the label itself is the mark.
      const std::size_t marked = size == 1 ? 0 : y;
      marks[marked] = size == 1 ? static_cast<Real>(y) : Real{1};
      sum += element_row(rule, logits.data() + at, marks.data(), size, weight,
                         static_cast<Real>(scale), to);
      marks[marked] = 0;
    }
    sums[begin / grain] = sum;
  });
  double sum = 0;
  for (std::size_t piece = 0; piece < sums.size(); ++piece) {
    if (!std::isfinite(sums[piece])) {
      const std::size_t first = piece * grain * width / call.columns;
      const std::size_t last = ((piece + 1) * grain * width + call.columns - 1) / call.columns;
      frame.fail_not_finite(logits, targets, first, std::min(call.items, last), where);
    }
    sum += sums[piece];
  }
  return finish_loss(frame.name().c_str(), logits, sum, normaliser, std::move(gradient), scale);
}

template <class Rule>
class ElementLossOf final : public Loss {
 public:
  ElementLossOf(LossFrame frame, Rule rule, bool by_elements)
      : frame_(std::move(frame)), rule_(std::move(rule)), by_elements_(by_elements) {}

  LossOutput operator()(const Tensor& logits, const Targets& targets, const LossPass& pass,
                        Where where) const override {
    const LossFrame::Call call = frame_.check_marks(logits, targets, where);
    check_weights(targets);
    return element_loss(frame_, call, divisor(call), logits, targets, pass, where, rule_);
  }
  double normaliser(const Targets& targets, Index classes) const override {
    return divisor(frame_.check_marks(targets, classes, {}));
  }
  std::string text() const override { return frame_.text(); }
  std::vector<std::string> warnings() const override { return frame_.warnings(); }

 private:
  double divisor(const LossFrame::Call& call) const {
    return call.counted * (by_elements_ ? static_cast<double>(call.columns) : 1.0);
  }
  void check_weights(const Targets& targets) const {
    if (!targets.marks.empty())
      frame_.refuse_weights("an item with several classes has no class to weigh it by");
  }

  LossFrame frame_;
  Rule rule_;
  bool by_elements_;
};

template <class Rule>
std::unique_ptr<Loss> elements(LossFrame frame, Rule rule, bool by_elements) {
  return std::make_unique<ElementLossOf<Rule>>(std::move(frame), std::move(rule), by_elements);
}

}  // namespace rows
}  // namespace TAILGRAD_PRECISION
}  // namespace tailgrad
