// From the items of a data set to what a model reads; saved with the model, used again by predict.
#pragma once

#include <span>
#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include <tailgrad/data/images.h>
#include <tailgrad/data/number_dataset.h>
#include <tailgrad/data/standardizer.h>
#include <tailgrad/data/tag_set.h>
#include <tailgrad/data/tagged_sentences.h>
#include <tailgrad/data/text_dataset.h>
#include <tailgrad/data/tokenizer.h>
#include <tailgrad/data/vocabulary.h>
#include <tailgrad/data/word_forms.h>
#include <tailgrad/models/examples.h>

namespace tailgrad {

/// What is made of a text.
struct TextEncodingOptions {
  TokenizerOptions tokenizer = {};                  ///< how it is cut into words
  VocabularyOptions vocabulary = {.min_count = 2};  ///< which words get an id
  Index max_tokens = 128;                           ///< of a text; what is longer is cut, and said
  /// Where texts and labels were read from: predict and evaluate do the same unless told otherwise.
  /// How the files were written (columns.file, columns.names) is not kept.
  TextColumns columns = {};
};

/// Texts or pairs of texts: words, then ids. The vocabulary is that of the training texts.
class TextEncoding {
 public:
  /// From the training data.
  TextEncoding(const TextDataset& training, const TextEncodingOptions& options);
  /// From what json() gave; Error when it was not that.
  explicit TextEncoding(const nlohmann::json& saved);
  /// Everything the constructor needs.
  nlohmann::json json() const;

  const Vocabulary& vocabulary() const { return vocabulary_; }  ///< words and their ids
  /// As they were given.
  const TextEncodingOptions& options() const { return options_; }
  /// Whether an item is two texts.
  bool of_pairs() const { return !options_.columns.second.empty(); }
  /// Whether an item has any number of labels.
  bool several_labels() const { return !options_.columns.cells.separator.empty(); }
  /// `class_count` may be 0 when there are no labels.
  Examples encode(const TextDataset& data, Index class_count) const;

 private:
  TextEncodingOptions options_;
  Vocabulary vocabulary_;
};

/// What is made of a sentence.
struct SentenceEncodingOptions {
  WordFormOptions words = {};  ///< what is made of its words
  /// A longer sentence is cut into pieces for the model, and said: memory has a bound.
  Index max_tokens = 512;
  /// Where words and tags were read from: predict and evaluate do the same unless told otherwise.
  TagColumns columns = {};
};

/// Sentences: forms of words, then numbers. Knows the tag schemes too: predictions are written in
/// that of the files.
class SentenceEncoding {
 public:
  /// `known`: words of a file of vectors, see WordFormEncoding.
  SentenceEncoding(const TaggedSentences& training, TagScheme scheme, TagScheme file_scheme,
                   const SentenceEncodingOptions& options, std::span<const std::string> known = {});
  /// From what json() gave; Error when it was not that.
  explicit SentenceEncoding(const nlohmann::json& saved);
  /// Everything the constructor needs.
  nlohmann::json json() const;

  const WordFormEncoding& words() const { return words_; }  ///< numbers of words
  /// As they were given.
  const SentenceEncodingOptions& options() const { return options_; }
  TagScheme scheme() const { return scheme_; }            ///< of the classes
  TagScheme file_scheme() const { return file_scheme_; }  ///< of the files
  /// Classes are data.labels, if it has any.
  Examples encode(const TaggedSentences& data, Index class_count) const;
  /// [tokens] 1: not a word of the training data.
  std::vector<std::uint8_t> unknown_words(const EncodedSentences& sentences) const;

 private:
  SentenceEncodingOptions options_;
  TagScheme scheme_;
  TagScheme file_scheme_;
  WordFormEncoding words_;
  Index training_words_ = 0;  ///< the first ones of the vocabulary; the others come from vectors
};

/// Images: every channel has mean 0 and standard deviation 1 over the training images.
class ImageEncoding {
 public:
  /// From the training data.
  ImageEncoding(const ImageDataset& training, const Augmentation& augmentation);
  /// From what json() gave; Error when it was not that.
  explicit ImageEncoding(const nlohmann::json& saved);
  /// Everything the constructor needs.
  nlohmann::json json() const;

  Index height() const { return form_.height; }      ///< of every image
  Index width() const { return form_.width; }        ///< of every image
  Index channels() const { return form_.channels; }  ///< of every image
  /// What training does to an image.
  const Augmentation& augmentation() const { return form_.augmentation; }
  /// Throws Error when the images have another form than those of training.
  Examples encode(const ImageDataset& data, Index class_count) const;

 private:
  EncodedImages form_;  ///< without pixels
};

/// Columns of numbers: mean 0 and standard deviation 1 on the training data.
class NumberEncoding {
 public:
  /// Mean and deviation of every column of the training data.
  explicit NumberEncoding(const NumberDataset& training);
  /// From what json() gave; Error when it was not that.
  explicit NumberEncoding(const nlohmann::json& saved);
  /// Everything the constructor needs.
  nlohmann::json json() const;

  /// Names of the features.
  const std::vector<std::string>& columns() const { return columns_; }
  /// The rows as numbers of mean 0 and deviation 1, by the training data.
  Examples encode(const NumberDataset& data, Index class_count) const;

 private:
  std::vector<std::string> columns_;
  Standardizer standardizer_;
};

}  // namespace tailgrad
