// Overlap losses in which every element is a set of its own (scope=example): they decompose.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <tailgrad/losses/elements.h>
#include <tailgrad/losses/overlap_rules.h>
#include <tailgrad/losses/overlap_softmax.h>

namespace tailgrad {
inline namespace TAILGRAD_PRECISION {
namespace rows {

/// mode=softmax.
template <class Rule>
class OverlapOfExamples final : public Loss {
 public:
  OverlapOfExamples(LossFrame frame, Rule rule) : frame_(std::move(frame)), rule_(rule) {}

  LossOutput operator()(const Tensor& logits, const Targets& targets, const LossPass& pass,
                        Where where) const override {
    const LossFrame::Call call = frame_.check_classes(logits, targets, where);
    const double scale = stored_scale(pass, call.counted);
    Scratch<Real> gradient;
    if (wants_gradient(logits)) gradient = Scratch<Real>(logits.size());
    const RowBatch batch(frame_, call, logits, targets, pass, gradient.data());
    const double sum = batch.run(
        [&](const auto& at, const Block& block) {
          const Rule rule = rule_;
          const RowSoftmax softmax(at, block);
          return pull_through_softmax(
              at, block, softmax, static_cast<Real>(scale),
              [&](std::int32_t, Real p, Real rest, Real mark, Real& loss) {
                const OverlapSums t = rule.terms(p, rest, mark);
                const OverlapLoss<Real> set = rule.set(t.i, t.a, t.b);
                loss = set.loss;
                return rule.slope(p, rest, mark, set.by_i, set.by_a, set.by_b);
              },
              [&](std::int32_t, Real p, Real rest, Real& loss) {
                return rule.plain(p, rest, loss);
              });
        },
        where);
    return finish_loss(frame_.name().c_str(), logits, sum, call.counted, std::move(gradient),
                       scale);
  }
  double normaliser(const Targets& targets, Index columns) const override {
    return frame_.check_classes(targets, columns, {}).counted;
  }
  std::string text() const override { return frame_.text(); }
  std::vector<std::string> warnings() const override { return frame_.warnings(); }

 private:
  LossFrame frame_;
  Rule rule_;
};

/// mode=sigmoid: nothing ties the elements of an item together.
template <class Rule>
struct OverlapOfElement {
  static constexpr bool kByClass = false;
  Rule rule;
  ElementLoss operator()(Real z, Real y, std::size_t) const {
    const Sigmoid s(z);
    const OverlapSums t = rule.terms(s.p, s.rest, y);
    const OverlapLoss<Real> set = rule.set(t.i, t.a, t.b);
    return {set.loss, rule.slope(s.p, s.rest, y, set.by_i, set.by_a, set.by_b) * s.p * s.rest};
  }
};

template <class Rule>
std::unique_ptr<Loss> overlap_of_examples(LossFrame frame, const Rule& rule, bool sigmoid) {
  if (sigmoid) return elements(std::move(frame), OverlapOfElement<Rule>{rule}, false);
  return std::make_unique<OverlapOfExamples<Rule>>(std::move(frame), rule);
}

}  // namespace rows
}  // namespace TAILGRAD_PRECISION
}  // namespace tailgrad
