// pairwise, adaptive, equalised: margins and weights from the prior.
#pragma once

#include <tailgrad/losses/entry.h>

namespace tailgrad {
inline namespace TAILGRAD_PRECISION {

/// L = a_y log(1 + sum_{k != y} exp(D_yk + z_k - z_y)) with a_y = pi_y^weight_power and
/// D_yk = tau_other log pi_k - tau_true log pi_y + adaptive pi_y^(-1/4). Normaliser: items.
/// Equal to cross-entropy of x_k = z_k + tau_other log pi_k, x_y = z_y + tau_true log pi_y -
/// adaptive pi_y^(-1/4), which is how it is computed. tau_true = tau_other = tau is la:tau; with
/// weight_power = tau - 1 it is consistent for any tau; weight_power = -1 alone is C times
/// wce:weights=inverse. Source: Menon et al. 2021, eq. 11 (whose print of D has the sign of both
/// taus turned round, against its own eq. 10).
LossEntry pairwise_entry();

/// D_yk = pi_y^(-1/4). Source: Menon et al. 2021, eq. 5, after Cao et al. 2019.
LossEntry adaptive_entry();

/// D_yk = tau log pi_k. Source: Menon et al. 2021, eq. 6, after Tan et al. 2020.
LossEntry equalised_entry();

}  // namespace TAILGRAD_PRECISION
}  // namespace tailgrad
