#include <tailgrad/core/ops/matmul.h>

#include <algorithm>
#include <string>

#include <tailgrad/core/kernels/gemm.h>
#include <tailgrad/core/tape.h>

namespace tailgrad {
inline namespace TAILGRAD_PRECISION {
namespace {

// BLAS wants a stride of at least 1, even of a matrix without columns.
kernels::Matrix matrix(const Real* data, Index cols, bool transposed) {
  return {data, std::max(cols, 1), transposed};
}

// Adds a product to a gradient or writes it.
void accumulate_product(GradientTarget to, Index m, Index n, Index k, kernels::Matrix a,
                        kernels::Matrix b) {
  kernels::gemm(m, n, k, 1, a, b, to.fresh ? Real{0} : Real{1}, to.data, std::max(n, 1));
}

}  // namespace

Tensor matmul(const Tensor& a, const Tensor& b, Transpose transpose, Where where) {
  const bool two_axes = a.shape().rank() == 2 && b.shape().rank() == 2;
  if (!two_axes || a.shape()[transpose.a ? 0 : 1] != b.shape()[transpose.b ? 1 : 0])
    fail("matmul",
         std::string("needs a ") + (transpose.a ? "[k, m] (transposed)" : "[m, k]") + " and b " +
             (transpose.b ? "[n, k] (transposed)" : "[k, n]"),
         {{"a", a.shape()}, {"b", b.shape()}}, where);
  const Index m = a.shape()[transpose.a ? 1 : 0];
  const Index k = a.shape()[transpose.a ? 0 : 1];
  const Index n = b.shape()[transpose.b ? 0 : 1];
  Tensor out = Tensor::empty({m, n});
  kernels::gemm(m, n, k, 1, matrix(a.data(), a.cols(), transpose.a),
                matrix(b.data(), b.cols(), transpose.b), 0, out.mutable_data(), std::max(n, 1));
  Tape::current().record("matmul", out, {&a, &b}, [a, b, out, transpose, m, k, n] {
    const Real* g = out.grad().data();
    // With A and B for the operands after their flags: dA = g Bᵀ, dB = Aᵀ g; where the stored
    // matrix is the transposed one, its gradient is the transposed product.
    if (a.requires_grad()) {
      const GradientTarget to = a.gradient_target();
      if (transpose.a)
        accumulate_product(to, k, m, n, matrix(b.data(), b.cols(), transpose.b),
                           matrix(g, n, true));
      else
        accumulate_product(to, m, k, n, matrix(g, n, false),
                           matrix(b.data(), b.cols(), !transpose.b));
    }
    if (b.requires_grad()) {
      const GradientTarget to = b.gradient_target();
      if (transpose.b)
        accumulate_product(to, n, k, m, matrix(g, n, true),
                           matrix(a.data(), a.cols(), transpose.a));
      else
        accumulate_product(to, k, n, m, matrix(a.data(), a.cols(), !transpose.a),
                           matrix(g, n, false));
    }
  });
  return out;
}

}  // namespace TAILGRAD_PRECISION
}  // namespace tailgrad
