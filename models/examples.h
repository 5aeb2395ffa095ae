// Items in the form models read: what goes in and what should come out.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include <tailgrad/core/byte_hash.h>
#include <tailgrad/core/shape.h>
#include <tailgrad/data/encoded_images.h>
#include <tailgrad/data/encoded_texts.h>
#include <tailgrad/data/word_forms.h>

namespace tailgrad {

/// Items of one split, or of one batch. A text task fills `texts`, a tagging task `sentences`,
/// images `images`, a table `features`. A row is what gets a class: a token of a sentence,
/// otherwise an item.
struct Examples {
  EncodedTexts texts = {};           ///< of text models
  EncodedSentences sentences = {};   ///< of taggers
  EncodedImages images = {};         ///< of image models
  std::vector<float> features = {};  ///< [items, feature_count], row-major
  Index feature_count = 0;           ///< numbers an item

  std::vector<Index> classes = {};       ///< [rows] a class each, or empty
  std::vector<std::uint8_t> marks = {};  ///< [rows, class_count] 0 or 1, or empty
  Index class_count = 0;                 ///< columns of marks, or number of classes

  bool is_tags() const { return sentences.size() > 0; }   ///< whether the items are sentences
  bool is_images() const { return images.channels > 0; }  ///< whether the items are images
  /// Whether the items are texts.
  bool is_text() const { return feature_count == 0 && !is_tags() && !is_images(); }
  Index size() const;  ///< number of items
  Index rows() const;  ///< rows of logits: tokens of sentences, else items
  /// The first row of an item; of item size(): rows().
  Index first_row(Index item) const;
  /// Work an item costs: the tokens of a text or a sentence, 1 for an image or a row of numbers.
  std::vector<Index> lengths() const;
};

/// Replaces `batch` with these items, in this order; its memory is used again. Throws Error for an
/// item that is not there.
void select(const Examples& examples, std::span<const Index> items, Examples& batch);

/// Adds all that training reads of the examples: other data give another hash.
void update_hash(ByteHash& hash, const Examples& examples);

}  // namespace tailgrad
