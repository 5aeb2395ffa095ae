// Recycled memory for tensors: after the first steps of a training run no call reaches the system.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <mutex>

namespace tailgrad {

/// Size-class free lists, four classes a doubling, blocks aligned to 64 bytes.
///
/// Every thread has a pool of its own and allocates and releases there without a lock. A block that
/// another thread releases goes back to the pool it came from, under that pool's lock. Pools are
/// never destroyed: a thread that ends leaves its pool, with all that is in it, to the next thread.
class Pool {
 public:
  /// What a pool has asked from the system.
  struct Statistics {
    std::uint64_t system_allocations = 0;  ///< blocks ever asked from the system
    std::uint64_t reserved_bytes = 0;      ///< bytes held, in use or free
  };

  /// The pool of the running thread, or the one that PoolScope put in its place.
  static Pool& current();
  /// Memory for `bytes` bytes. Throws OutOfMemory when the system has none, or
  /// set_memory_limit leaves none.
  static void* allocate(std::size_t bytes);
  /// Gives back what allocate() returned, from any thread.
  static void release(void* memory) noexcept;
  /// Summed over all pools of the process.
  static Statistics total();
  /// A pool for the use of one task at a time, whichever thread runs it (see PoolScope).
  static Pool& acquire();
  /// Gives back what acquire() returned, with its memory.
  static void give_back(Pool& pool);

  Pool(const Pool&) = delete;
  Pool& operator=(const Pool&) = delete;

 private:
  friend class PoolScope;
  struct Block;
  static constexpr std::size_t kClasses = 4 * 48;

  Pool() = default;
  static std::size_t class_of(std::size_t bytes);
  static std::size_t class_bytes(std::size_t size_class);
  Block* from_system(std::size_t size_class);
  void take_back_remote();

  std::array<Block*, kClasses> free_{};
  std::atomic<bool> has_remote_{false};
  std::mutex remote_mutex_;
  Block* remote_ = nullptr;
  std::atomic<std::uint64_t> system_allocations_{0};
  std::atomic<std::uint64_t> reserved_bytes_{0};
};

/// While it lives, the running thread allocates from `pool`: so a task that moves between threads
/// finds the blocks of its last run again.
class PoolScope {
 public:
  /// The pool must outlive this object.
  explicit PoolScope(Pool& pool);
  ~PoolScope();
  PoolScope(const PoolScope&) = delete;
  PoolScope& operator=(const PoolScope&) = delete;

 private:
  Pool* before_;
};

}  // namespace tailgrad
