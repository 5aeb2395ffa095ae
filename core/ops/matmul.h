// Matrix products.
#pragma once

#include <tailgrad/core/error.h>
#include <tailgrad/core/tensor.h>

namespace tailgrad {
inline namespace TAILGRAD_PRECISION {

/// Which operands of a product are used transposed: matmul(x, w, {.b = true}) is x wᵀ.
struct Transpose {
  bool a = false;  ///< a is stored as [k, m]
  bool b = false;  ///< b is stored as [n, k]
};

/// a b, with a [m, k] (stored as [k, m] when transposed) and b [k, n] (stored as [n, k] when
/// transposed); out [m, n]. k = 0 gives zeros. Gradients: g bᵀ and aᵀ g, themselves products with
/// flags: nothing is ever transposed in memory. Saves the handles of a and b.
/// Throws Error unless both have two axes and the inner ones agree.
Tensor matmul(const Tensor& a, const Tensor& b, Transpose transpose = {}, Where where = {});

}  // namespace TAILGRAD_PRECISION
}  // namespace tailgrad
