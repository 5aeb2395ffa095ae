// A tensor and the name by which checkpoints, reports and per-group options know it.
#pragma once

#include <string>

#include <tailgrad/core/tensor.h>

namespace tailgrad {
inline namespace TAILGRAD_PRECISION {

/// A tensor of a model with its name.
struct NamedTensor {
  std::string name;  ///< dotted: "encoder.layers.0.norm1.weight"
  Tensor tensor;     ///< the parameter or buffer itself
};

}  // namespace TAILGRAD_PRECISION
}  // namespace tailgrad
