// Overhead of the engine: nanoseconds per recorded op, forward and backward, on tensors of one
// element. Bar: at most 100.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <string_view>
#include <vector>

#include <tailgrad/core/ops/arithmetic.h>
#include <tailgrad/core/ops/elementwise.h>
#include <tailgrad/core/parallel.h>
#include <tailgrad/core/tape.h>
#include <tailgrad/core/tensor.h>

namespace {

using namespace tailgrad;
using Clock = std::chrono::steady_clock;

constexpr int kChain = 100;  // ops between two backward passes

// The least of many runs, in nanoseconds an op.
template <class Run>
double nanoseconds(Run run) {
  double best = 1e30;
  for (int repeat = 0; repeat < 2000; ++repeat) {
    const auto start = Clock::now();
    run();
    best = std::min(best, std::chrono::duration<double, std::nano>(Clock::now() - start).count());
  }
  return best / kChain;
}

template <class Op>
void report(const char* name, Op op) {
  for (Index size : {1, 64, 1024}) {
    Tensor x = Tensor::full({size}, Real(0.5));
    x.require_grad();
    const Tensor upstream = Tensor::full({size}, 1);
    const double trained = nanoseconds([&] {
      x.clear_grad();
      Tensor y = x;
      for (int i = 0; i < kChain; ++i) y = op(y);
      Tape::current().backward(y, upstream);
    });
    const NoGrad no_grad;
    const double evaluated = nanoseconds([&] {
      Tensor y = x;
      for (int i = 0; i < kChain; ++i) y = op(y);
    });
    std::printf("%-10s size %5d   forward + backward %8.1f ns an op   no_grad %8.1f ns\n", name,
                size, trained, evaluated);
  }
}

}  // namespace

int main() {
  std::printf("threads %d, %d ops a chain, least of 2000 runs\n", threads(), kChain);
  const Tensor one = Tensor::full({1}, Real(0.25));
  report("negate", [](const Tensor& x) { return negate(x); });
  report("square", [](const Tensor& x) { return square(x); });
  report("add", [&](const Tensor& x) { return add(x, x); });
  report("multiply", [&](const Tensor& x) { return multiply(x, one); });
}
