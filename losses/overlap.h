// dice, tversky, dsc: one minus the overlap of predicted and true sets.
#pragma once

#include <tailgrad/losses/entry.h>

namespace tailgrad {
inline namespace TAILGRAD_PRECISION {

/// L of a set = 1 - (2 I + s)/(A + B + s), I = sum p y, A = sum p^2 (square=false: sum p), B = sum
/// y, s = smooth > 0. scope=example: every (item, class) is a set, sums over classes, and the loss
/// decomposes; class: the batch for each class, summed over classes; batch: all at once. p is the
/// softmax, or with mode=sigmoid one sigmoid a class. Normaliser: items, for every scope (a loss of
/// the batch enters the sum once an item). Source: Li et al. 2020, "Dice loss for data-imbalanced
/// NLP tasks", section 3.3; Milletari et al. 2016, "V-Net".
LossEntry dice_entry();

/// L of a set = 1 - (I + s)/(I + alpha A + beta B + s), A = sum p(1-y) false positives, B = sum
/// (1-p)y false negatives. alpha = beta = 1/2 is linear dice with twice the smoothing.
/// Source: Salehi et al. 2017, "Tversky loss function", eq. 3; Li et al. 2020, section 3.3.
LossEntry tversky_entry();

/// dice of q = (1-p)^alpha p: L = 1 - (f I + s)/(A + B + s), I = sum q y, A = sum q (square: q^2).
/// dq/dp = (1-p)^(alpha-1) (1 - (1+alpha) p) changes sign at p = 1/(1+alpha): beyond it a positive
/// is pulled back. For alpha in (0, 1) 1-p is floored at 1e-6 (not in variant=reference).
///   variant=reference  the published repository: smooth=1e-4, alpha=0, linear; mode=softmax
///   without
///                      square divides every item by the sums of the batch, mode=sigmoid is
///                      scope=batch
///   variant=blog       1 - (f q + s)/(q + 1 + s) of the true class, p clipped to [1e-6, 1 - 1e-6]
///   variant=gathered   the same without clip
/// Source: Li et al. 2020, section 3.4.
LossEntry dsc_entry();

}  // namespace TAILGRAD_PRECISION
}  // namespace tailgrad
