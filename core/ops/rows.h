// Rows and columns picked, joined and cut. (Tensor::reshape and Tensor::row_range are views and
// need no op.)
#pragma once

#include <initializer_list>
#include <span>

#include <tailgrad/core/error.h>
#include <tailgrad/core/tensor.h>

namespace tailgrad {
inline namespace TAILGRAD_PRECISION {

/// out[i] = table[indices[i]]: table [rows, n], out [indices, n]; an embedding lookup. Rows may
/// repeat and be left out. Gradient: g[i] added to row indices[i], in the order of i. A parameter
/// keeps a gradient of the touched rows only (ParameterGradient::State::rows). Copies the indices.
/// Throws Error that names the index, its position and the bound when one is out of range.
Tensor gather_rows(const Tensor& table, std::span<const Index> indices, Where where = {});

/// Side by side: parts [m, n1], [m, n2], ... to [m, n1 + n2 + ...]. Gradient: each part gets its
/// columns of g. Throws Error without parts, or when their rows differ.
Tensor concat_columns(std::span<const Tensor> parts, Where where = {});
/// The same for parts written in braces.
Tensor concat_columns(std::initializer_list<Tensor> parts, Where where = {});

/// One below the other: parts [m1, n], [m2, n], ... to [m1 + m2 + ..., n]. Gradient: each part
/// gets its rows of g. Throws Error without parts, or when their columns differ.
Tensor concat_rows(std::span<const Tensor> parts, Where where = {});
/// The same for parts written in braces.
Tensor concat_rows(std::initializer_list<Tensor> parts, Where where = {});

/// Columns [begin, end) of x [m, n]: a copy [m, end - begin]. Gradient: g in these columns, 0 in
/// the others. Throws Error unless 0 <= begin <= end <= n.
Tensor slice_columns(const Tensor& x, Index begin, Index end, Where where = {});

}  // namespace TAILGRAD_PRECISION
}  // namespace tailgrad
