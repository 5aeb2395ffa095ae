// Logits of many items at once.
#pragma once

#include <vector>

#include <tailgrad/models/model.h>

namespace tailgrad {
inline namespace TAILGRAD_PRECISION {

/// Logits [items, classes] of all examples, row-major, in their order. Batches of about
/// `batch_tokens` tokens run side by side; nothing is recorded.
std::vector<Real> predict_logits(const Model& model, const Examples& examples,
                                 Index batch_tokens = 2048);

}  // namespace TAILGRAD_PRECISION
}  // namespace tailgrad
