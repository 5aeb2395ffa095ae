// lade: prior cross-entropy plus a bound that pulls the logits towards log densities.
#pragma once

#include <tailgrad/losses/entry.h>

namespace tailgrad {
inline namespace TAILGRAD_PRECISION {

/// L = mean CE(z + log pi) - lambda sum over classes c in the batch of pi_c T_c,
/// T_c = mean over y_i = c of z_ic - R_c - ridge R_c^2, R_c = log(1/N sum_i exp(z_ic - log pi_c -
/// log C)). A loss of the whole batch; normaliser: items (the value enters the sum once an item).
/// d T_c / d z_ic = 1[y_i = c]/N_c - (1 + 2 ridge R_c) exp(z_ic) / sum_j exp(z_jc). lambda=0 is
/// la:tau=1. Source: Hong et al. 2021, "Disentangling label distribution for long-tailed visual
/// recognition", eq. 8 and 9, with the ridge of its code.
LossEntry lade_entry();

}  // namespace TAILGRAD_PRECISION
}  // namespace tailgrad
