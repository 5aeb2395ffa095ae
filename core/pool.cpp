#include <tailgrad/core/pool.h>

#include <sys/mman.h>

#include <bit>
#include <cstdlib>
#include <new>
#include <vector>

#include <tailgrad/core/memory_limit.h>

namespace tailgrad {

struct Pool::Block {
  Pool* owner;
  Block* next;
  std::size_t size_class;
};

namespace {

constexpr std::size_t kAlignment = 64;      // a cache line; the block's header fills one
constexpr std::size_t kSmallest = 128;      // bytes of the first size class, header included
constexpr std::size_t kHugePage = 2 << 20;  // large blocks ask for huge pages: fewer TLB misses

// All pools ever made, and those that no thread holds.
struct Registry {
  std::mutex mutex;
  std::vector<Pool*> all;
  std::vector<Pool*> idle;
};

Registry& registry() {
  static Registry* const instance = new Registry;  // never destroyed: threads may end after main
  return *instance;
}

thread_local constinit Pool* current_pool = nullptr;

struct ReturnsPoolAtThreadEnd {
  Pool* pool = nullptr;
  ~ReturnsPoolAtThreadEnd() {
    if (pool == nullptr) return;
    current_pool = nullptr;
    Pool::give_back(*pool);
  }
};

[[gnu::cold, gnu::noinline]] Pool& first_use() {
  thread_local ReturnsPoolAtThreadEnd returns;
  returns.pool = &Pool::acquire();
  current_pool = returns.pool;
  return *current_pool;
}

}  // namespace

Pool& Pool::current() {
  return current_pool != nullptr ? *current_pool : first_use();
}

// Classes 0..3 are 128, 160, 192, 224 bytes, 4..7 the doubles of these, and so on.
std::size_t Pool::class_of(std::size_t bytes) {
  if (bytes <= kSmallest) return 0;
  const std::size_t last = bytes - 1;
  const auto doublings = static_cast<std::size_t>(std::bit_width(last)) - 8;
  return doublings * 4 + ((last >> (doublings + 5)) & 3) + 1;
}

std::size_t Pool::class_bytes(std::size_t size_class) {
  return (4 + size_class % 4) << (size_class / 4 + 5);
}

Pool::Block* Pool::from_system(std::size_t size_class) {
  const std::size_t bytes = (class_bytes(size_class) + kAlignment - 1) / kAlignment * kAlignment;
  const bool huge = bytes >= 2 * kHugePage;
  void* memory = nullptr;
  if (!take_memory(bytes)) throw OutOfMemory(bytes);
  if (posix_memalign(&memory, huge ? kHugePage : kAlignment, bytes) != 0) {
    give_back_memory(bytes);
    throw OutOfMemory(bytes);
  }
  if (huge) madvise(memory, bytes, MADV_HUGEPAGE);  // a wish; nothing depends on it
  system_allocations_.fetch_add(1, std::memory_order_relaxed);
  reserved_bytes_.fetch_add(bytes, std::memory_order_relaxed);
  return new (memory) Block{this, nullptr, size_class};
}

void Pool::take_back_remote() {
  const std::lock_guard lock(remote_mutex_);
  while (remote_ != nullptr) {
    Block* block = remote_;
    remote_ = block->next;
    block->next = free_[block->size_class];
    free_[block->size_class] = block;
  }
  has_remote_.store(false, std::memory_order_relaxed);
}

void* Pool::allocate(std::size_t bytes) {
  static_assert(sizeof(Block) <= kAlignment);
  Pool& pool = current();
  const std::size_t size_class = class_of(bytes + kAlignment);
  if (size_class >= kClasses) throw OutOfMemory(bytes);
  Block* block = pool.free_[size_class];
  if (block == nullptr && pool.has_remote_.load(std::memory_order_relaxed)) {
    pool.take_back_remote();
    block = pool.free_[size_class];
  }
  if (block == nullptr) {
    block = pool.from_system(size_class);
  } else {
    pool.free_[size_class] = block->next;
  }
  return reinterpret_cast<std::byte*>(block) + kAlignment;
}

void Pool::release(void* memory) noexcept {
  auto* block = reinterpret_cast<Block*>(static_cast<std::byte*>(memory) - kAlignment);
  Pool& owner = *block->owner;
  if (&owner == current_pool) {
    block->next = owner.free_[block->size_class];
    owner.free_[block->size_class] = block;
    return;
  }
  const std::lock_guard lock(owner.remote_mutex_);
  block->next = owner.remote_;
  owner.remote_ = block;
  owner.has_remote_.store(true, std::memory_order_relaxed);
}

Pool::Statistics Pool::total() {
  Registry& all_pools = registry();
  const std::lock_guard lock(all_pools.mutex);
  Statistics sum;
  for (const Pool* pool : all_pools.all) {
    sum.system_allocations += pool->system_allocations_.load(std::memory_order_relaxed);
    sum.reserved_bytes += pool->reserved_bytes_.load(std::memory_order_relaxed);
  }
  return sum;
}

Pool& Pool::acquire() {
  Registry& all_pools = registry();
  const std::lock_guard lock(all_pools.mutex);
  if (!all_pools.idle.empty()) {
    Pool* pool = all_pools.idle.back();
    all_pools.idle.pop_back();
    return *pool;
  }
  all_pools.all.push_back(new Pool);
  return *all_pools.all.back();
}

void Pool::give_back(Pool& pool) {
  Registry& all_pools = registry();
  const std::lock_guard lock(all_pools.mutex);
  all_pools.idle.push_back(&pool);
}

PoolScope::PoolScope(Pool& pool) : before_(&Pool::current()) {
  current_pool = &pool;
}
PoolScope::~PoolScope() {
  current_pool = before_;
}

}  // namespace tailgrad
