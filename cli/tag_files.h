// Gold and predicted tags in files: what `evaluate --gold --predicted` judges.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <tailgrad/metrics/sequence_metrics.h>

namespace tailgrad::cli {

struct TagFilesOptions {
  std::string gold;
  std::vector<std::string> predicted;  ///< one system, or two on the same tokens
  std::string train;                   ///< training data: counts and unknown words; empty: none
  std::string format;                  ///< of all files; empty: by each ending
  std::string gold_column;             ///< empty: the last one (CoNLL-U: upos)
  std::string predicted_column;        ///< empty: the last one
  std::string scheme;                  ///< empty: detected from the gold tags
};

struct TagFiles {
  std::vector<SequencePredictions> systems;
  std::vector<std::string> labels;         ///< names of the classes: all tags of gold and predicted
  std::vector<std::int64_t> train_counts;  ///< [classes], or empty
  std::string scheme;
  std::vector<std::string> warnings;
};

/// Throws Error as the readers do, and with both lines where the files do not hold the same words
/// in the same sentences.
TagFiles read_tag_files(const TagFilesOptions& options);

}  // namespace tailgrad::cli
