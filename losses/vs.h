// vs: logits scaled and shifted by class.
#pragma once

#include <tailgrad/losses/entry.h>

namespace tailgrad {
inline namespace TAILGRAD_PRECISION {

/// L = -log softmax(f z + tau log pi)_y, f_k = (n_k/n_max)^gamma. Normaliser: items.
/// d L / d z_k = f_k (softmax_k - 1[k=y]). gamma=0 is la:tau, gamma=tau=0 is ce.
/// Source: Kini et al. 2021, "Label-imbalanced and group-sensitive classification", eq. 2.
LossEntry vs_entry();

}  // namespace TAILGRAD_PRECISION
}  // namespace tailgrad
