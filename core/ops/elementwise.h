// Functions of one tensor, element by element: out has the shape of x.
#pragma once

#include <tailgrad/core/error.h>
#include <tailgrad/core/tensor.h>

namespace tailgrad {
inline namespace TAILGRAD_PRECISION {

/// -x. Gradient: -g.
Tensor negate(const Tensor& x);

/// e^x. Gradient: g e^x.
Tensor exp(const Tensor& x);

/// Natural logarithm: -infinity at 0, NaN below. Gradient: g / x.
Tensor log(const Tensor& x);

/// Square root: NaN below 0. Gradient: g / (2 sqrt(x)), infinite at 0.
Tensor sqrt(const Tensor& x);

/// x^2. Gradient: 2 g x.
Tensor square(const Tensor& x);

/// |x|. Gradient: g sign(x), 0 at 0.
Tensor abs(const Tensor& x);

/// min(max(x, low), high); a NaN stays a NaN. Gradient: g where low <= x <= high, 0 elsewhere.
/// Throws Error unless low <= high.
Tensor clamp(const Tensor& x, Real low, Real high, Where where = {});

}  // namespace TAILGRAD_PRECISION
}  // namespace tailgrad
