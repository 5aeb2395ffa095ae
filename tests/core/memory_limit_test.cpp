#include <tailgrad/core/memory_limit.h>

#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <tailgrad/core/error.h>
#include <tailgrad/core/peak_memory.h>
#include <tailgrad/core/pool.h>

#include <support/messages.h>

namespace tailgrad {
namespace {

using tailgrad::test::message_of;
using ::testing::HasSubstr;
using ::testing::MatchesRegex;

constexpr std::size_t kMegabyte = 1 << 20;

class MemoryLimitTest : public ::testing::Test {
 protected:
  ~MemoryLimitTest() override { set_memory_limit(0); }
  // Leaves this many bytes.
  static void leave(std::size_t bytes) { set_memory_limit(peak_memory_bytes().value() + bytes); }
};

TEST_F(MemoryLimitTest, NoneByDefault) {
  EXPECT_TRUE(take_memory(std::size_t{1} << 62));
  EXPECT_THAT(OutOfMemory(std::size_t{3} << 29).what(),
              HasSubstr("the system refused 1.500 GB more"));
}

TEST_F(MemoryLimitTest, WhatIsTakenMustFit) {
  leave(10 * kMegabyte + kMegabyte / 2);  // half a one for what the process itself takes meanwhile
  EXPECT_TRUE(take_memory(6 * kMegabyte));
  EXPECT_FALSE(take_memory(6 * kMegabyte));
  EXPECT_FALSE(take_memory(static_cast<std::size_t>(-1)));
  EXPECT_TRUE(take_memory(4 * kMegabyte));
  give_back_memory(6 * kMegabyte);
  EXPECT_TRUE(take_memory(6 * kMegabyte));
  EXPECT_FALSE(take_memory(kMegabyte));
  EXPECT_THAT(
      OutOfMemory(512 * kMegabyte).what(),
      MatchesRegex("out of memory: 0.500 GB more were wanted, and 0\\.[0-9]* GB of the limit "
                   "of 0\\.[0-9]* GB are in use"));
}

TEST_F(MemoryLimitTest, HoldsForThePoolsOfAllThreads) {
  leave(64 * kMegabyte);
  const auto allocates = [] {
    try {
      Pool::release(Pool::allocate(24 * kMegabyte));  // goes back to the pool, not to the system
      return true;
    } catch (const OutOfMemory&) {
      return false;
    }
  };
  EXPECT_TRUE(allocates());
  EXPECT_TRUE(allocates()) << "the same block again";
  std::thread([&] {
    EXPECT_TRUE(allocates());
    EXPECT_THROW(Pool::allocate(32 * kMegabyte), OutOfMemory);
  }).join();
}

TEST_F(MemoryLimitTest, LessThanTheProgramItselfIsRefused) {
  EXPECT_THAT(message_of([] { set_memory_limit(1000); }),
              MatchesRegex("memory limit: needs more than the [0-9]+ bytes that the program holds "
                           "before it begins; got 1000"));
}

}  // namespace
}  // namespace tailgrad
