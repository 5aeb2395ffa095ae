// A trained model on disk: the weights, and all that turns a file of items into predictions.
#pragma once

#include <memory>
#include <string>
#include <variant>

#include <nlohmann/json_fwd.hpp>

#include <tailgrad/data/labels.h>
#include <tailgrad/models/input_encoding.h>
#include <tailgrad/models/model.h>

namespace tailgrad {
inline namespace TAILGRAD_PRECISION {

/// How the items of a data file become numbers, of whichever task.
using InputEncoding = std::variant<TextEncoding, NumberEncoding, SentenceEncoding, ImageEncoding>;

/// The model a text form describes, of the size that the encoding and the labels ask for.
std::unique_ptr<Model> build_model(const std::string& text, const std::string& task,
                                   const InputEncoding& encoding, const LabelSet& labels,
                                   std::uint64_t seed);

/// What predict needs beside the weights.
struct ModelDescription {
  std::string task;                        ///< as in `--task`
  std::string model;                       ///< text form
  LabelSet labels;                         ///< names of the classes
  InputEncoding encoding;                  ///< from the data to numbers
  std::vector<std::int64_t> train_counts;  ///< per class: for post-hoc adjustment and groups
  std::string loss;                        ///< text form; a double correction is warned about
};

/// What model.json says: all but the weights.
nlohmann::ordered_json description_json(const ModelDescription& about);

/// Writes DIR/model.safetensors and DIR/model.json, each atomically.
void save_model(const std::string& folder, const Model& model, const ModelDescription& about);

/// A model read from a folder.
struct SavedModel {
  ModelDescription about;        ///< what was saved with it
  std::unique_ptr<Model> model;  ///< with its weights
};
/// Throws Error naming the file that is missing, damaged, or of another version.
SavedModel load_model(const std::string& folder);

}  // namespace TAILGRAD_PRECISION
}  // namespace tailgrad
