// ce: cross-entropy, with label smoothing.
#pragma once

#include <tailgrad/losses/entry.h>

namespace tailgrad {
inline namespace TAILGRAD_PRECISION {

/// L = -(1-e) log p_y - e/C sum_k log p_k, p = softmax(z), e = label_smoothing; an item with a
/// class weight counts that much more. Normaliser: items. d L / d z_k = p_k - (1-e) 1[k=y] - e/C.
/// Source: Szegedy et al. 2016, "Rethinking the Inception architecture", section 7.
LossEntry ce_entry();

}  // namespace TAILGRAD_PRECISION
}  // namespace tailgrad
