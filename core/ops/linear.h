// The fully connected layer as one op.
#pragma once

#include <cstdint>

#include <tailgrad/core/error.h>
#include <tailgrad/core/tensor.h>

namespace tailgrad {
inline namespace TAILGRAD_PRECISION {

/// What `linear` applies to its sums.
enum class Activation : std::uint8_t { none, relu, gelu, tanh };

/// y = f(x weight^T + bias), row by row; gelu is the erf form.
///
/// x [.., in], weight [out, in], bias [out] or an undefined tensor for none; returns [.., out].
/// Bias and activation are applied to each block of the product while it is in the cache.
/// Gradients, with d = upstream * f': d weight for x, d^T x for weight, column sums of d for bias.
/// Saved: x, weight, and f' (gelu) or the result (relu, tanh).
/// Throws Error when the shapes do not fit.
Tensor linear(const Tensor& x, const Tensor& weight, const Tensor& bias = {},
              Activation activation = Activation::none, Where where = {});

}  // namespace TAILGRAD_PRECISION
}  // namespace tailgrad
