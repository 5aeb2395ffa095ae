// Matrix products, the same bits on any number of threads.
#pragma once

#include <string>

#include <tailgrad/core/function_ref.h>
#include <tailgrad/core/real.h>
#include <tailgrad/core/shape.h>

namespace tailgrad {

/// The CPU kernels that OpenBLAS chose, such as "SkylakeX": results are the same to the bit only
/// under the same kernels.
std::string blas_kernel_name();

inline namespace TAILGRAD_PRECISION {
namespace kernels {

/// A row-major matrix in memory: element (i, j) is data[i * stride + j], or, when transposed,
/// data[j * stride + i].
struct Matrix {
  const Real* data;
  Index stride;
  bool transposed = false;
};

/// c = alpha * a b + beta * c with a [m, k], b [k, n], c [m, n] (row stride `c_stride`).
/// beta = 0 writes c whatever it held. A large product is cut into a grid of blocks that depends on
/// the shape only, and the blocks run side by side.
void gemm(Index m, Index n, Index k, Real alpha, Matrix a, Matrix b, Real beta, Real* c,
          Index c_stride);

/// Called once for each block [row, row + rows) x [col, col + cols) of c when it is complete and
/// still in the cache; blocks may finish side by side.
using FinishBlock = FunctionRef<void(Index row, Index rows, Index col, Index cols)>;
void gemm(Index m, Index n, Index k, Real alpha, Matrix a, Matrix b, Real beta, Real* c,
          Index c_stride, FinishBlock finish);

/// The same for b laid out by pack_matrix(), alpha 1, beta 0 and a [m, k] as it lies.
void gemm_packed(Index m, Index n, Index k, const Real* a, Index a_stride, const Real* packed,
                 Real* c, Index c_stride, FinishBlock finish);

}  // namespace kernels
}  // namespace TAILGRAD_PRECISION
}  // namespace tailgrad
