// One way to solve the exercises of chapter 2: the tape.
#include "../exercises/exercises.h"

#include <cmath>

#include <tailgrad/core/tape.h>

namespace exercises {

Number divide(MiniTape& tape, Number a, Number b) {
  return tape.record(tape.value(a) / tape.value(b), [&tape, a, b](double slope) {
    tape.add_slope(a, slope / tape.value(b));
    tape.add_slope(b, -slope * tape.value(a) / (tape.value(b) * tape.value(b)));
  });
}

Number exponential(MiniTape& tape, Number a) {
  const double e = std::exp(tape.value(a));
  return tape.record(e, [&tape, a, e](double slope) { tape.add_slope(a, slope * e); });
}

Tensor cube(const Tensor& x) {
  Tensor out = Tensor::empty(x.shape());
  for (std::size_t i = 0; i < x.size(); ++i)
    out.mutable_data()[i] = x.data()[i] * x.data()[i] * x.data()[i];
  tailgrad::Tape::current().record("cube", out, {&x}, [x, out] {
    const tailgrad::GradientTarget to = x.gradient_target();
    for (std::size_t i = 0; i < x.size(); ++i)
      to.data[i] = (to.fresh ? 0 : to.data[i]) + 3 * x.data()[i] * x.data()[i] * out.grad()[i];
  });
  return out;
}

}  // namespace exercises
