// One row of the table of losses.
#pragma once

#include <memory>
#include <string>

#include <tailgrad/core/form_spec.h>
#include <tailgrad/losses/frame.h>
#include <tailgrad/losses/loss.h>

namespace tailgrad {
inline namespace TAILGRAD_PRECISION {

/// What the labels of an item may be.
enum class LossTask {
  classes,      ///< exactly one class: Targets::classes
  multi_label,  ///< any number of classes: Targets::marks; class labels count as one mark
  either,       ///< mode=softmax: one class; mode=sigmoid: any number
  sequences,    ///< one class a token, with Targets::offsets and transitions
};

/// One row of the table of losses.
struct LossEntry {
  FormSpec spec;                      ///< name, formula, source, options
  LossTask task = LossTask::classes;  ///< what it is a loss of
  bool decomposes = true;             ///< false: some options make it a loss of the whole batch
  bool needs_counts = false;          ///< of the training data, whatever the options
  /// Makes the loss from its options, already checked against `spec`.
  std::unique_ptr<Loss> (*make)(const Settings& settings, const LossSetup& setup) = nullptr;
};

}  // namespace TAILGRAD_PRECISION
}  // namespace tailgrad
