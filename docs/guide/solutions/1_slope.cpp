// One way to solve the exercises of chapter 1: a number and its slope.
#include "../exercises/exercises.h"

#include <cmath>

namespace exercises {

double central_difference(const std::function<double(double)>& f, double x, double h) {
  return (f(x + h) - f(x - h)) / (2 * h);
}

double slope_of_sigmoid_loss(double w, double x, double target) {
  const double s = 1 / (1 + std::exp(-w * x));
  return 2 * (s - target) * s * (1 - s) * x;
}

double descend(const std::function<double(double)>& slope, double w, double rate, int steps) {
  for (int step = 0; step < steps; ++step) w -= rate * slope(w);
  return w;
}

}  // namespace exercises
