// The last layer of image nets, in the forms that the long-tail literature compares.
#pragma once

#include <string>
#include <vector>

#include <tailgrad/models/model_table.h>
#include <tailgrad/nn/linear.h>

namespace tailgrad {
inline namespace TAILGRAD_PRECISION {

/// The last layer of an image model.
struct ImageHeadOptions {
  std::string kind = "linear";  ///< linear, no-bias, or cosine: scale cos(x, w_k), without bias
  double scale = 1;             ///< of cosines; 1 for a loss that scales them itself (ldam)
};

/// x [items, width] to logits [items, classes]. Parameters: weight [classes, width] and, of linear
/// only, bias [classes].
class ImageHead : public Linear {
 public:
  /// [items, width] to [items, classes].
  ImageHead(Module& parent, std::string_view name, Index width, Index classes,
            const ImageHeadOptions& options);
  /// X [items, width]; returns logits [items, classes].
  Tensor operator()(const Tensor& x, Where where = {}) const;

  /// Their text form, for the models that have such a head.
  static std::vector<OptionSpec> forms();
  /// From what a user wrote.
  static ImageHeadOptions read(const Settings& settings);

 private:
  ImageHeadOptions options_;
};

}  // namespace TAILGRAD_PRECISION
}  // namespace tailgrad
