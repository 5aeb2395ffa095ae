// bce: one binary cross-entropy a class.
#pragma once

#include <tailgrad/losses/entry.h>

namespace tailgrad {
inline namespace TAILGRAD_PRECISION {

/// L = sum_k -[a_k y_k log s(z_k) + (1-y_k) log s(-z_k)], s the sigmoid. Normaliser: elements, or
/// items. d L / d z_k = (1-y_k) s(z_k) - a_k y_k s(-z_k). pos_weight=inverse: a_k = (T - n_k)/n_k
/// with T training items, n_k of them with class k. Class labels count as one mark.
/// Source: the likelihood of C independent coins.
LossEntry bce_entry();

/// For cb:base=bce: the row of an item weighted by its class.
std::unique_ptr<Loss> weighted_bce(LossFrame frame);

}  // namespace TAILGRAD_PRECISION
}  // namespace tailgrad
