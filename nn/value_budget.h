// How many values the modules made by a thread may have: for models described by a file.
#pragma once

#include <cstddef>

#include <tailgrad/core/shape.h>

namespace tailgrad {

/// While it lives, the modules that this thread makes may have so many parameters and buffers in
/// all: what a file says about a model must not take more memory than its weights justify.
class ValueBudget {
 public:
  /// `values` in all. Not for two at a time in one thread.
  explicit ValueBudget(std::size_t values);
  ~ValueBudget();
  ValueBudget(const ValueBudget&) = delete;
  ValueBudget& operator=(const ValueBudget&) = delete;

  /// Takes what a tensor of this shape needs. Throws Error when less is left; without a budget in
  /// this thread it does nothing.
  static void take(const Shape& shape);
};

}  // namespace tailgrad
