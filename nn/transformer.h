// The transformer encoder (Vaswani et al. 2017, section 3) on packed sequences.
#pragma once

#include <optional>
#include <span>
#include <string_view>

#include <tailgrad/nn/layer_norm.h>
#include <tailgrad/nn/linear.h>
#include <tailgrad/nn/multi_head_attention.h>

namespace tailgrad {
inline namespace TAILGRAD_PRECISION {

/// One layer of a transformer.
struct TransformerLayerOptions {
  Index width = 64;                          ///< columns of input and output
  Index heads = 4;                           ///< of the attention; they divide the width
  Index feedforward = 2048;                  ///< columns between the two linear layers
  double dropout = 0.1;                      ///< of attention, hidden layer and both branches
  Activation activation = Activation::relu;  ///< of the hidden layer
  bool norm_first = false;                   ///< pre-norm: Xiong et al. 2020, figure 1 (b)
  double epsilon = 1e-5;                     ///< of the norms
};

/// One layer, with attention A, feed-forward F(x) = linear2(dropout(f(linear1(x)))) and dropout D:
///   post-norm  y = norm1(x + D(A(x))),   out = norm2(y + D(F(y)))
///   pre-norm   y = x + D(A(norm1(x))),   out = y + D(F(norm2(y)))
/// Parameters in the order and under the names of PyTorch's TransformerEncoderLayer: self_attn,
/// linear1, linear2, norm1, norm2.
class TransformerEncoderLayer : public Module {
 public:
  /// Throws Error as MultiHeadAttention and Linear.
  TransformerEncoderLayer(Module& parent, std::string_view name,
                          const TransformerLayerOptions& options);

  /// x [tokens, width]; sequence s is rows [offsets[s], offsets[s + 1]). Returns [tokens, width].
  Tensor operator()(const Tensor& x, std::span<const Index> offsets, Where where = {}) const;

 private:
  Tensor attend(const Tensor& x, std::span<const Index> offsets, Where where) const;
  Tensor feed_forward(const Tensor& x, Where where) const;

  bool norm_first_;
  double dropout_;
  MultiHeadAttention self_attn_;
  Linear linear1_;
  Linear linear2_;
  LayerNorm norm1_;
  LayerNorm norm2_;
};

/// A stack of layers.
struct TransformerOptions {
  Index layers = 2;                    ///< one above the other
  TransformerLayerOptions layer = {};  ///< the same for all
  /// A norm after the last layer, "norm". Pre-norm layers need one; after post-norm layers it adds
  /// little.
  bool final_norm = false;
};

/// Layers "layers.0", "layers.1", … and, if wanted, "norm", as PyTorch's TransformerEncoder.
class TransformerEncoder : public Module {
 public:
  /// The layers are "layers.0", "layers.1", …
  TransformerEncoder(Module& parent, std::string_view name, const TransformerOptions& options);

  /// x [tokens, width] with positions already added (see position.h). Returns [tokens, width].
  Tensor operator()(const Tensor& x, std::span<const Index> offsets, Where where = {}) const;

 private:
  ModuleList<TransformerEncoderLayer> layers_;
  std::optional<LayerNorm> norm_;
};

}  // namespace TAILGRAD_PRECISION
}  // namespace tailgrad
