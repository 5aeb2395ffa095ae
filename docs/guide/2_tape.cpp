// Chapter 2 of the guide: the tape.
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <string>
#include <vector>

#include <tailgrad/core/operators.h>
#include <tailgrad/core/ops.h>
#include <tailgrad/core/tape.h>
#include <tailgrad/study/report/svg.h>

#include "figure.h"
#include "mini_tape.h"

using namespace tailgrad;

int main(int argc, char** argv) {
  bool good = true;

  // The loss of chapter 1, (tanh(w x) - 1)^2, number by number.
  MiniTape tape;
  const Number w = tape.number(1);
  const Number x = tape.number(0.5);
  const Number minus_one = tape.number(-1);
  const Number product = multiply(tape, w, x);
  const Number answer = tanh(tape, product);
  const Number wrong = add(tape, answer, minus_one);
  const Number loss = multiply(tape, wrong, wrong);
  tape.backward(loss);

  const std::vector<std::pair<const char*, Number>> rows = {
      {"w", w},         {"x", x},         {"-1", minus_one}, {"w x", product},
      {"tanh", answer}, {"wrong", wrong}, {"loss", loss}};
  std::printf("place  what    value    slope\n");
  for (const auto& [what, number] : rows)
    std::printf("%5zu  %-5s %7.4f  %7.4f\n", number.place, what, tape.value(number),
                tape.slope(number));

  // A number that is used twice: the slopes of both uses add up.
  {
    Tensor a = Tensor::scalar(3);
    Tensor b = Tensor::scalar(2);
    a.require_grad();
    b.require_grad();
    backward(a * a + a * b);
    std::printf("\na a + a b at (3, 2): slopes %.0f and %.0f\n", a.grad()[0], b.grad()[0]);

    // They add up across backward passes too, until they are cleared.
    backward(a * a + a * b);
    std::printf("after a second pass: %.0f and %.0f\n", a.grad()[0], b.grad()[0]);
    a.clear_grad();
    b.clear_grad();
  }

  // A thousand weights. Differences need a thousand and one losses, the tape one pass each way.
  Tensor weights = Tensor::zeros({1000});
  for (std::size_t i = 0; i < 1000; ++i)
    weights.mutable_values()[i] = std::sin(static_cast<double>(i));
  weights.require_grad();
  const auto loss_of = [&] { return sum(square(tanh(weights) - 0.5)); };

  const Tensor thousand = loss_of();
  std::printf("\nthe tape holds %zu ops, ", Tape::current().size());
  backward(thousand);
  std::printf("and none after the backward pass\n");

  int evaluations = 1;
  double largest = 0;
  {
    const NoGrad nothing_is_recorded;
    const double h = 1e-6;
    for (std::size_t i = 0; i < 1000; ++i) {
      const double before = weights.values()[i];
      weights.mutable_values()[i] = before + h;
      const double moved = loss_of().item();
      weights.mutable_values()[i] = before;
      ++evaluations;
      largest = std::max(largest, std::abs((moved - thousand.item()) / h - weights.grad()[i]));
    }
    good = good && Tape::current().size() == 0;
  }
  std::printf("differences: %d evaluations, within %s of the tape\n", evaluations,
              largest < 1e-4 ? "0.0001" : "more than 0.0001");
  good = good && largest < 1e-4 && std::abs(tape.slope(w) + 0.423) < 1e-3;

  Series values{.name = "value"}, slopes{.name = "slope"};
  for (const Number number : {w, product, answer, wrong, loss}) {
    values.x.push_back(static_cast<double>(values.x.size()));
    values.y.push_back(tape.value(number));
    slopes.x.push_back(static_cast<double>(slopes.x.size()));
    slopes.y.push_back(tape.slope(number));
  }
  write_figure(argc, argv, "2_tape",
               line_chart({.title = "Values go forward along the tape, slopes come back",
                           .x = {.label = "0 w, 1 w x, 2 tanh, 3 wrong, 4 loss", .whole = true},
                           .y = {.label = "value and slope"},
                           .series = {values, slopes}}));
  return good ? 0 : 1;
}
