#include <tailgrad/nn/residual_block.h>

#include <tailgrad/core/ops/image_pooling.h>

namespace tailgrad {
inline namespace TAILGRAD_PRECISION {
namespace {

Conv2dLayerOptions filters(Index stride, Index padding) {
  return {
      .stride = stride, .padding = padding, .bias = false, .weight_init = Init::kaiming_normal()};
}

}  // namespace

ResidualBlock::Projection::Projection(Module& parent, Index in, Index out, Index stride)
    : Module(parent, "shortcut"),
      conv(*this, "conv", in, out, 1, filters(stride, 0)),
      bn(*this, "bn", out) {}

ResidualBlock::ResidualBlock(Module& parent, std::string_view name, Index in, Index out,
                             Index stride, Shortcut type)
    : Module(parent, name),
      in_(in),
      out_(out),
      stride_(stride),
      conv1_(*this, "conv1", in, out, 3, filters(stride, 1)),
      bn1_(*this, "bn1", out),
      conv2_(*this, "conv2", out, out, 3, filters(1, 1)),
      bn2_(*this, "bn2", out) {
  if (type == Shortcut::project && (stride != 1 || in != out))
    projection_ = std::make_unique<Projection>(*this, in, out, stride);
}

Tensor ResidualBlock::shortcut(const Tensor& x, Where where) const {
  if (projection_) return projection_->bn.after(projection_->conv, x, false, {}, where);
  return stride_ == 1 && in_ == out_ ? x : subsample_pad(x, stride_, out_, where);
}

Tensor ResidualBlock::operator()(const Tensor& x, Where where) const {
  const Tensor h = bn1_.after(conv1_, x, true, {}, where);
  return bn2_.after(conv2_, h, true, shortcut(x, where), where);
}

}  // namespace TAILGRAD_PRECISION
}  // namespace tailgrad
