// Element-wise loops: pieces of fixed size, side by side on the threads.
#pragma once

#include <cstddef>

#include <tailgrad/core/parallel.h>
#include <tailgrad/core/tensor.h>

namespace tailgrad {
inline namespace TAILGRAD_PRECISION {
namespace kernels {

/// Elements a piece: enough work (tens of microseconds) to pay for handing it to a thread.
inline constexpr std::size_t kElementGrain = std::size_t{1} << 15;

/// Calls body(begin, end) for the pieces of [0, size); small sizes cost no call at all.
template <class Body>
inline void for_pieces(std::size_t size, Body body) {
  if (size <= kElementGrain) {
    body(std::size_t{0}, size);
  } else {
    parallel_for(size, kElementGrain, body);
  }
}

/// out[i] = f(i) for i in [0, size). `f` reads raw pointers and must not read `out`.
template <class F>
inline void fill(Real* out, std::size_t size, F f) {
  for_pieces(size, [out, f](std::size_t begin, std::size_t end) {
    Real* __restrict to = out;
    const F g = f;  // a local copy: the compiler sees that writing `to` cannot change it
#pragma GCC ivdep
    for (std::size_t i = begin; i < end; ++i) to[i] = g(i);
  });
}

/// Adds f(i) to element i of a gradient, or writes it when the gradient is fresh.
template <class F>
inline void accumulate(GradientTarget gradient, std::size_t size, F f) {
  if (gradient.fresh) return fill(gradient.data, size, f);
  for_pieces(size, [gradient, f](std::size_t begin, std::size_t end) {
    Real* __restrict to = gradient.data;
    const F g = f;
#pragma GCC ivdep
    for (std::size_t i = begin; i < end; ++i) to[i] += g(i);
  });
}

}  // namespace kernels
}  // namespace TAILGRAD_PRECISION
}  // namespace tailgrad
