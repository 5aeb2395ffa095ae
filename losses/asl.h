// asl: focal loss with its own exponent, and a threshold, for the negatives.
#pragma once

#include <tailgrad/losses/entry.h>

namespace tailgrad {
inline namespace TAILGRAD_PRECISION {

/// L = sum_k -[y (1-p)^gamma_pos log p + (1-y) m^gamma_neg log(1-m)], m = max(p - clip, 0).
/// Normaliser: items (the published code sums), or elements. The gradient is the true one;
/// variant=reference treats the powers as constants and floors the logs at 1e-8, as the published
/// code does. gamma_pos = gamma_neg = clip = 0 is bce.
/// Source: Ridnik et al. 2021, "Asymmetric loss for multi-label classification", eq. 7.
LossEntry asl_entry();

}  // namespace TAILGRAD_PRECISION
}  // namespace tailgrad
