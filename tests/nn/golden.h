// Reads tests/golden/layers.safetensors and compares layers with it.
#pragma once

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include <tailgrad/core/safetensors.h>
#include <tailgrad/core/tape.h>
#include <tailgrad/nn/module.h>
#include <tailgrad/nn/weights.h>

namespace tailgrad {
inline namespace TAILGRAD_PRECISION {

inline const Safetensors& layers_golden() {
  static const Safetensors file =
      Safetensors::read(TAILGRAD_SOURCE_DIR "/tests/golden/layers.safetensors");
  return file;
}

/// "TOPIC/input/NAME" as a tensor that wants a gradient.
inline Tensor golden_input(const std::string& topic, const std::string& name = "x") {
  const StoredTensor& found = layers_golden().at(topic + "/input/" + name);
  const std::vector<double> values = found.as_doubles();
  Tensor tensor = Tensor::from(
      {static_cast<Index>(found.shape[0]), static_cast<Index>(found.shape[1])}, values);
  return tensor.require_grad();
}

inline std::vector<Index> golden_indices(const std::string& topic, const std::string& name) {
  std::vector<Index> all;
  for (std::int64_t value : layers_golden().at(topic + "/input/" + name).as_integers())
    all.push_back(static_cast<Index>(value));
  return all;
}

inline void expect_golden(std::span<const Real> values, const std::string& name) {
  const std::vector<double> expected = layers_golden().at(name).as_doubles();
  ASSERT_EQ(values.size(), expected.size()) << name;
  for (std::size_t i = 0; i < expected.size(); ++i)
    EXPECT_NEAR(values[i], expected[i], 1e-11 * std::max(1.0, std::abs(expected[i])))
        << name << " element " << i;
}

}  // namespace TAILGRAD_PRECISION
}  // namespace tailgrad
