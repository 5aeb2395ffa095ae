// An array that a backward closure keeps: a copy in pool memory, so that a recorded op asks nothing
// of the system.
#pragma once

#include <algorithm>
#include <cstddef>
#include <span>
#include <type_traits>
#include <utility>

#include <tailgrad/core/pool.h>

namespace tailgrad::kernels {

template <class T>
class Kept {
  static_assert(std::is_trivial_v<T>);

 public:
  explicit Kept(std::span<const T> from)
      : data_(static_cast<T*>(Pool::allocate(from.size_bytes()))), size_(from.size()) {
    std::ranges::copy(from, data_);
  }
  Kept(Kept&& other) noexcept
      : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)) {}
  Kept(const Kept&) = delete;
  Kept& operator=(const Kept&) = delete;
  Kept& operator=(Kept&&) = delete;
  ~Kept() {
    if (data_ != nullptr) Pool::release(data_);
  }

  std::size_t size() const { return size_; }
  std::span<const T> values() const { return {data_, size_}; }

 private:
  T* data_;
  std::size_t size_;
};

}  // namespace tailgrad::kernels
