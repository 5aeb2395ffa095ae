// ldam: margins by the fourth root of the counts, on cosines.
#pragma once

#include <tailgrad/losses/entry.h>

namespace tailgrad {
inline namespace TAILGRAD_PRECISION {

/// L = -log softmax(s (z - m_y onehot_y))_y, m_k = max_margin (n_min/n_k)^(1/4), z cosines in
/// [-1, 1]: features and weight rows of length 1. Normaliser: items. d L / d z = s (softmax -
/// onehot). max_margin=0 is ce of s z. On logits that are no cosines it works but a scale of 30
/// saturates it; warnings() says so after the first such call.
/// Source: Cao et al. 2019, "Learning imbalanced datasets with label-distribution-aware margin
/// loss", eq. 13, with the scaling of its code.
LossEntry ldam_entry();

}  // namespace TAILGRAD_PRECISION
}  // namespace tailgrad
