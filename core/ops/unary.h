// What all ops of the form out = f(x), element by element, share. Private to core/ops.
#pragma once

#include <utility>

#include <tailgrad/core/kernels/loops.h>
#include <tailgrad/core/tape.h>
#include <tailgrad/core/tensor.h>

namespace tailgrad {
inline namespace TAILGRAD_PRECISION {

/// out[i] = value(x[i]); d(loss)/dx[i] = slope(x[i], out[i]) * d(loss)/dout[i].
/// Saves the handles of x and out, no numbers of its own.
template <class Value, class Slope>
Tensor unary(const char* name, const Tensor& x, Value value, Slope slope) {
  Tensor out = Tensor::empty(x.shape());
  kernels::fill(out.mutable_data(), x.size(),
                [in = x.data(), value](std::size_t i) { return value(in[i]); });
  Tape::current().record(name, out, {&x}, [x, out, slope] {
    kernels::accumulate(x.gradient_target(), x.size(),
                        [in = x.data(), y = out.data(), upstream = out.grad().data(),
                         slope](std::size_t i) { return slope(in[i], y[i]) * upstream[i]; });
  });
  return out;
}

}  // namespace TAILGRAD_PRECISION
}  // namespace tailgrad
