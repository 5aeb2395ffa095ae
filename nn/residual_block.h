// The basic block of residual nets (He et al. 2016, "Deep residual learning for image
// recognition").
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>

#include <tailgrad/nn/conv2d.h>

namespace tailgrad {
inline namespace TAILGRAD_PRECISION {

/// How x reaches the output of a block that changes its size: type A takes every stride-th pixel
/// and pads channels with zeros (no parameters), type B is a 1 x 1 convolution with batch norm.
enum class Shortcut : std::uint8_t { pad, project };

/// relu(bn2(conv2(relu(bn1(conv1(x))))) + shortcut(x)), 3 x 3 filters without bias; conv1 has the
/// stride. Parameters: conv1, bn1, conv2, bn2 and, of type B, shortcut.conv and shortcut.bn.
class ResidualBlock : public Module {
 public:
  /// From `in` channels to `out`; the first convolution moves by `stride`.
  ResidualBlock(Module& parent, std::string_view name, Index in, Index out, Index stride,
                Shortcut shortcut);

  /// x [images, height, width, in]; returns [images, height / stride, width / stride, out].
  Tensor operator()(const Tensor& x, Where where = {}) const;

 private:
  struct Projection : Module {
    Projection(Module& parent, Index in, Index out, Index stride);
    Conv2d conv;
    BatchNorm2d bn;
  };
  Tensor shortcut(const Tensor& x, Where where) const;

  Index in_, out_, stride_;
  Conv2d conv1_;
  BatchNorm2d bn1_;
  Conv2d conv2_;
  BatchNorm2d bn2_;
  std::unique_ptr<Projection> projection_;  ///< of type B, where the size changes
};

}  // namespace TAILGRAD_PRECISION
}  // namespace tailgrad
