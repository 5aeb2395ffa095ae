#include <tailgrad/nn/transformer.h>

#include <tailgrad/core/ops/arithmetic.h>
#include <tailgrad/core/ops/dropout.h>
#include <tailgrad/nn/check_size.h>

namespace tailgrad {
inline namespace TAILGRAD_PRECISION {

TransformerEncoderLayer::TransformerEncoderLayer(Module& parent, std::string_view name,
                                                 const TransformerLayerOptions& options)
    : Module(parent, name),
      norm_first_(options.norm_first),
      dropout_(options.dropout),
      self_attn_(*this, "self_attn", options.width, options.heads, {.dropout = options.dropout}),
      linear1_(*this, "linear1", options.width, options.feedforward,
               {.activation = options.activation}),
      linear2_(*this, "linear2", options.feedforward, options.width),
      norm1_(*this, "norm1", options.width, options.epsilon),
      norm2_(*this, "norm2", options.width, options.epsilon) {}

Tensor TransformerEncoderLayer::attend(const Tensor& x, std::span<const Index> offsets,
                                       Where where) const {
  return dropout(self_attn_(x, offsets, where), dropout_);
}

Tensor TransformerEncoderLayer::feed_forward(const Tensor& x, Where where) const {
  return dropout(linear2_(dropout(linear1_(x, where), dropout_), where), dropout_);
}

Tensor TransformerEncoderLayer::operator()(const Tensor& x, std::span<const Index> offsets,
                                           Where where) const {
  if (norm_first_) {
    const Tensor y = add(x, attend(norm1_(x, where), offsets, where), where);
    return add(y, feed_forward(norm2_(y, where), where), where);
  }
  const Tensor y = norm1_(attend(x, offsets, where), x, where);
  return norm2_(feed_forward(y, where), y, where);
}

TransformerEncoder::TransformerEncoder(Module& parent, std::string_view name,
                                       const TransformerOptions& options)
    : Module(parent, name), layers_(*this, "layers") {
  check_size(*this, "TransformerEncoder", "layers", options.layers);
  for (Index k = 0; k < options.layers; ++k) layers_.add(options.layer);
  if (options.final_norm) norm_.emplace(*this, "norm", options.layer.width, options.layer.epsilon);
}

Tensor TransformerEncoder::operator()(const Tensor& x, std::span<const Index> offsets,
                                      Where where) const {
  Tensor y = x;
  for (const TransformerEncoderLayer& layer : layers_) y = layer(y, offsets, where);
  return norm_ ? (*norm_)(y, where) : y;
}

}  // namespace TAILGRAD_PRECISION
}  // namespace tailgrad
