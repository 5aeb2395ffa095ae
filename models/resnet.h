// Residual nets for small images.
#pragma once

#include <tailgrad/models/image_head.h>
#include <tailgrad/nn/residual_block.h>

namespace tailgrad {
inline namespace TAILGRAD_PRECISION {

/// The size of a residual net.
struct ResNetOptions {
  Index depth = 32;  ///< 6 n + 2 layers: n blocks a stage
  Index width = 16;  ///< channels of the first stage; the others have two and four times as many
  Shortcut shortcut = Shortcut::pad;  ///< what joins blocks of different widths
  ImageHeadOptions head = {};         ///< the last layer
};

/// The net of He et al. 2016, section 4.2: a 3 x 3 convolution, three stages of n residual blocks
/// (the second and third halve the image), the mean over the image, and a linear layer. Filters
/// start as kaiming_normal. Names of parameters: conv1, bn1, layer1.0.conv1, …, linear.
class ResNet final : public Model {
 public:
  /// Throws Error unless depth is 6 n + 2 with n >= 1.
  ResNet(const ModelSetup& setup, const ResNetOptions& options = {});
  /// x [images, height, width, channels]; returns [images, classes].
  Tensor operator()(const Tensor& x) const;
  Tensor logits(const Examples& batch) const override;
  const Linear& output() const override { return linear_; }

 private:
  Conv2d conv1_;
  BatchNorm2d bn1_;
  ModuleList<ResidualBlock> layer1_, layer2_, layer3_;
  ImageHead linear_;
};

/// Its row of the table of models.
ModelEntry resnet_entry();

}  // namespace TAILGRAD_PRECISION
}  // namespace tailgrad
