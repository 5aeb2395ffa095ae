// Dropout (Srivastava et al. 2014), the inverted form: kept elements are scaled up in training, so
// evaluation does nothing.
#pragma once

#include <span>

#include <tailgrad/core/error.h>
#include <tailgrad/core/tensor.h>

namespace tailgrad {
inline namespace TAILGRAD_PRECISION {

/// Inside a TrainingPass: each element is 0 with probability p and x / (1 - p) otherwise, with p
/// the rate rounded to a multiple of 1/65536 (16 random bits an element; see
/// kernels/dropout_mask.h for which). Outside of one, and for p = 0: x itself. out has the shape
/// of x. Gradient: g / (1 - p) for kept elements, 0 for others. Saves a byte an element.
/// Throws Error unless 0 <= rate <= 1.
Tensor dropout(const Tensor& x, double rate, Where where = {});

/// The same with one mask for all rows of a sequence ("variational" or "locked" dropout; Gal and
/// Ghahramani 2016, section 4): x [rows, n], sequence s is the rows [offsets[s], offsets[s + 1]),
/// and all of them lose the same columns. Mask element (s, j) is element s n + j of
/// kernels/dropout_mask.h.
Tensor sequence_dropout(const Tensor& x, std::span<const Index> offsets, double rate,
                        Where where = {});

}  // namespace TAILGRAD_PRECISION
}  // namespace tailgrad
