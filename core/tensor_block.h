// What a Tensor points at. In a header only so that handles are copied
// inline; nothing but core's tensor files looks inside.
#pragma once

#include <tailgrad/core/real.h>
#include <tailgrad/core/shape.h>

#include <cstddef>
#include <cstdint>

namespace tailgrad {
inline namespace TAILGRAD_PRECISION {

class ParameterGradient;

/// One pool allocation holds the block and, unless it is a view, the values behind it.
struct TensorBlock {
  std::uint32_t references = 1;
  bool requires_grad = false;
  bool gradient_written = false;
  /// Handles may be copied by several threads at once, so the count must be atomic.
  bool shared = false;
  std::int32_t parameter_slot = -1;  ///< index in the GradientSet of its model
  Shape shape;
  std::size_t size = 0;
  Real* values = nullptr;
  Real* gradient = nullptr;                ///< of an ordinary tensor; from the pool
  ParameterGradient* parameter = nullptr;  ///< of a parameter
  TensorBlock* base = nullptr;             ///< of a view: the block that owns values and gradient
  std::size_t offset = 0;                  ///< of a view: its first element in the base
};

}  // namespace TAILGRAD_PRECISION
}  // namespace tailgrad
