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
  /// Number of items.
  std::size_t size() const { return classes.size(); }
};

/// What is minimised, from where, and when to stop.
struct LinearFitOptions {
  Index outputs = 2;               ///< columns of the logits; 1: one logit of class 1 against 0
  std::vector<double> start = {};  ///< [outputs, features]; empty: zeros
  double l2 = 0;                   ///< adds l2/2 |weights|^2
  LossPass pass = {};              ///< given to the loss in every step
  int most_steps = 500;            ///< updates
  double tolerance = 2e-6;         ///< of the largest component of the gradient of the mean loss
  /// How much the loss may seem to rise in a step: its rounding, where it is far below 1. Only for
  /// convex losses.
  double slack = 0;
};

/// Where the minimisation ended.
struct LinearFit {
  std::vector<double> weights = {};  ///< [outputs, features]
  double loss = 0;                   ///< mean, with the penalty
  double gradient = 0;               ///< its largest component in the end
  int steps = 0;                     ///< updates made
  bool converged = false;            ///< gradient <= tolerance
};

/// Minimises the mean loss over all items of the logits z_k = sum_f w_kf x_f,
///
///   loss(z) + l2/2 |w|^2
///
/// by BFGS (Nocedal and Wright 2006, eq. 6.17) with a weak Wolfe line search by bisection; the
/// whole matrix is kept, so for small models. Losses without a second derivative everywhere, or
/// without a minimum, stop at most_steps or when no step goes down any more. Throws Error for a
/// start of another size, and as the loss.
LinearFit fit_linear(const Loss& loss, const LinearData& data,
                     const LinearFitOptions& options = {});

}  // namespace TAILGRAD_PRECISION
}  // namespace tailgrad
