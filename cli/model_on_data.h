// A saved model asked about labelled data: what `evaluate --model` judges.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <tailgrad/cli/number_files.h>

namespace tailgrad::cli {

struct ModelOnDataOptions {
  std::string folder;  ///< that `train` wrote
  std::string data;    ///< a CSV or TSV file, or: wordnet (its test part)
  std::string format;
  std::string text_column = "text";
  std::string label_column = "label";
};

struct ModelOnData {
  LogitsFile logits;
  TargetsFile targets;
  std::vector<std::string> labels;  ///< names of the classes
  std::vector<std::int64_t> train_counts;
};

/// Throws Error as the readers do: a damaged model, a missing column, a label that the model does
/// not know (with its line).
ModelOnData ask_model(const ModelOnDataOptions& options);

}  // namespace tailgrad::cli
