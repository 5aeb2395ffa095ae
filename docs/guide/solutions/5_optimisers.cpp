// One way to solve the exercises of chapter 5: optimisers.
#include "../exercises/exercises.h"

#include <cmath>

namespace exercises {

void momentum_step(double& weight, double& velocity, double gradient, double lr, double momentum) {
  velocity = momentum * velocity + gradient;
  weight -= lr * velocity;
}

void adam_step(AdamNumbers& numbers, double gradient, int t, double lr, double beta1,
               double beta2) {
  numbers.mean = beta1 * numbers.mean + (1 - beta1) * gradient;
  numbers.square = beta2 * numbers.square + (1 - beta2) * gradient * gradient;
  const double mean = numbers.mean / (1 - std::pow(beta1, t));
  const double square = numbers.square / (1 - std::pow(beta2, t));
  numbers.weight -= lr * mean / (std::sqrt(square) + 1e-8);
}

double warmup_factor(int t, int warmup, int total) {
  if (t < warmup) return static_cast<double>(t + 1) / warmup;
  return 1 - static_cast<double>(t - warmup) / (total - warmup);
}

}  // namespace exercises
