// Memory for the numbers of a kernel or of a backward closure: from the pool, so without a system
// call in a steady training step.
#pragma once

#include <cstddef>
#include <span>
#include <type_traits>
#include <utility>

#include <tailgrad/core/pool.h>
#include <tailgrad/core/real.h>

namespace tailgrad {
inline namespace TAILGRAD_PRECISION {
namespace kernels {

/// `count` numbers, not set; given back at the end of its life.
template <class T>
class Scratch {
  static_assert(std::is_trivial_v<T>);

 public:
  explicit Scratch(std::size_t count) : data_(static_cast<T*>(Pool::allocate(count * sizeof(T)))) {}
  explicit Scratch(std::span<const T> values) : Scratch(values.size()) {
    for (std::size_t i = 0; i < values.size(); ++i) data_[i] = values[i];
  }
  Scratch(Scratch&& other) noexcept : data_(std::exchange(other.data_, nullptr)) {}
  Scratch(const Scratch&) = delete;
  Scratch& operator=(Scratch&&) = delete;
  Scratch& operator=(const Scratch&) = delete;
  ~Scratch() {
    if (data_ != nullptr) Pool::release(data_);
  }

  T* data() const { return data_; }
  T& operator[](std::size_t i) const { return data_[i]; }

 private:
  T* data_;
};

}  // namespace kernels
}  // namespace TAILGRAD_PRECISION
}  // namespace tailgrad
