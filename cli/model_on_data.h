// A saved model asked about labelled data: what `evaluate --model` judges.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <tailgrad/cli/number_files.h>
#include <tailgrad/core/real.h>
#include <tailgrad/data/csv.h>
#include <tailgrad/metrics/sequence_metrics.h>

namespace tailgrad {
struct TextColumns;
struct ImageDataset;
class LabelSet;
inline namespace TAILGRAD_PRECISION {
struct ModelDescription;
}
}  // namespace tailgrad

namespace tailgrad::cli {

class Verb;

struct ModelOnDataOptions {
  std::string folder;            ///< that `train` wrote
  std::string data;              ///< a file, a folder of images, or a name: wordnet (its test part)
  TableOptions file = {};        ///< its format may also be one of taggers or images
  std::string text_column = "";  ///< of texts; empty: as in training, like those that follow
  std::string second_column;
  std::string label_column;  ///< of numbers: empty is "label"
  std::string label_separator;
  std::string word_column;  ///< of taggers; empty: as in training
  std::string tag_column;   ///< of taggers; empty: as in training
  double posthoc_tau = 0;   ///< of taggers: see post_hoc()
};

/// Declares --format, --text-column and the others by which the items of a model are read.
void declare_items(Verb& verb, ModelOnDataOptions& options);
/// Declares --posthoc-tau.
void declare_posthoc_tau(Verb& verb, ModelOnDataOptions& options);

struct ModelOnData {
  LogitsFile logits;
  TargetsFile targets;
  std::vector<std::string> labels;  ///< names of the classes
  std::vector<std::int64_t> train_counts;
};

/// A tagger and its answers.
struct TaggerOnData {
  SequencePredictions predictions;
  std::vector<std::string> labels;  ///< the model's tags, then those that only the data have
  std::vector<std::int64_t> train_counts;
  std::vector<std::string> warnings;
};

/// The images of a file or folder (its test part), or the test part of a built-in data set; with
/// labels if there are any.
ImageDataset images_to_read(const std::string& data, const std::string& format,
                            const LabelSet& labels);

/// The columns of training with those that were named now.
TextColumns columns_now(TextColumns columns, const ModelOnDataOptions& options);

/// What to add to the logits [classes] of a tagger before it decodes: -tau log prior, as `adjust
/// la:tau=T` does for other models. Nothing for tau = 0.
struct PostHoc {
  std::vector<Real> shift;
  std::vector<std::string> warnings;  ///< such as a loss that took the prior out already
};
PostHoc post_hoc(const ModelDescription& about, double tau);

/// Whether the folder holds a tagger.
bool is_tagger(const std::string& folder);
/// Throws Error as the readers do.
TaggerOnData ask_tagger(const ModelOnDataOptions& options);

/// Throws Error as the readers do: a damaged model, a missing column, a label that the model does
/// not know (with its line).
ModelOnData ask_model(const ModelOnDataOptions& options);

}  // namespace tailgrad::cli
