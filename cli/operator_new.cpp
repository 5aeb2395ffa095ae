// The program's memory, counted: what --memory-limit leaves is taken here and in the tensors' pool.
// (Types that want more than the usual alignment keep the standard operators; none is large.)
#include <malloc.h>

#include <cstdlib>
#include <new>

#include <tailgrad/core/memory_limit.h>

void* operator new(std::size_t size) {
  void* const memory = std::malloc(size > 0 ? size : 1);
  if (memory != nullptr && tailgrad::take_memory(::malloc_usable_size(memory))) return memory;
  std::free(memory);
  throw tailgrad::OutOfMemory(size);
}

void operator delete(void* memory) noexcept {
  if (memory == nullptr) return;
  tailgrad::give_back_memory(::malloc_usable_size(memory));
  std::free(memory);
}

void operator delete(void* memory, std::size_t) noexcept {
  operator delete(memory);
}
