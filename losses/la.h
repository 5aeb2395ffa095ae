// la, balanced-softmax: cross-entropy of logits raised by the log prior.
#pragma once

#include <tailgrad/losses/entry.h>

namespace tailgrad {
inline namespace TAILGRAD_PRECISION {

/// L = -log softmax(z + tau log pi)_y; predict argmax z. Normaliser: items.
/// d L / d z_k = softmax(z + tau log pi)_k - 1[k=y]. tau=0 is ce; tau=1 is consistent for the
/// balanced error. Source: Menon et al. 2021, "Long-tail learning via logit adjustment", eq. 10.
LossEntry la_entry();

/// L = -log softmax(z + log n)_y: la with tau=1, since log n and log pi differ by a constant.
/// Source: Ren et al. 2020, "Balanced meta-softmax", eq. 4.
LossEntry balanced_softmax_entry();

}  // namespace TAILGRAD_PRECISION
}  // namespace tailgrad
