// From one vector a token to one vector a text.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include <tailgrad/nn/linear.h>

namespace tailgrad {
inline namespace TAILGRAD_PRECISION {

/// Pools the tokens of each text: `mean`, `max`, `mean-max` (both, side by side), `first`, or
/// `attention`, a mean weighted by softmax(x q) with a trained q (Lin et al. 2017, with one hop and
/// no hidden layer).
class Pooling : public Module {
 public:
  /// `kind` is one of kinds().
  Pooling(Module& parent, std::string_view name, const std::string& kind, Index width);
  /// x [tokens, width], text i is rows [offsets[i], offsets[i + 1]). Returns [texts, out_width()].
  Tensor operator()(const Tensor& x, std::span<const Index> offsets) const;
  /// Columns of the result.
  Index out_width() const { return kind_ == "mean-max" ? 2 * width_ : width_; }
  /// The names above.
  static const std::vector<std::string>& kinds();

 private:
  Tensor attend(const Tensor& x, std::span<const Index> offsets) const;

  std::string kind_;
  Index width_;
  std::optional<Linear> query_;
};

}  // namespace TAILGRAD_PRECISION
}  // namespace tailgrad
