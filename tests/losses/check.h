// What the tests of losses share: evaluating one, and its gradient by differences.
#pragma once

#include <cmath>
#include <numeric>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include <tailgrad/core/tape.h>
#include <tailgrad/losses/table.h>

namespace tailgrad::test {

/// The item of the golden values, and the counts of its classes.
inline const std::vector<double> kLogits = {2, 0.5, -1};

inline LossSetup setup() {
  return {.counts = ClassCounts(std::vector<double>{700, 200, 100})};
}

struct Evaluated {
  double sum = 0;
  double normaliser = 0;
  double value = 0;
  std::vector<double> gradient;  ///< of the value
};

/// A loss of sequences, of items by themselves: sequences of one token and transitions of zero.
/// Other losses do not look at it.
inline Targets one_token_each(Targets targets, const Shape& shape) {
  static const std::vector<Index> offsets = [] {
    std::vector<Index> all(1000);
    std::iota(all.begin(), all.end(), 0);
    return all;
  }();
  if (!targets.offsets.empty()) return targets;
  targets.offsets = std::span(offsets).first(static_cast<std::size_t>(shape[0]) + 1);
  targets.transitions = Tensor::zeros({shape[1] + 2, shape[1] + 2});
  return targets;
}

inline Evaluated evaluate(const Loss& loss, const Shape& shape, const std::vector<double>& logits,
                          const Targets& given, const LossPass& pass = {}) {
  const Targets targets = one_token_each(given, shape);
  Tensor z = Tensor::from(shape, std::vector<Real>(logits.begin(), logits.end()));
  z.require_grad();
  const LossOutput output = loss(z, targets, pass);
  const Tensor mean = output.mean();
  backward(mean);
  return {.sum = output.sum.item(),
          .normaliser = output.normaliser,
          .value = mean.item(),
          .gradient = {z.grad().begin(), z.grad().end()}};
}

/// The value of one item: logits of one row and its class.
inline double value_of(std::string_view form, const std::vector<double>& logits, Index label,
                       const LossSetup& setup = {}) {
  const auto loss = make_loss(form, setup);
  const Shape shape{1, static_cast<Index>(logits.size())};
  return evaluate(*loss, shape, logits, {.classes = {&label, 1}}).value;
}

/// Largest difference between the gradient and central differences of fourth order, relative to
/// the larger of the two. Derivatives far below the largest one, or below the value times 1e-3, are
/// compared on that scale: differences of a value have no more digits.
inline double gradient_error(const Loss& loss, const Shape& shape,
                             const std::vector<double>& logits, const Targets& targets,
                             double step = 2e-4) {
  const Evaluated exact = evaluate(loss, shape, logits, targets);
  const auto value = [&](std::size_t i, double by) {
    std::vector<double> moved = logits;
    moved[i] += by;
    const NoGrad no_grad;
    const Tensor z = Tensor::from(shape, std::vector<Real>(moved.begin(), moved.end()));
    const LossOutput output = loss(z, one_token_each(targets, shape));
    return output.sum.item() / output.normaliser;
  };
  double floor = 1e-3 * std::max(1.0, std::abs(exact.value));
  for (const double g : exact.gradient) floor = std::max(floor, 1e-3 * std::abs(g));
  double worst = 0;
  for (std::size_t i = 0; i < logits.size(); ++i) {
    const double numeric =
        (8 * (value(i, step) - value(i, -step)) - (value(i, 2 * step) - value(i, -2 * step))) /
        (12 * step);
    const double scale = std::max({floor, std::abs(numeric), std::abs(exact.gradient[i])});
    worst = std::max(worst, std::abs(numeric - exact.gradient[i]) / scale);
  }
  return worst;
}

}  // namespace tailgrad::test
