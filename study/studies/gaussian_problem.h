// The two Gaussians of Menon et al. 2021, section 6.1: x given y is N(y (1, 1), I) in the plane,
// y = +1 with probability pi. Errors of lines are exact, by the normal distribution function.
#pragma once

#include <cstdint>

#include <tailgrad/study/studies/linear_fit.h>

namespace tailgrad {

/// Population error of "predict + where w . x + b > 0".
struct LineScores {
  double balanced_error = 0;  ///< mean of the error rates of the two classes
  double accuracy = 0;        ///< share that is right
  double f1 = 0;              ///< of class +
  double best_offset = 0;     ///< balanced error of the same direction with the best b
};
/// `prior` is P(+). A line without direction predicts one class everywhere.
LineScores score_line(double w1, double w2, double b, double prior);
/// Phi(-sqrt 2), the balanced error of the best rule: 7.865 %.
double bayes_balanced_error();
/// P(Z < x) of a standard normal Z.
double normal_below(double x);

/// `items` draws of (x1, x2, 1) with class 1 for +. The same for the same seed, trial and prior.
LinearData draw_gaussians(std::uint64_t seed, std::uint64_t trial, double prior, std::size_t items);
/// Scores of logits with `weights` [outputs, 3] of the features (x1, x2, 1): one output, where
/// above 0 means +, or two for - and +, of which the larger is predicted.
LineScores score_fit(const std::vector<double>& weights, double prior);

}  // namespace tailgrad
