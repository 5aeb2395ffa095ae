// Float: the same bytes on any number of threads, and no allocation in a step.
#include <tailgrad/optim/optimizer.h>

#include <atomic>
#include <cstdlib>
#include <cstring>
#include <new>

#include <gtest/gtest.h>

#include <tailgrad/core/gradient.h>
#include <tailgrad/core/parallel.h>
#include <tailgrad/core/pool.h>

namespace {
std::atomic<std::size_t> allocations{0};
}  // namespace

[[gnu::noinline]] void* operator new(std::size_t size) {
  ++allocations;
  if (void* memory = std::malloc(size == 0 ? 1 : size)) return memory;
  throw std::bad_alloc();
}
[[gnu::noinline]] void operator delete(void* memory) noexcept {
  std::free(memory);
}
[[gnu::noinline]] void operator delete(void* memory, std::size_t) noexcept {
  std::free(memory);
}

namespace tailgrad {
namespace {

struct Model {
  Tensor table = Tensor::parameter({5000, 17});
  Tensor matrix = Tensor::parameter({300, 301});
  Tensor bias = Tensor::parameter({7});

  std::vector<NamedTensor> named() const {
    return {{"table", table}, {"matrix", matrix}, {"bias", bias}};
  }
  // Numbers without a pattern, from integer arithmetic only.
  void add_gradients(std::uint32_t step) {
    std::vector<Index> rows;
    for (Index k = 0; k < 40; ++k)
      rows.push_back(
          static_cast<Index>((static_cast<std::uint32_t>(k) * 2654435761u + step) % 5000));
    Real* at = table.parameter_gradient()->row_target(rows);
    for (Index row : rows)
      for (Index i = 0; i < 17; ++i) at[row * 17 + i] += static_cast<Real>((row + i) % 13 - 6);
    for (const Tensor& tensor : {matrix, bias}) {
      Real* gradient = tensor.parameter_gradient()->dense_target().data;
      for (std::size_t i = 0; i < tensor.size(); ++i)
        gradient[i] =
            static_cast<Real>(static_cast<std::uint32_t>(i) * 2246822519u + step) * 1e-9f - 2;
    }
  }
};

std::vector<Real> train(const char* text, int thread_count) {
  set_threads(thread_count);
  Model model;
  Optimizer optimizer(model.named(), read_optimizer(text));
  for (std::uint32_t step = 0; step < 6; ++step) {
    model.add_gradients(step);
    optimizer.step({.gradient = clip_factor(optimizer.gradient_norm(), 1)});
    optimizer.clear_gradients();
  }
  std::vector<Real> all;
  for (const NamedTensor& parameter : model.named())
    all.insert(all.end(), parameter.tensor.values().begin(), parameter.tensor.values().end());
  return all;
}

TEST(OptimizerThreads, SameBytes) {
  for (const char* text :
       {"sgd:lr=0.1", "sgd:lr=0.1,momentum=0.9", "adam:lr=0.1", "adamw:lr=0.1"}) {
    const std::vector<Real> one = train(text, 1);
    for (int count : {2, 3, 4}) {
      const std::vector<Real> several = train(text, count);
      EXPECT_EQ(std::memcmp(one.data(), several.data(), one.size() * sizeof(Real)), 0)
          << text << " on " << count << " threads";
    }
  }
}

TEST(OptimizerMemory, AStepAllocatesNothing) {
  set_threads(1);
  Model model;
  Optimizer optimizer(model.named(), read_optimizer("adamw:lr=0.1"));
  std::size_t counted = 0;
  std::uint64_t from_system = 0;
  for (std::uint32_t step = 0; step < 4; ++step) {
    model.add_gradients(step);
    const std::size_t before = allocations;
    const std::uint64_t system_before = Pool::total().system_allocations;
    optimizer.step({.gradient = clip_factor(optimizer.gradient_norm(), 1)});
    optimizer.clear_gradients();
    if (step == 0) continue;
    counted += allocations - before;
    from_system += Pool::total().system_allocations - system_before;
  }
  EXPECT_EQ(counted, 0u);
  EXPECT_EQ(from_system, 0u);
}

}  // namespace
}  // namespace tailgrad
