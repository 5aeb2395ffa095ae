// The kernels beside their physical limits, measured in the same run on the same threads.
//
// Ops that read and write every number once or twice stand beside a copy of the same bytes: of the
// same array when it fits in the caches (rows "-16k"), of memory when it does not. Products and
// attention stand beside the rate of a large product.
//
//   kernels [--threads N] [--row NAME]... [--seconds S] [--json]
#include <algorithm>
#include <cstdio>
#include <functional>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include <tailgrad/benchmarks/arguments.h>
#include <tailgrad/benchmarks/limits.h>
#include <tailgrad/core/kernels/gemm.h>
#include <tailgrad/core/ops/activations.h>
#include <tailgrad/core/ops/attention.h>
#include <tailgrad/core/ops/elementwise.h>
#include <tailgrad/core/ops/layer_norm.h>
#include <tailgrad/core/ops/softmax.h>
#include <tailgrad/core/parallel.h>
#include <tailgrad/core/random.h>
#include <tailgrad/core/tape.h>

namespace {

using namespace tailgrad;

using benchmarks::Arguments;

Tensor random_tensor(const Shape& shape) {
  Tensor tensor = Tensor::empty(shape);
  Random random(1, "kernels");
  for (Real& value : tensor.mutable_values()) value = static_cast<Real>(random.uniform(-2, 2));
  return tensor;
}

using Run = std::function<void()>;

class Bench {
 public:
  explicit Bench(Arguments arguments)
      : arguments_(std::move(arguments)), limits_(benchmarks::measure_limits()) {
    std::fprintf(stderr,
                 "openblas %s, 1 thread of its own; %d threads; GEMM peak %.1f GFLOP/s, copy %.1f "
                 "GB/s\n",
                 blas_kernel_name().c_str(), arguments_.threads, limits_.gemm_gflops,
                 limits_.copy_gb);
  }

  const benchmarks::Limits& limits() const { return limits_; }

  /// `bytes`: read and written by one run; `copy_gb`: the limit.
  void memory_row(const std::string& name, double bytes, double copy_gb, const Run& run) {
    if (!arguments_.wants(name)) return;
    const benchmarks::Times times = timed(run);
    const double gb = bytes / times.median_ms * 1e-6;
    print(name, times, "copy", copy_gb, "GB/s", gb);
  }

  /// `flops`: multiplications and additions of one run.
  void product_row(const std::string& name, double flops, const Run& run) {
    if (!arguments_.wants(name)) return;
    const benchmarks::Times times = timed(run);
    print(name, times, "GEMM peak", limits_.gemm_gflops, "GFLOP/s", flops / times.median_ms * 1e-6);
  }

  /// GB/s of copying `count` numbers that stay in the caches, in the pieces of our own loops.
  double cached_copy_gb(Index count) {
    const Tensor from = random_tensor({count});
    const Tensor to = Tensor::empty({count});
    constexpr int kTimes = 100;  // one copy is shorter than the clock can tell
    const benchmarks::Times times = benchmarks::time_steps(
        [&] {
          for (int i = 0; i < kTimes; ++i) {
            std::ranges::copy(from.values(), to.mutable_data());
            asm volatile("" ::: "memory");  // every copy is made
          }
        },
        arguments_.seconds / 3);
    return kTimes * 2.0 * count * sizeof(Real) / times.min_ms * 1e-6;
  }

 private:
  benchmarks::Times timed(const Run& run) const {
    for (int i = 0; i < 3; ++i) run();
    return benchmarks::time_steps(run, arguments_.seconds);
  }
  void print(const std::string& name, const benchmarks::Times& times, const char* limit,
             double limit_rate, const char* unit, double rate) const {
    if (arguments_.json) {
      std::printf(
          "{\"row\": \"%s\", \"threads\": %d, \"median_ms\": %.6g, \"min_ms\": %.6g, "
          "\"repeats\": %zu, \"limit\": \"%s %.1f %s\", \"share\": %.3f}\n",
          name.c_str(), arguments_.threads, times.median_ms, times.min_ms, times.repeats, limit,
          limit_rate, unit, rate / limit_rate);
    } else {
      std::printf("%-26s median %9.4f ms  %7.1f %s, %4.0f %% of %s %.1f %s\n", name.c_str(),
                  times.median_ms, rate, unit, 100 * rate / limit_rate, limit, limit_rate, unit);
    }
    std::fflush(stdout);
  }

