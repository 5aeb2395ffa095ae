// seesaw: pushes of frequent classes on rare ones are damped, mistakes are not.
#pragma once

#include <tailgrad/losses/entry.h>

namespace tailgrad {
inline namespace TAILGRAD_PRECISION {

/// L = CE(z_k + 1[k != y] log(M C)), M = min(1, n_k/n_y)^p, C = (p_k/max(p_y, eps))^q where
/// p_k > p_y and else 1. Normaliser: items. The factors come from detached probabilities: the
/// gradient, softmax - onehot, holds them fixed. p=q=0 is ce. Counts are those of the training data
/// (the published code counts as it goes).
/// Source: Wang et al. 2021, "Seesaw loss for long-tailed instance segmentation", eq. 4 to 7.
LossEntry seesaw_entry();

}  // namespace TAILGRAD_PRECISION
}  // namespace tailgrad
