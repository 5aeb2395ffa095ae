// gce: between cross-entropy and mean absolute error, for noisy labels.
#pragma once

#include <tailgrad/losses/entry.h>

namespace tailgrad {
inline namespace TAILGRAD_PRECISION {

/// L = (1 - p_y^q)/q. d L / d log p_y = -p_y^q. q -> 0 is ce, q = 1 is 1-p_y. Normaliser: items.
/// Source: Zhang and Sabuncu 2018, "Generalized cross entropy loss", eq. 6.
LossEntry gce_entry();

}  // namespace TAILGRAD_PRECISION
}  // namespace tailgrad
