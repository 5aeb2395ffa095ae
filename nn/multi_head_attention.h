// Self-attention with its projections.
#pragma once

#include <span>
#include <string_view>

#include <tailgrad/nn/linear.h>
#include <tailgrad/nn/module.h>

namespace tailgrad {
inline namespace TAILGRAD_PRECISION {

/// How a MultiHeadAttention is made.
struct AttentionOptions {
  double dropout = 0;  ///< of the attention weights
  bool bias = true;    ///< of both projections
};

/// Multi-head self-attention within each sequence (Vaswani et al. 2017, section 3.2.2):
/// attention(x in_proj_weight^T + in_proj_bias) out_proj.weight^T + out_proj.bias.
///
/// Parameters as PyTorch's MultiheadAttention: in_proj_weight [3 width, width] (queries, keys,
/// values; xavier_uniform), in_proj_bias [3 width] (zeros), out_proj.weight [width, width] (as
/// Linear), out_proj.bias [width] (zeros).
class MultiHeadAttention : public Module {
 public:
  /// Throws Error for a width that the heads do not divide, or dropout outside [0, 1).
  MultiHeadAttention(Module& parent, std::string_view name, Index width, Index heads,
                     AttentionOptions options = {});

  /// x [tokens, width]; sequence s is rows [offsets[s], offsets[s + 1]). Returns [tokens, width].
  Tensor operator()(const Tensor& x, std::span<const Index> offsets, Where where = {}) const;

  Tensor in_proj_weight;  ///< [3 width, width]: queries, keys, values
  Tensor in_proj_bias;    ///< undefined without bias

 private:
  Index heads_;
  double dropout_;
  Linear out_proj_;
};

}  // namespace TAILGRAD_PRECISION
}  // namespace tailgrad
