// What a model says about many items at once.
#pragma once

#include <span>
#include <vector>

#include <tailgrad/models/model.h>

namespace tailgrad {
inline namespace TAILGRAD_PRECISION {

/// A row for each row of the examples, in their order.
struct Outputs {
  std::vector<Real> logits;    ///< [rows, classes], row-major
  std::vector<Index> classes;  ///< [rows] as Model::decode says
};

/// Batches of about `batch_tokens` tokens (of 64 images) run side by side; nothing is recorded.
Outputs predict(const Model& model, const Examples& examples, Index batch_tokens = 2048);
/// Decodes after `shift` [classes] was added to every row of logits (none when it is empty), such
/// as crf_post_hoc_shift; the logits that it returns are the model's own.
Outputs predict(const Model& model, const Examples& examples, std::span<const Real> shift,
                Index batch_tokens = 2048);
/// The logits alone.
std::vector<Real> predict_logits(const Model& model, const Examples& examples,
                                 Index batch_tokens = 2048);

}  // namespace TAILGRAD_PRECISION
}  // namespace tailgrad
