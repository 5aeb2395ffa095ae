// poly: cross-entropy with a stronger first term of its series.
#pragma once

#include <tailgrad/losses/entry.h>

namespace tailgrad {
inline namespace TAILGRAD_PRECISION {

/// L = -log p_y + epsilon (1-p_y). d L / d log p_y = -1 - epsilon p_y. epsilon=0 is ce.
/// Normaliser: items. Source: Leng et al. 2022, "PolyLoss", eq. 7 (Poly-1).
LossEntry poly_entry();

}  // namespace TAILGRAD_PRECISION
}  // namespace tailgrad
