// Trained models as ONNX files, for onnxruntime and other programs.
#pragma once

#include <string>
#include <vector>

#include <tailgrad/models/saved_model.h>

namespace tailgrad {
inline namespace TAILGRAD_PRECISION {
namespace onnx {

/// A model in another program's form.
struct Exported {
  std::string bytes;                ///< of the file
  std::vector<std::string> inputs;  ///< names of what the graph reads; see inputs.h
};

/// The model in inference: ids, bytes of images or columns of numbers in, logits out; of a tagger
/// that decodes by Viterbi the transitions too. The file's notes (metadata_props) hold what
/// model.json says, so that it needs nothing beside it. docs/onnx.md describes inputs and outputs.
/// Throws Error for a file beyond the format's two gigabytes.
Exported export_model(const SavedModel& saved);

}  // namespace onnx
}  // namespace TAILGRAD_PRECISION
}  // namespace tailgrad
