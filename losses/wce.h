// wce: cross-entropy with class weights.
#pragma once

#include <tailgrad/losses/entry.h>

namespace tailgrad {
inline namespace TAILGRAD_PRECISION {

/// L = -w_y log p_y, w by class_weights() or given by the caller. Normaliser: items, or the sum of
/// the weights (normalise=weights: the mean that PyTorch takes). d L / d z_k = w_y (p_k - 1[k=y]).
/// weights=none is ce. Source: King and Zeng 2001; lg: Li et al. 2020, section 3.2.
LossEntry wce_entry();

}  // namespace TAILGRAD_PRECISION
}  // namespace tailgrad
