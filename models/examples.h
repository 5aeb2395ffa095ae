// Items in the form models read: what goes in and what should come out.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include <tailgrad/core/shape.h>

namespace tailgrad {

/// All items of one split. A text task fills the ragged part, a table the features.
struct Examples {
  // Texts: item i is the tokens text_offsets[i] … text_offsets[i + 1] - 1, token t the ids
  // token_offsets[t] … token_offsets[t + 1] - 1 (several for the pieces of an unseen word).
  std::vector<Index> ids = {};
  std::vector<Index> token_offsets = {};  ///< empty: every token is one id
  std::vector<Index> text_offsets = {};

  // Numbers: [items, feature_count], row-major.
  std::vector<float> features = {};
  Index feature_count = 0;

  // Targets: a class an item, or 0/1 marks [items, classes].
  std::vector<Index> classes = {};
  std::vector<std::uint8_t> marks = {};
  Index class_count = 0;

  bool is_text() const { return !text_offsets.empty(); }
  std::size_t size() const;
  /// Tokens of an item; 1 for a row of numbers.
  Index length(std::size_t item) const;
  std::vector<Index> lengths() const;
};

/// Some items, gathered for one forward pass; laid out as in Examples.
struct Batch {
  std::vector<Index> ids = {};
  std::vector<Index> token_offsets = {};
  std::vector<Index> text_offsets = {};
  std::vector<float> features = {};
  std::vector<Index> classes = {};
  std::vector<std::uint8_t> marks = {};
  Index items = 0;

  Index tokens() const { return text_offsets.empty() ? items : text_offsets.back(); }
};

/// Fills `batch` with these items, in this order; its memory is used again. Throws Error for an
/// item that is not there.
void gather(const Examples& examples, std::span<const Index> items, Batch& batch);

}  // namespace tailgrad
