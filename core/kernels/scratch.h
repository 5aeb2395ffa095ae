// Memory for the numbers of a kernel, a loss or a backward closure: from the pool, so without a
// system call in a steady training step.
#pragma once

#include <algorithm>
#include <cstddef>
#include <span>
#include <type_traits>
#include <utility>

#include <tailgrad/core/pool.h>
#include <tailgrad/core/real.h>

namespace tailgrad {

/// An array of `size` numbers that are not set; given back at the end of its life.
template <class T>
class Scratch {
  static_assert(std::is_trivial_v<T>);

 public:
  Scratch() = default;
  explicit Scratch(std::size_t size)
      : data_(static_cast<T*>(Pool::allocate(size * sizeof(T)))), size_(size) {}
  explicit Scratch(std::span<const T> values) : Scratch(values.size()) {
    std::copy(values.begin(), values.end(), data_);
  }
  Scratch(Scratch&& other) noexcept
      : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)) {}
  Scratch& operator=(Scratch other) noexcept {
    std::swap(data_, other.data_);
    std::swap(size_, other.size_);
    return *this;
  }
  ~Scratch() {
    if (data_ != nullptr) Pool::release(data_);
  }

  T* data() const { return data_; }
  std::size_t size() const { return size_; }
  T& operator[](std::size_t i) const { return data_[i]; }
  T* begin() const { return data_; }
  T* end() const { return data_ + size_; }
  /// Gives the memory away: the receiver calls Pool::release.
  T* give() { return std::exchange(data_, nullptr); }

 private:
  T* data_ = nullptr;
  std::size_t size_ = 0;
};

inline namespace TAILGRAD_PRECISION {
namespace kernels {
using tailgrad::Scratch;
}  // namespace kernels
}  // namespace TAILGRAD_PRECISION
}  // namespace tailgrad
