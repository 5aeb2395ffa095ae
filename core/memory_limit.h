// How much memory a program may hold, and what is said when that is too little.
#pragma once

#include <cstddef>
#include <cstdint>
#include <new>

namespace tailgrad {

/// Less memory was to be had than was wanted. Without a limit: what the system refused.
class OutOfMemory : public std::bad_alloc {
 public:
  /// `bytes` that were wanted.
  explicit OutOfMemory(std::size_t bytes) noexcept;
  /// "out of memory: 1.50 GB more were wanted, and 0.80 GB of the limit of 2.00 GB are in use"
  const char* what() const noexcept override { return text_; }

 private:
  char text_[160];  // no memory must be needed to say that there is none
};

/// From now on what is taken must fit into `bytes`, together with all that the process has held so
/// far; 0: no limit. Counted are tensors, and everything else in a program whose operator new takes
/// from here; the command line's does. Throws Error when the process has already held more.
void set_memory_limit(std::uint64_t bytes);

/// Takes `bytes` from what the limit leaves; false, and nothing taken, when it leaves less. Without
/// a limit always true. Any thread.
bool take_memory(std::size_t bytes) noexcept;
void give_back_memory(std::size_t bytes) noexcept;  ///< what take_memory took

}  // namespace tailgrad
