// A line through noisy points: the training loop written out, without an optimizer or a model.
#include <cmath>
#include <cstdio>
#include <vector>

#include <tailgrad/core/operators.h>
#include <tailgrad/core/ops.h>
#include <tailgrad/core/random.h>
#include <tailgrad/core/tape.h>

int main() {
  using namespace tailgrad;
  constexpr Index kPoints = 200;
  constexpr Index kBatch = 20;

  // Points near y = 3 x - 2. Random numbers depend on the seed and the name, on nothing else.
  Random random(1, "points");
  std::vector<Real> xs, ys;
  for (Index i = 0; i < kPoints; ++i) {
    const double x = random.uniform(-1, 1);
    xs.push_back(static_cast<Real>(x));
    ys.push_back(static_cast<Real>(3 * x - 2 + 0.1 * random.normal()));
  }
  const Tensor x = Tensor::from({kPoints}, xs);
  const Tensor y = Tensor::from({kPoints}, ys);

  // What is learnt: two numbers.
  Tensor slope = Tensor::scalar(0);
  Tensor offset = Tensor::scalar(0);
  slope.require_grad();
  offset.require_grad();

  double first = 0;
  double last = 0;
  std::printf("epoch    loss   slope  offset\n");
  for (int epoch = 1; epoch <= 10; ++epoch) {
    double sum = 0;
    for (Index begin = 0; begin < kPoints; begin += kBatch) {
      // A range of rows is a view: nothing is copied.
      const Tensor inputs = x.row_range(begin, begin + kBatch);
      const Tensor targets = y.row_range(begin, begin + kBatch);
      const Tensor loss = mean(square(slope * inputs + offset - targets));
      backward(loss);
      sum += static_cast<double>(loss.item());
      for (Tensor* weight : {&slope, &offset}) {
        weight->mutable_values()[0] -= 0.1F * weight->grad()[0];
        weight->clear_grad();  // gradients add up until they are cleared
      }
    }
    last = sum * kBatch / kPoints;
    if (epoch == 1) first = last;
    std::printf("%5d  %6.4f  %6.3f  %6.3f\n", epoch, last, static_cast<double>(slope.item()),
                static_cast<double>(offset.item()));
  }
  std::printf("true values:    3.000  -2.000, and a loss of 0.01 from the noise\n");
  const bool found = std::abs(static_cast<double>(slope.item()) - 3) < 0.1 &&
                     std::abs(static_cast<double>(offset.item()) + 2) < 0.1;
  return found && last < first ? 0 : 1;
}
