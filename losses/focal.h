// focal: cross-entropy that forgets easy items.
#pragma once

#include <tailgrad/losses/entry.h>

namespace tailgrad {
inline namespace TAILGRAD_PRECISION {

/// Softmax: L = -(1-p_y)^gamma log p_y, normaliser items. mode=sigmoid, for marks: the sum over
/// classes of -a_t (1-p_t)^gamma log p_t with p_t = p or 1-p and a_t = alpha or 1-alpha, normaliser
/// elements (or items). Class weights multiply the loss and never enter p_t.
/// d L / d log p_t = gamma p_t (1-p_t)^gamma log(p_t)/(1-p_t) - (1-p_t)^gamma, finite for every
/// gamma >= 0. gamma=0 is ce. Source: Lin et al. 2017, "Focal loss for dense object detection", eq.
/// 4 and 5.
LossEntry focal_entry();

/// The softmax form for a frame that holds its weights already (cb:base=focal).
std::unique_ptr<Loss> softmax_focal(LossFrame frame, double gamma);

}  // namespace TAILGRAD_PRECISION
}  // namespace tailgrad
