// Texts as ragged lists of ids: what a text model reads.
#pragma once

#include <span>
#include <string>
#include <vector>

#include <tailgrad/core/shape.h>
#include <tailgrad/data/tokenizer.h>
#include <tailgrad/data/vocabulary.h>

namespace tailgrad {

/// The tokens of text i are offsets[i] … offsets[i + 1] - 1. Token t has the one id ids[t], or,
/// when the vocabulary has n-grams, the ids at id_offsets[t] … id_offsets[t + 1] - 1.
struct EncodedTexts {
  std::vector<Index> ids;
  std::vector<Index> id_offsets;     ///< [tokens + 1] into ids; empty: exactly one id a token
  std::vector<Index> offsets = {0};  ///< [texts + 1] into the tokens
  Index truncated = 0;               ///< texts that had more than max_tokens words: tell the user

  Index size() const { return static_cast<Index>(offsets.size()) - 1; }
  Index tokens() const { return offsets.back(); }
  Index length(Index text) const {
    const auto i = static_cast<std::size_t>(text);
    return offsets[i + 1] - offsets[i];
  }
  /// [texts] tokens of each, for the batcher.
  std::vector<Index> lengths() const;
};

/// Counts the words of the training texts.
WordCounts count_words(std::span<const std::string> texts, const TokenizerOptions& tokenizer);

/// Cuts every text into words and looks these up. Only the first max_tokens words of a text are
/// kept (the memory of attention grows with the square of a length). A text without any word
/// becomes one unknown word, so that no text is empty. Throws Error for max_tokens < 1 and for more
/// than 2^31 - 1 ids in all.
EncodedTexts encode(std::span<const std::string> texts, const TokenizerOptions& tokenizer,
                    const Vocabulary& vocabulary, Index max_tokens);

/// Replaces `out` with some of the texts, in the order of `items`; `out.truncated` becomes 0. Used
/// again and again it stops allocating. Throws Error for an item out of range.
void select(const EncodedTexts& texts, std::span<const Index> items, EncodedTexts& out);

}  // namespace tailgrad
