// A plain convolutional net for small images.
#pragma once

#include <optional>
#include <vector>

#include <tailgrad/models/image_head.h>
#include <tailgrad/nn/conv2d.h>

namespace tailgrad {
inline namespace TAILGRAD_PRECISION {

/// The stages of the net.
struct CnnOptions {
  std::vector<Index> channels = {32, 64};  ///< of each stage
  Index hidden = 128;                      ///< width of the layer before the last
  bool batch_norm = true;                  ///< after every convolution
  double dropout = 0;                      ///< after the hidden layer
  ImageHeadOptions head = {};              ///< the last layer
};

/// Stages of a 3 x 3 convolution, batch norm, relu and max pooling by two, then a hidden layer and
/// the last one.
class Cnn final : public Model {
 public:
  /// Throws Error when the images are too small for the stages.
  Cnn(const ModelSetup& setup, const CnnOptions& options = {});
  /// x [images, height, width, channels]; returns [images, classes].
  Tensor operator()(const Tensor& x) const;
  Tensor logits(const Examples& batch) const override;
  const Linear& output() const override { return out_; }

 private:
  struct Stage : Module {
    Stage(Module& parent, std::string_view name, Index in, Index out, bool batch_norm);
    Conv2d conv;
    std::optional<BatchNorm2d> bn;
  };
  double dropout_;
  ModuleList<Stage> stages_;
  Linear hidden_;
  ImageHead out_;
};

/// Its row of the table of models.
ModelEntry cnn_entry();

}  // namespace TAILGRAD_PRECISION
}  // namespace tailgrad
