#include <tailgrad/study/studies/gaussian_problem.h>

#include <cmath>
#include <string>

#include <tailgrad/core/random.h>
#include <tailgrad/core/text_form.h>

namespace tailgrad {

double normal_below(double x) {
  return 0.5 * std::erfc(-x * 0.70710678118654752440);
}

double bayes_balanced_error() {
  return normal_below(-1.41421356237309504880);
}

LineScores score_line(double w1, double w2, double b, double prior) {
  const double length = std::hypot(w1, w2);
  double hit = b > 0 ? 1 : 0;  // P(predict + | +)
  double false_alarm = hit;    // P(predict + | -)
  double best = 0.5;
  if (length > 0) {
    hit = normal_below((w1 + w2 + b) / length);
    false_alarm = normal_below((b - w1 - w2) / length);
    best = normal_below(-(w1 + w2) / length);
  }
  const double found = prior * hit;
  const double wrong = (1 - prior) * false_alarm + prior * (1 - hit);
  return {.balanced_error = 0.5 * ((1 - hit) + false_alarm),
          .accuracy = 1 - wrong,
          .f1 = found > 0 ? 2 * found / (2 * found + wrong) : 0,
          .best_offset = best};
}

LinearData draw_gaussians(std::uint64_t seed, std::uint64_t trial, double prior,
                          std::size_t items) {
  Random random(seed, "two gaussians " + shortest_text(prior), trial);
  LinearData data;
  data.columns.assign(3, std::vector<Real>(items, Real{1}));
  data.classes.resize(items);
  for (std::size_t i = 0; i < items; ++i) {
    const bool positive = random.uniform() < prior;
    const double centre = positive ? 1 : -1;
    data.classes[i] = positive ? 1 : 0;
    data.columns[0][i] = static_cast<Real>(centre + random.normal());
    data.columns[1][i] = static_cast<Real>(centre + random.normal());
  }
  return data;
}

LineScores score_fit(const std::vector<double>& weights, double prior) {
  if (weights.size() == 3) return score_line(weights[0], weights[1], weights[2], prior);
  return score_line(weights[3] - weights[0], weights[4] - weights[1], weights[5] - weights[2],
                    prior);
}

}  // namespace tailgrad
