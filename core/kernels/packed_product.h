// Products of our own tiles of registers. A BLAS copies both matrices into layouts of its own in
// every call, which costs a tenth of a product of some hundred rows, and more than a product of
// thirty; these read a as it lies.
//
// packed_product: a few rows with one matrix, over and over (the recurrent product of an LSTM
// step); the matrix is laid out once a pass. small_product: one product of two matrices that lie
// in the nearer caches (a head of attention, a block of gemm), without any layout where b can be
// read as it is.
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

/// From which side a product goes over its columns. Those that take turns find what the one before
/// read last in the nearest cache.
enum class PanelOrder { rising, falling };

/// c[r] = a[r] b, or c[r] += a[r] b when `add`, for `rows` rows a[r] [k] and c[r] [n] anywhere in
/// memory and b packed. Sums run over k in order: a row's result depends neither on the other rows
/// nor on the order of the panels.
void packed_product(std::size_t rows, std::size_t k, std::size_t n, const Real* const* a,
                    const Real* packed, Real* const* c, bool add,
                    PanelOrder order = PanelOrder::rising);

/// c = alpha a b + beta c as gemm() does, on the calling thread, for operands of some kilobytes.
/// Sums run over k in order, as above.
void small_product(std::size_t m, std::size_t n, std::size_t k, Real alpha, const Matrix& a,
                   const Matrix& b, Real beta, Real* c, std::size_t c_stride);

}  // namespace kernels
}  // namespace TAILGRAD_PRECISION
}  // namespace tailgrad
