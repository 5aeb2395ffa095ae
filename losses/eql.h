// eql: rare classes are left out of the softmax of other classes, at random.
#pragma once

#include <tailgrad/losses/entry.h>

namespace tailgrad {
inline namespace TAILGRAD_PRECISION {

/// L = -z_y + log sum_k w_k e^(z_k), w_k = 1 - b 1[pi_k < lambda] 1[k != y], b ~ Bernoulli(gamma)
/// for every item and class. Normaliser: items. The draws depend on (seed, step, item, class)
/// alone, so on no split of the batch. gamma=0 is ce.
/// Source: Tan et al. 2020, "Equalization loss for long-tailed object recognition", eq. 8.
LossEntry eql_entry();

}  // namespace TAILGRAD_PRECISION
}  // namespace tailgrad