  Arguments arguments_;
  benchmarks::Limits limits_;
};

// Forward passes of element-wise ops, in the caches and beyond them.
void elementwise_rows(Bench& bench) {
  struct Op {
    const char* name;
    Tensor (*run)(const Tensor&);
  };
  const Op ops[] = {{"exp", [](const Tensor& x) { return exp(x); }},
                    {"tanh", [](const Tensor& x) { return tanh(x); }}};
  const NoGrad no_grad;
  for (const Index count : {Index{1} << 14, Index{1} << 24}) {
    const bool cached = count < 1 << 20;
    const Tensor x = random_tensor({count});
    const double copy_gb = cached ? bench.cached_copy_gb(count) : bench.limits().copy_gb;
    for (const Op& op : ops)
      bench.memory_row(std::string(op.name) + (cached ? "-16k" : "-16M"),
                       2.0 * count * sizeof(Real), copy_gb, [&] { op.run(x); });
  }
}

// Row-wise ops on matrices beyond the caches: numbers read and written per element and pass.
void row_wise_rows(Bench& bench) {
  constexpr Index kRows = 1 << 17;
  constexpr Index kCols = 128;
  constexpr double kBytes = double{kRows} * kCols * sizeof(Real);
  const Tensor x = random_tensor({kRows, kCols});
  const Tensor gain = Tensor::full({kCols}, 1);
  const Tensor bias = Tensor::zeros({kCols});
  const double copy_gb = bench.limits().copy_gb;
  {
    const NoGrad no_grad;
    bench.memory_row("softmax", 2 * kBytes, copy_gb, [&] { softmax(x); });
    bench.memory_row("layer_norm", 2 * kBytes, copy_gb, [&] { layer_norm(x, gain, bias); });
  }
  // Seven passes: forward x read and y written, the upstream gradient read and copied to y's,
  // backward y (or x) and its gradient read and that of x written.
  Tensor trained = random_tensor({kRows, kCols});
  trained.require_grad();
  const Tensor upstream = random_tensor({kRows, kCols});
  const auto with_backward = [&](auto op) {
    return [&, op] {
      trained.clear_grad();
      const Tensor y = op(trained);
      Tape::current().backward(y, upstream);
    };
  };
  bench.memory_row("softmax-backward", 7 * kBytes, copy_gb,
                   with_backward([](const Tensor& t) { return softmax(t); }));
  bench.memory_row("layer_norm-backward", 7 * kBytes, copy_gb,
                   with_backward([&](const Tensor& t) { return layer_norm(t, gain, bias); }));
}

void product_rows(Bench& bench) {
  struct Size {
    Index m, n, k;
  };
  // Squares, and the products of the encoders of train_steps.
  const Size sizes[] = {{64, 64, 64},     {128, 128, 128},  {256, 256, 256},
                        {512, 512, 512},  {912, 256, 64},   {1936, 512, 128},
                        {1984, 128, 512}, {996, 1536, 384}, {1024, 1024, 1024}};
  for (const Size& s : sizes) {
    const Tensor x = random_tensor({s.m, s.k});
    const Tensor w = random_tensor({s.n, s.k});
    const Tensor y = Tensor::empty({s.m, s.n});
    bench.product_row(
        "gemm-" + std::to_string(s.m) + "x" + std::to_string(s.n) + "x" + std::to_string(s.k),
        2.0 * s.m * s.n * s.k, [&] {
          kernels::gemm(s.m, s.n, s.k, 1, {x.data(), s.k}, {w.data(), s.k, true}, 0,
                        y.mutable_data(), s.n);
        });
  }
}

// Packed sequences of one length; two products forward, four more backward.
void attention_rows(Bench& bench) {
  struct Size {
    Index sequences, length, width, heads;
  };
  for (const Size& s : {Size{32, 32, 64, 4}, Size{32, 64, 128, 4}, Size{8, 128, 384, 12}}) {
    std::vector<Index> offsets;
    for (Index i = 0; i <= s.sequences; ++i) offsets.push_back(i * s.length);
    Tensor qkv = random_tensor({s.sequences * s.length, 3 * s.width});
    qkv.require_grad();
    const Tensor upstream = random_tensor({s.sequences * s.length, s.width});
    const double flops = 2.0 * s.sequences * s.length * s.length * s.width;
    const std::string name = "attention-d" + std::to_string(s.width);
    bench.product_row(name, 2 * flops, [&] {
      const NoGrad no_grad;
      attention(qkv, offsets, s.heads);
    });
    bench.product_row(name + "-backward", 6 * flops, [&] {
      qkv.clear_grad();
      Tape::current().backward(attention(qkv, offsets, s.heads), upstream);
    });
  }
}

}  // namespace

int main(int argc, char** argv) try {
  const Arguments a = benchmarks::read_arguments(
      argc, argv, "Times the kernels beside their physical limits.", {.seconds = 0.3});
  set_threads(a.threads);
  Bench bench(a);
  elementwise_rows(bench);
  row_wise_rows(bench);
  product_rows(bench);
  attention_rows(bench);
  return 0;
} catch (const std::exception& error) {
  std::fprintf(stderr, "%s\n", error.what());
  return 2;
}
