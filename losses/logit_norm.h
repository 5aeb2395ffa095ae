// logit-norm: cross-entropy of logits brought to one length.
#pragma once

#include <tailgrad/losses/entry.h>

namespace tailgrad {
inline namespace TAILGRAD_PRECISION {

/// L = CE(z / (T |z|)), T = temperature. Normaliser: items.
/// d L / d z = (g - u (u . g)) / (T |z|), u = z/|z|, g = softmax - onehot. Lengths below 1e-7 count
/// as 1e-7. Its value does not depend on the length of z: confidence cannot grow without bound.
/// Source: Wei et al. 2022, "Mitigating neural network overconfidence with logit normalization",
/// eq. 5.
LossEntry logit_norm_entry();

}  // namespace TAILGRAD_PRECISION
}  // namespace tailgrad
