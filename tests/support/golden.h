// Numbers of other programs (tests/golden/*.safetensors), and comparing with them.
#pragma once

#include <algorithm>
#include <cmath>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include <tailgrad/core/safetensors.h>
#include <tailgrad/core/tensor.h>

namespace tailgrad {
inline namespace TAILGRAD_PRECISION {
namespace test {

class Golden {
 public:
  /// tests/golden/NAME.safetensors, to be met to `tolerance`: relative, and absolute below 1.
  Golden(const std::string& name, double tolerance)
      : file_(Safetensors::read(TAILGRAD_SOURCE_DIR "/tests/golden/" + name + ".safetensors")),
        tolerance_(tolerance) {}

  const Safetensors& file() const { return file_; }

  Tensor tensor(const std::string& name) const {
    const StoredTensor& found = file_.at(name);
    const auto extent = [&](std::size_t axis) { return static_cast<Index>(found.shape.at(axis)); };
    const Shape shape = found.shape.size() == 4 ? Shape{extent(0), extent(1), extent(2), extent(3)}
                        : found.shape.size() == 2 ? Shape{extent(0), extent(1)}
                                                  : Shape{extent(0)};
    return Tensor::from(shape, found.as_doubles());
  }
  std::vector<Index> indices(const std::string& name) const {
    std::vector<Index> all;
    for (const std::int64_t value : file_.at(name).as_integers())
      all.push_back(static_cast<Index>(value));
    return all;
  }
  void expect(std::span<const Real> values, const std::string& name) const {
    const std::vector<double> expected = file_.at(name).as_doubles();
    ASSERT_EQ(values.size(), expected.size()) << name;
    for (std::size_t i = 0; i < expected.size(); ++i)
      EXPECT_NEAR(values[i], expected[i], tolerance_ * std::max(1.0, std::abs(expected[i])))
          << name << " element " << i;
  }

 private:
  Safetensors file_;
  double tolerance_;
};

}  // namespace test
}  // namespace TAILGRAD_PRECISION
}  // namespace tailgrad
