// Chapter 1 of the guide: a number and its slope.
#include <cmath>
#include <cstdio>
#include <vector>

#include <tailgrad/core/operators.h>
#include <tailgrad/core/ops.h>
#include <tailgrad/core/tape.h>
#include <tailgrad/study/report/svg.h>

#include "figure.h"

using namespace tailgrad;

namespace {

// The model answers tanh(w x). For x = 0.5 it should answer 1. The loss says how wrong it is.
double loss(double w) {
  const double x = 0.5;
  const double answer = std::tanh(w * x);
  return (answer - 1) * (answer - 1);
}

// The chain rule: one factor for each step of the computation.
double slope_by_hand(double w) {
  const double x = 0.5;
  const double answer = std::tanh(w * x);
  const double of_square = 2 * (answer - 1);   // d loss / d answer
  const double of_tanh = 1 - answer * answer;  // d answer / d (w x)
  const double of_product = x;                 // d (w x) / d w
  return of_square * of_tanh * of_product;
}

// The same with tensors: every op leaves a note, and backward() multiplies the factors.
double slope_by_tape(double w) {
  Tensor weight = Tensor::scalar(w);
  weight.require_grad();
  const Tensor answer = tanh(weight * 0.5);
  backward(square(answer - 1));
  return weight.grad()[0];
}

}  // namespace

int main(int argc, char** argv) {
  std::printf("loss(1) = %.4f\n\n", loss(1));

  const double exact = slope_by_hand(1);
  std::printf("     h   from one side    error   from both sides    error\n");
  for (const double h : {1e-1, 1e-2, 1e-3, 1e-16}) {
    const double one_side = (loss(1 + h) - loss(1)) / h;
    const double both_sides = (loss(1 + h) - loss(1 - h)) / (2 * h);
    if (h > 1e-10) {
      std::printf("%6.0e  %14.6f  %7.0e  %16.6f  %7.0e\n", h, one_side, std::abs(one_side - exact),
                  both_sides, std::abs(both_sides - exact));
    } else {
      std::printf("%6.0e  %14.6f\n", h, one_side);
    }
  }

  std::printf("\nby hand: %.6f\nby tape: %.6f\n\n", slope_by_hand(1), slope_by_tape(1));

  std::vector<double> visited, losses;
  double w = 1;
  for (int step = 0; step <= 40; ++step) {
    visited.push_back(w);
    losses.push_back(loss(w));
    if (step % 10 == 0) std::printf("step %2d: w = %.4f, loss %.4f\n", step, w, loss(w));
    w = w - 1.0 * slope_by_tape(w);
  }

  Series curve{.name = "loss"}, tangent{.name = "slope at w = 1"};
  for (double at = -1; at <= 4.01; at += 0.25) {
    curve.x.push_back(at);
    curve.y.push_back(loss(at));
  }
  for (const double at : {0.0, 1.0, 1.6}) {
    tangent.x.push_back(at);
    tangent.y.push_back(loss(1) + exact * (at - 1));
  }
  write_figure(
      argc, argv, "1_slope",
      line_chart({.title = "The loss, its slope at w = 1, and forty steps downhill",
                  .x = {.label = "w"},
                  .y = {.label = "loss", .low = 0},
                  .series = {curve, tangent, {.name = "steps", .x = visited, .y = losses}}}));
  return std::abs(slope_by_tape(1) - exact) < 1e-12 && loss(w) < loss(1) / 4 ? 0 : 1;
}
