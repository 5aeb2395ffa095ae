// From the items of a data set to what a model reads; saved with the model, used again by predict.
#pragma once

#include <span>
#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include <tailgrad/data/number_dataset.h>
#include <tailgrad/data/standardizer.h>
#include <tailgrad/data/text_dataset.h>
#include <tailgrad/data/tokenizer.h>
#include <tailgrad/data/vocabulary.h>
#include <tailgrad/models/examples.h>

namespace tailgrad {

struct TextEncodingOptions {
  TokenizerOptions tokenizer = {};
  VocabularyOptions vocabulary = {.min_count = 2};
  Index max_tokens = 128;  ///< of a text; what is longer is cut, and said
};

/// Texts: words, then ids. The vocabulary is that of the training texts.
class TextEncoding {
 public:
  TextEncoding(std::span<const std::string> training_texts, const TextEncodingOptions& options);
  explicit TextEncoding(const nlohmann::json& saved);
  nlohmann::json json() const;

  const Vocabulary& vocabulary() const { return vocabulary_; }
  const TextEncodingOptions& options() const { return options_; }
  /// `class_count` may be 0 when there are no labels.
  Examples encode(const TextDataset& data, Index class_count) const;

 private:
  TextEncodingOptions options_;
  Vocabulary vocabulary_;
};

/// Columns of numbers: mean 0 and standard deviation 1 on the training data.
class NumberEncoding {
 public:
  explicit NumberEncoding(const NumberDataset& training);
  explicit NumberEncoding(const nlohmann::json& saved);
  nlohmann::json json() const;

  const std::vector<std::string>& columns() const { return columns_; }
  Examples encode(const NumberDataset& data, Index class_count) const;

 private:
  std::vector<std::string> columns_;
  Standardizer standardizer_;
};

}  // namespace tailgrad
