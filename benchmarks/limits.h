// What the machine can do at most, and how steps are timed.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <vector>

#include <tailgrad/core/kernels/gemm.h>
#include <tailgrad/core/parallel.h>
#include <tailgrad/core/tensor.h>

namespace tailgrad::benchmarks {

using Clock = std::chrono::steady_clock;

inline double milliseconds_since(Clock::time_point start) {
  return std::chrono::duration<double, std::milli>(Clock::now() - start).count();
}

struct Times {
  double median_ms, min_ms;
  std::size_t repeats;
};

/// Steps one by one for `seconds`, at least 10 of them (fewer when they are slow, as the peers do).
template <class Step>
Times time_steps(Step step, double seconds) {
  std::vector<double> times;
  const auto begin = Clock::now();
  while (times.size() < 10 || milliseconds_since(begin) < seconds * 1e3) {
    const auto start = Clock::now();
    step();
    times.push_back(milliseconds_since(start));
    if (times.size() >= 3 && milliseconds_since(begin) > 4e3 * seconds) break;
  }
  std::ranges::sort(times);
  return {times[times.size() / 2], times.front(), times.size()};
}

struct Limits {
  double gemm_gflops;  ///< of a large product on all threads
  double copy_gb;      ///< read plus written, of memory beyond the caches, on all threads
};

inline Limits measure_limits() {
  constexpr Index n = 1536;
  const Tensor a = Tensor::full({n, n}, Real(0.5));
  const Tensor c = Tensor::empty({n, n});
  double best = 1e30;
  for (int i = 0; i < 6; ++i) {
    const auto start = Clock::now();
    kernels::gemm(n, n, n, 1, {a.data(), n}, {a.data(), n}, 0, c.mutable_data(), n);
    best = std::min(best, milliseconds_since(start));
  }
  const double gflops = 2.0 * n * n * n / best * 1e-6;
  constexpr Index kCount = 1 << 25;
  const Tensor from = Tensor::full({kCount}, 1);
  const Tensor to = Tensor::zeros({kCount});
  best = 1e30;
  for (int i = 0; i < 4; ++i) {
    const auto start = Clock::now();
    parallel_for(kCount, kCount / 16, [&](std::size_t begin, std::size_t end) {
      std::copy(from.data() + begin, from.data() + end, to.mutable_data() + begin);
    });
    best = std::min(best, milliseconds_since(start));
  }
  return {gflops, 2.0 * kCount * sizeof(Real) / best * 1e-6};
}

}  // namespace tailgrad::benchmarks
