// A linear model trained to the end with any loss of the library: what the loss wants, free of the
// accidents of an optimizer.
#pragma once

#include <vector>

#include <tailgrad/losses/loss.h>

namespace tailgrad {
inline namespace TAILGRAD_PRECISION {

/// Items as columns of numbers. A constant feature, where one is wanted, is a column of ones.
struct LinearData {
  std::vector<std::vector<Real>> columns = {};  ///< [features][items]
  std::vector<Index> classes = {};              ///< [items]
  std::size_t size() const { return classes.size(); }
};

struct LinearFitOptions {
  Index outputs = 2;               ///< columns of the logits; 1: one logit of class 1 against 0
  std::vector<double> start = {};  ///< [outputs, features]; empty: zeros
  double l2 = 0;                   ///< adds l2/2 |weights|^2
  LossPass pass = {};
  int most_steps = 500;
  double tolerance = 2e-6;  ///< of the largest component of the gradient of the mean loss
  /// How much the loss may seem to rise in a step: its rounding, where it is far below 1. Only for
  /// convex losses.
  double slack = 0;
};

struct LinearFit {
  std::vector<double> weights = {};  ///< [outputs, features]
  double loss = 0;                   ///< mean, with the penalty
  double gradient = 0;               ///< its largest component in the end
  int steps = 0;
  bool converged = false;
};

/// Minimises the mean loss over all items by BFGS (weak Wolfe line search by bisection; the whole
/// matrix is kept, so for small models). Losses without a second derivative everywhere, or without
/// a minimum, stop at most_steps or when no step goes down any more.
LinearFit fit_linear(const Loss& loss, const LinearData& data,
                     const LinearFitOptions& options = {});

}  // namespace TAILGRAD_PRECISION
}  // namespace tailgrad
