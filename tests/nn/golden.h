// PyTorch's numbers for single layers (tests/golden/layers.safetensors).
#pragma once

#include <string>

#include <support/golden.h>

namespace tailgrad {
inline namespace TAILGRAD_PRECISION {

inline const test::Golden& golden() {
  static const test::Golden numbers("layers", 1e-11);
  return numbers;
}

/// "TOPIC/input/NAME" as a tensor that wants a gradient.
inline Tensor golden_input(const std::string& topic, const std::string& name = "x") {
  return golden().tensor(topic + "/input/" + name).require_grad();
}

}  // namespace TAILGRAD_PRECISION
}  // namespace tailgrad
