// a + b, a - b, a * b, a / b and -a for tensors and numbers: the ops of arithmetic.h.
#pragma once

#include <source_location>

#include <tailgrad/core/ops/arithmetic.h>
#include <tailgrad/core/ops/elementwise.h>
#include <tailgrad/core/tensor.h>

namespace tailgrad {
inline namespace TAILGRAD_PRECISION {

/// A right operand with its place in the caller's source: an operator can take no argument more,
/// yet its error message names the call.
struct Operand {
  const Tensor& tensor;  ///< the operand
  Where where;           ///< the place of the call
  /// Made from a tensor wherever an operator asks for one.
  Operand(const Tensor& operand, std::source_location at = std::source_location::current())
      : tensor(operand), where(at) {}
};

/// add(a, b).
inline Tensor operator+(const Tensor& a, Operand b) {
  return add(a, b.tensor, b.where);
}
/// subtract(a, b).
inline Tensor operator-(const Tensor& a, Operand b) {
  return subtract(a, b.tensor, b.where);
}
/// multiply(a, b), element by element.
inline Tensor operator*(const Tensor& a, Operand b) {
  return multiply(a, b.tensor, b.where);
}
/// divide(a, b), element by element.
inline Tensor operator/(const Tensor& a, Operand b) {
  return divide(a, b.tensor, b.where);
}
/// Every element plus s.
inline Tensor operator+(const Tensor& a, Real s) {
  return add(a, s);
}
/// Every element plus s.
inline Tensor operator+(Real s, const Tensor& a) {
  return add(a, s);
}
/// Every element minus s.
inline Tensor operator-(const Tensor& a, Real s) {
  return subtract(a, s);
}
/// s minus every element.
inline Tensor operator-(Real s, const Tensor& a) {
  return subtract(s, a);
}
/// Every element times s.
inline Tensor operator*(const Tensor& a, Real s) {
  return multiply(a, s);
}
/// Every element times s.
inline Tensor operator*(Real s, const Tensor& a) {
  return multiply(a, s);
}
/// Every element divided by s.
inline Tensor operator/(const Tensor& a, Real s) {
  return divide(a, s);
}
/// s divided by every element.
inline Tensor operator/(Real s, const Tensor& a) {
  return divide(s, a);
}
/// negate(a).
inline Tensor operator-(const Tensor& a) {
  return negate(a);
}

}  // namespace TAILGRAD_PRECISION
}  // namespace tailgrad
