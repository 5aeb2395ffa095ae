#include <tailgrad/core/pool.h>

#include <cstdint>
#include <cstring>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include <support/gradients.h>
#include <tailgrad/core/ops.h>
#include <tailgrad/core/tape.h>

namespace tailgrad {
namespace {

using test::numbers;
using test::parameter;

TEST(Pool, BlocksAreAlignedApartAndLargeEnough) {
  std::vector<unsigned char*> blocks;
  std::vector<std::size_t> sizes;
  for (std::size_t bytes : {0, 1, 63, 64, 65, 127, 128, 129, 1000, 4095, 4097, 100000, 5000000}) {
    auto* block = static_cast<unsigned char*>(Pool::allocate(bytes));
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(block) % 64, 0u) << bytes;
    std::memset(block, static_cast<int>(blocks.size() + 1), bytes);
    blocks.push_back(block);
    sizes.push_back(bytes);
  }
  for (std::size_t i = 0; i < blocks.size(); ++i) {
    for (std::size_t byte = 0; byte < sizes[i]; ++byte) ASSERT_EQ(blocks[i][byte], i + 1);
    Pool::release(blocks[i]);
  }
}

TEST(Pool, AReleasedBlockIsUsedAgain) {
  void* first = Pool::allocate(1000);
  Pool::release(first);
  void* second = Pool::allocate(1000);
  EXPECT_EQ(first, second);
  Pool::release(second);
}

TEST(Pool, WhatAnotherThreadReleasesComesBack) {
  constexpr std::size_t kBlocks = 100;
  constexpr std::size_t kBytes = 777216;  // a size class that nothing else here uses
  const auto cycle = [] {
    std::vector<void*> blocks;
    for (std::size_t i = 0; i < kBlocks; ++i) blocks.push_back(Pool::allocate(kBytes));
    std::thread([&] {
      for (void* block : blocks) Pool::release(block);
    }).join();
  };
  cycle();
  const std::uint64_t after_first = Pool::total().system_allocations;
  for (int i = 0; i < 5; ++i) cycle();
  EXPECT_EQ(Pool::total().system_allocations, after_first);
}

TEST(Pool, AnEndedThreadLeavesItsMemoryToTheNext) {
  const auto use = [] { std::thread([] { Pool::release(Pool::allocate(333333)); }).join(); };
  use();
  const std::uint64_t after_first = Pool::total().reserved_bytes;
  for (int i = 0; i < 5; ++i) use();
  EXPECT_EQ(Pool::total().reserved_bytes, after_first);
}

TEST(Pool, TrainingStepsDoNotGrow) {
  const Tensor weight = parameter({40, 30});
  const Tensor bias = parameter({30});
  const Tensor x = numbers({70, 40}, -1, 1);
  const auto step = [&] { backward(mean(square(tanh(add(matmul(x, weight), bias))))); };
  for (int i = 0; i < 3; ++i) step();
  const Pool::Statistics before = Pool::total();
  for (int i = 0; i < 200; ++i) step();
  EXPECT_EQ(Pool::total().system_allocations, before.system_allocations);
  EXPECT_EQ(Pool::total().reserved_bytes, before.reserved_bytes);
}

}  // namespace
}  // namespace tailgrad
