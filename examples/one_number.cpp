// One number through the tape: what is computed forward, and how the gradient comes back.
#include <cmath>
#include <cstdio>

#include <tailgrad/core/operators.h>
#include <tailgrad/core/ops.h>
#include <tailgrad/core/tape.h>

int main() {
  using namespace tailgrad;

  // A number that wants a gradient: a weight. And one that does not: a datum.
  Tensor w = Tensor::scalar(0.5F);
  w.require_grad();
  const Tensor x = Tensor::scalar(2);

  // Each op computes at once and leaves a note on the tape: how to go back.
  const Tensor product = w * x;
  const Tensor squashed = tanh(product);
  const Tensor loss = square(squashed - 1);
  std::printf("forward:  w x = %.4f   tanh(w x) = %.4f   loss = (tanh(w x) - 1)^2 = %.4f\n",
              static_cast<double>(product.item()), static_cast<double>(squashed.item()),
              static_cast<double>(loss.item()));
  std::printf("the tape: %zu ops\n", Tape::current().size());

  // From the last op to the first; each multiplies by its own derivative (the chain rule).
  backward(loss);
  const double from_tape = static_cast<double>(w.grad()[0]);
  std::printf("backward: d loss / d w = %.6f, the tape is empty again: %zu ops\n", from_tape,
              Tape::current().size());

  // By hand: 2 (t - 1) (1 - t^2) x with t = tanh(w x).
  const double t = std::tanh(0.5 * 2);
  const double by_hand = 2 * (t - 1) * (1 - t * t) * 2;
  std::printf("by hand:  2 (t - 1) (1 - t^2) x = %.6f\n", by_hand);

  // One step down the slope makes the loss smaller.
  w.mutable_values()[0] -= 0.5F * w.grad()[0];
  const NoGrad nothing_to_record;
  const Tensor after = square(tanh(w * x) - 1);
  std::printf("one step: w = %.4f, loss %.4f -> %.4f\n", static_cast<double>(w.item()),
              static_cast<double>(loss.item()), static_cast<double>(after.item()));
  return std::abs(from_tape - by_hand) < 1e-6 && after.item() < loss.item() ? 0 : 1;
}
