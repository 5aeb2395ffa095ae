// The non-linearities between layers, element by element: out has the shape of x.
#pragma once

#include <cstdint>

#include <tailgrad/core/tensor.h>

namespace tailgrad {
inline namespace TAILGRAD_PRECISION {

/// Hyperbolic tangent. Gradient: g (1 - out^2).
Tensor tanh(const Tensor& x);

/// 1 / (1 + e^-x). Gradient: g out (1 - out).
Tensor sigmoid(const Tensor& x);

/// max(x, 0); a NaN stays a NaN. Gradient: g where x > 0, 0 elsewhere.
Tensor relu(const Tensor& x);

/// The two forms of gelu().
enum class Gelu : std::uint8_t {
  erf,   ///< x Phi(x) with the normal distribution function Phi, the definition
  tanh,  ///< x/2 (1 + tanh(sqrt(2/pi) (x + 0.044715 x^3))), within 5e-4 of it and cheaper
};

/// Gaussian error linear unit (Hendrycks and Gimpel 2016). Gradient: g times the exact derivative
/// of the chosen form; for erf, Phi(x) + x phi(x).
Tensor gelu(const Tensor& x, Gelu form = Gelu::erf);

/// log(1 + e^x) without overflow: max(x, 0) + log1p(e^-|x|). Gradient: g sigmoid(x).
Tensor softplus(const Tensor& x);

}  // namespace TAILGRAD_PRECISION
}  // namespace tailgrad
