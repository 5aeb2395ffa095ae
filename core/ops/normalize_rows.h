// Rows of length one.
#pragma once

#include <tailgrad/core/error.h>
#include <tailgrad/core/tensor.h>

namespace tailgrad {
inline namespace TAILGRAD_PRECISION {

/// y = x / max(|x|, epsilon), row by row, |x| the Euclidean length; a row of zeros stays zero.
///
/// x [.., n]; returns the shape of x. Gradient: (g - y (y . g)) / |x| where |x| > epsilon, else
/// g / epsilon. Saves x, y and 1 / max(|x|, epsilon) of each row. Throws Error unless epsilon > 0.
Tensor normalize_rows(const Tensor& x, Real epsilon = Real(1e-12), Where where = {});

}  // namespace TAILGRAD_PRECISION
}  // namespace tailgrad
