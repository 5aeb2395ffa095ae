// Normalisation of each row (Ba, Kiros, Hinton 2016, "Layer normalization", equations 3 and 4).
#pragma once

#include <tailgrad/core/error.h>
#include <tailgrad/core/tensor.h>

namespace tailgrad {
inline namespace TAILGRAD_PRECISION {

/// y = (x - mean(x)) / sqrt(variance(x) + epsilon) * gain + bias, row by row, with the variance
/// that divides by the width.
///
/// x [.., width], gain [width], bias [width]; returns the shape of x. With n = (x - mean) / σ and
/// d = upstream * gain the gradients are (d - mean(d) - n mean(d n)) / σ for x, column sums of
/// upstream * n for gain and of upstream for bias. Saved: x, and mean and 1 / σ of each row.
/// Throws Error when the shapes do not fit or epsilon is negative.
Tensor layer_norm(const Tensor& x, const Tensor& gain, const Tensor& bias,
                  Real epsilon = Real(1e-5), Where where = {});

/// layer_norm(x + residual, ...) in one pass; x and residual of the same shape.
Tensor add_layer_norm(const Tensor& x, const Tensor& residual, const Tensor& gain,
                      const Tensor& bias, Real epsilon = Real(1e-5), Where where = {});

}  // namespace TAILGRAD_PRECISION
}  // namespace tailgrad
