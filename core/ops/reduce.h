// Sums, means and maxima: over everything, of each row, of each column, of each segment of rows.
//
// A tensor of any rank counts as a matrix: the last axis makes the columns, all others the rows.
// What is computed for each row keeps the shape of x with the last axis 1 and what is computed for
// each column has shape [n]: both repeat over x again (see arithmetic.h). Sums and means add up in
// double, in fixed blocks; large ones run in parallel and give the same bits on any number of
// threads.
//
// Segments are runs of rows: offsets {0, 2, 2, 5} are rows 0-1, none, rows 2-4 of an x [5, n]. They
// start with 0, never fall, and end with the number of rows; else Error. The op copies them. An
// empty segment gives zeros and passes no gradient on.
//
// The gradient of a maximum goes to the first of equal elements. NaN is larger than any number.
#pragma once

#include <span>

#include <tailgrad/core/error.h>
#include <tailgrad/core/tensor.h>

namespace tailgrad {
inline namespace TAILGRAD_PRECISION {

/// Sum of all elements: a scalar; 0 for none. Gradient: g everywhere.
Tensor sum(const Tensor& x);
/// x [.., n] to [.., 1]. Gradient: g of the row.
Tensor row_sums(const Tensor& x);
/// x [.., n] to [n]. Gradient: g of the column.
Tensor column_sums(const Tensor& x);
/// x [rows, n] to [segments, n]. Gradient: g of the segment.
Tensor segment_sums(const Tensor& x, std::span<const Index> offsets, Where where = {});

/// Mean of all elements: a scalar. Gradient: g / count. Throws Error when there are none.
Tensor mean(const Tensor& x, Where where = {});
/// x [.., n] to [.., 1]. Gradient: g of the row / n. Throws Error for rows without elements.
Tensor row_means(const Tensor& x, Where where = {});
/// x [.., n] to [n]. Gradient: g of the column / rows. Throws Error when there are no rows.
Tensor column_means(const Tensor& x, Where where = {});
/// x [rows, n] to [segments, n]. Gradient: g of the segment / its rows.
Tensor segment_means(const Tensor& x, std::span<const Index> offsets, Where where = {});

/// Largest of all elements: a scalar. Throws Error when there are none. Saves one position.
Tensor max(const Tensor& x, Where where = {});
/// x [.., n] to [.., 1]. Throws Error for rows without elements. Saves a position a row.
Tensor row_maxima(const Tensor& x, Where where = {});
/// x [.., n] to [n]. Throws Error when there are no rows. Saves a position a column.
Tensor column_maxima(const Tensor& x, Where where = {});
/// x [rows, n] to [segments, n]. Saves a position an element of the result.
Tensor segment_maxima(const Tensor& x, std::span<const Index> offsets, Where where = {});

}  // namespace TAILGRAD_PRECISION
}  // namespace tailgrad
