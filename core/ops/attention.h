// Multi-head self-attention over packed sequences.
#pragma once

#include <span>

#include <tailgrad/core/error.h>
#include <tailgrad/core/tensor.h>

namespace tailgrad {
inline namespace TAILGRAD_PRECISION {

/// Scaled dot-product attention of every sequence to itself, head by head (Vaswani et al. 2017,
/// "Attention is all you need", equation 1):
///   out = dropout(softmax(Q K^T / sqrt(width / heads))) V
///
/// qkv [tokens, 3 width] holds queries, keys and values side by side, each with the heads side by
/// side; sequence s is the rows [offsets[s], offsets[s + 1]). There is no padding and so no mask;
/// empty sequences are allowed. Returns [tokens, width].
/// Inside a TrainingPass a share `dropout`, in [0, 1), of the attention weights is set to 0 and the
/// others are scaled up; the share is rounded to a multiple of 1/65536.
/// Gradient: for qkv. Saved: qkv and the attention weights; those of sequences longer than 512 are
/// computed again in the backward pass, in blocks of queries, so memory grows with their length and
/// not with its square.
/// Throws Error when the shapes, the offsets (from 0, never falling, to the number of tokens), the
/// heads (must divide the width) or the rate do not fit.
Tensor attention(const Tensor& qkv, std::span<const Index> offsets, Index heads, double dropout = 0,
                 Where where = {});

}  // namespace TAILGRAD_PRECISION
}  // namespace tailgrad
