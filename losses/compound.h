// mix, ce+dice, drw: losses made of losses.
#pragma once

#include <tailgrad/losses/entry.h>

namespace tailgrad {
inline namespace TAILGRAD_PRECISION {

/// L = first + weight second, both as means. In the text form of a part '/' stands for ',':
/// mix:first=la:tau=1,second=dsc:alpha=0.01/scope=batch,weight=0.5. Normaliser: that of `first`.
LossEntry mix_entry();

/// L = ce + weight dice: steadier than dice alone. Source: Isensee et al. 2021, "nnU-Net".
LossEntry ce_dice_entry();

/// Deferred re-weighting: `base` until the share `start` of the training is done
/// (LossPass::progress), then `base` with class weights. Normaliser: that of `base`, so items.
/// Source: Cao et al. 2019, algorithm 1, with the cb weights of its code.
LossEntry drw_entry();

}  // namespace TAILGRAD_PRECISION
}  // namespace tailgrad
