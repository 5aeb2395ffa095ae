// cb: weights by the effective number of items.
#pragma once

#include <tailgrad/losses/entry.h>

namespace tailgrad {
inline namespace TAILGRAD_PRECISION {

/// L = w_y base, w_k = C e_k / sum_j e_j, e_k = (1-beta)/(1-beta^n_k). base=ce and focal: softmax,
/// normaliser items; base=bce: the whole row of an item, one-hot, normaliser elements. beta=0 is
/// the base. Source: Cui et al. 2019, "Class-balanced loss based on effective number of samples",
/// eq. 6.
LossEntry cb_entry();

}  // namespace TAILGRAD_PRECISION
}  // namespace tailgrad
