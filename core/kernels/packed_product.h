// Products of a few rows with one matrix, over and over: the recurrent product of an LSTM step.
//
// A BLAS copies the matrix into its own layout in every call, which costs more than the product
// when there are thirty rows. Here it is laid out once a pass.
#pragma once

#include <cstddef>

#include <tailgrad/core/kernels/gemm.h>

namespace tailgrad {
inline namespace TAILGRAD_PRECISION {
namespace kernels {

/// How many numbers pack_matrix writes for a [k, n] matrix.
std::size_t packed_size(std::size_t k, std::size_t n);

/// Lays b [k, n] out in panels of a few vectors of columns, zeros after the last column. `to` is
/// 64-byte aligned (memory from the pool is).
void pack_matrix(Real* to, const Matrix& b, std::size_t k, std::size_t n);

/// c[r] = a[r] b, or c[r] += a[r] b when `add`, for `rows` rows a[r] [k] and c[r] [n] anywhere in
/// memory and b packed. Sums run over k in order: a row's result does not depend on the other rows.
void packed_product(std::size_t rows, std::size_t k, std::size_t n, const Real* const* a,
                    const Real* packed, Real* const* c, bool add);

}  // namespace kernels
}  // namespace TAILGRAD_PRECISION
}  // namespace tailgrad
