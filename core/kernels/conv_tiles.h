// The inner loops of convolution: a tile of sums in registers, read straight from the image.
//
// In an image [height, width, channels] the numbers under one row of a filter lie side by side, so
// a filter of r rows is r pieces of contiguous memory (segments): the products need no im2col. Sums
// run over the segments in order, and within a segment in order: a pixel's result depends on
// nothing but its own numbers.
#pragma once

#include <cstddef>

#include <tailgrad/core/real.h>

namespace tailgrad {
inline namespace TAILGRAD_PRECISION {
namespace kernels {

/// n rounded up to whole registers.
std::size_t whole_vectors(std::size_t n);

/// Where number (row, col) of a packed [rows, n] matrix is: panels of a few registers of columns,
/// one after the other, zeros after the last column. It takes rows * whole_vectors(n) numbers.
/// Numbers of one register lie side by side.
std::size_t packed_place(std::size_t rows, std::size_t n, std::size_t row, std::size_t col);

/// What a rectangle of output pixels reads; steps and lengths in numbers.
struct Taps {
  const Real* data;            ///< under the first tap of the first pixel
  std::size_t row_step;        ///< from one row of pixels to the next
  std::size_t pixel_step;      ///< from one pixel to the next
  std::size_t segments;        ///< filter rows
  std::size_t segment_step;    ///< from one filter row to the next
  std::size_t segment_length;  ///< numbers under a filter row
};

/// Pixels of n numbers somewhere in memory.
template <class Number>
struct Pixels {
  Number* data;
  std::size_t row_step;
  std::size_t pixel_step;
};

/// to(y, x)[j] = sum over taps l of from(y, x)[l] packed(l, j), for rows x cols pixels and j < n;
/// added to what is there when `add`.
void convolve(const Taps& from, std::size_t rows, std::size_t cols, std::size_t n,
              const Real* packed, const Pixels<Real>& to, bool add);

/// sums[l, j] += sum over pixels of from(y, x)[l] with(y, x)[j]: the gradient of the filters.
/// `sums` [segments * segment_length, whole_vectors(n)]; `with` has whole_vectors(n) numbers a
/// pixel. The sum over a rectangle is made in registers and then added.
void correlate(const Taps& from, std::size_t rows, std::size_t cols, std::size_t n,
               const Pixels<const Real>& with, Real* sums);

}  // namespace kernels
}  // namespace TAILGRAD_PRECISION
}  // namespace tailgrad
