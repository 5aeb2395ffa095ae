// Sums, differences, products, quotients, larger and smaller of two tensors, element by element.
//
// Either operand may be the smaller one. Against x of shape [.., m, n] it is repeated when it is
//   a scalar  of one element, any rank;
//   a row     [n] or [1, n]: the same numbers for every row of x;
//   a column  [.., m, 1], the shape of x with the last axis 1: one number for each row of x.
// The result has the shape of x. Shapes that fit in no such way throw Error. The gradient of a
// repeated operand is summed over the repetitions, in a fixed order.
#pragma once

#include <tailgrad/core/error.h>
#include <tailgrad/core/tensor.h>

namespace tailgrad {
inline namespace TAILGRAD_PRECISION {

/// a + b. Gradients: g, g.
Tensor add(const Tensor& a, const Tensor& b, Where where = {});
/// a - b. Gradients: g, -g.
Tensor subtract(const Tensor& a, const Tensor& b, Where where = {});
/// a b. Gradients: g b, g a.
Tensor multiply(const Tensor& a, const Tensor& b, Where where = {});
/// a / b. Gradients: g / b, -g a / b^2.
Tensor divide(const Tensor& a, const Tensor& b, Where where = {});
/// The larger of both; NaN when either is. Gradient: to the larger, half to each where they are
/// equal.
Tensor maximum(const Tensor& a, const Tensor& b, Where where = {});
/// The smaller of both; NaN when either is. Gradient: to the smaller, half to each where they are
/// equal.
Tensor minimum(const Tensor& a, const Tensor& b, Where where = {});

/// a + s. Gradient: g.
Tensor add(const Tensor& a, Real s);
/// a - s. Gradient: g.
Tensor subtract(const Tensor& a, Real s);
/// s - a. Gradient: -g.
Tensor subtract(Real s, const Tensor& a);
/// a s. Gradient: g s.
Tensor multiply(const Tensor& a, Real s);
/// a / s. Gradient: g / s.
Tensor divide(const Tensor& a, Real s);
/// s / a. Gradient: -g s / a^2.
Tensor divide(Real s, const Tensor& a);

}  // namespace TAILGRAD_PRECISION
}  // namespace tailgrad
