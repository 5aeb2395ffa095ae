// Working memory of a kernel: from the pool, given back at the end of the scope.
#pragma once

#include <cstddef>
#include <type_traits>

#include <tailgrad/core/pool.h>

namespace tailgrad::kernels {

/// `count` numbers, not set.
template <class T>
class Scratch {
  static_assert(std::is_trivial_v<T>);

 public:
  explicit Scratch(std::size_t count) : data_(static_cast<T*>(Pool::allocate(count * sizeof(T)))) {}
  ~Scratch() { Pool::release(data_); }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;

  T* data() const { return data_; }
  T& operator[](std::size_t i) const { return data_[i]; }

 private:
  T* data_;
};

}  // namespace tailgrad::kernels
