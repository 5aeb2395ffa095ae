// All models by name: `tailgrad list models` prints this table, make_model() reads it.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <tailgrad/core/form_spec.h>
#include <tailgrad/models/model.h>

namespace tailgrad {
inline namespace TAILGRAD_PRECISION {

/// What a model must fit.
struct ModelSetup {
  Index classes = 0;       ///< columns of the logits
  Index vocabulary = 0;    ///< rows of the embedding; of text models and taggers
  Index max_tokens = 0;    ///< longest text, pair or sentence; of text models and taggers
  Index features = 0;      ///< columns of numbers; of table models
  std::uint64_t seed = 1;  ///< of the first weights
  Index shapes = 0;        ///< of words; of taggers, like what follows
  Index affixes = 0;       ///< hash buckets
  Index characters = 0;    ///< with two marks
  /// [classes + 2, classes + 2] 0 where the tag scheme forbids; empty: it does not (TagSet).
  std::vector<std::uint8_t> allowed_transitions = {};
  Index token_kinds = 0;  ///< of tokens in pairs of texts; 0: single texts
  Index height = 0;       ///< of images, like what follows
  Index width = 0;        ///< of images
  Index channels = 0;     ///< of images
};

/// One row of `tailgrad list models`.
struct ModelEntry {
  FormSpec spec;     ///< name, meaning, options
  std::string task;  ///< "text" (and what else reads texts), "tags", "image" or "table"
  /// Makes the model from its options, already checked against `spec`.
  std::unique_ptr<Model> (*make)(const Settings& settings, const ModelSetup& setup) = nullptr;
};

/// Every model of the library.
const std::vector<ModelEntry>& model_table();
/// The tasks whose items a model of `entry` reads: of a text model text, multilabel and pair.
std::vector<std::string> tasks_of(const ModelEntry& entry);

/// The model a text form describes, such as "transformer:layers=2,width=64". Throws Error for an
/// unknown name or option, a value out of range, and a model of another task.
std::unique_ptr<Model> make_model(std::string_view text, std::string_view task,
                                  const ModelSetup& setup);
/// The options of the model that a text form describes, read and complete.
Settings model_settings(std::string_view text);
/// The text form with every option.
std::string model_text(std::string_view text);

}  // namespace TAILGRAD_PRECISION
}  // namespace tailgrad
