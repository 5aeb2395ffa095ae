// Texts as ragged lists of ids: what a text model reads.
#pragma once

#include <span>
#include <string>
#include <vector>

#include <tailgrad/core/shape.h>
#include <tailgrad/data/tokenizer.h>
#include <tailgrad/data/vocabulary.h>

namespace tailgrad {

/// What a token of a pair of texts is: the text it stands in, and whether the other one has the
/// same word, known to the vocabulary or not. (The match of words as a feature of tokens: Chen et
/// al. 2017, "Reading Wikipedia to answer open-domain questions", section 3.2.)
enum class TokenKind : Index { first, first_shared, second, second_shared };
inline constexpr Index kTokenKinds = 4;  ///< how many there are of TokenKind

/// The tokens of text i are offsets[i] … offsets[i + 1] - 1. Token t has the one id ids[t], or,
/// when the vocabulary has n-grams, the ids at id_offsets[t] … id_offsets[t + 1] - 1.
struct EncodedTexts {
  std::vector<Index> ids;            ///< of all tokens, one text after the other
  std::vector<Index> id_offsets;     ///< [tokens + 1] into ids; empty: exactly one id a token
  std::vector<Index> offsets = {0};  ///< [texts + 1] into the tokens
  std::vector<Index> kinds = {};     ///< [tokens] of pairs: a TokenKind each; of texts: empty
  Index truncated = 0;               ///< texts that had more than max_tokens words: tell the user

  Index size() const { return static_cast<Index>(offsets.size()) - 1; }  ///< number of texts
  Index tokens() const { return offsets.back(); }                        ///< of all texts
  /// Tokens of a text.
  Index length(Index text) const {
    const auto i = static_cast<std::size_t>(text);
    return offsets[i + 1] - offsets[i];
  }
  /// [texts] tokens of each, for the batcher.
  std::vector<Index> lengths() const;
};

/// Counts the words of the training texts; `second` are more of them.
WordCounts count_words(std::span<const std::string> texts, const TokenizerOptions& tokenizer,
                       std::span<const std::string> second = {});

/// Cuts every text into words and looks these up. Only the first max_tokens words of a text are
/// kept (the memory of attention grows with the square of a length). A text without any word
/// becomes one unknown word, so that no text is empty. Throws Error for max_tokens < 1 and for more
/// than 2^31 - 1 ids in all.
EncodedTexts encode(std::span<const std::string> texts, const TokenizerOptions& tokenizer,
                    const Vocabulary& vocabulary, Index max_tokens);

/// Pairs of texts as one sequence each: the words of the first, then those of the second; kinds say
/// which is which. At most max_tokens words of each of the two are kept; `truncated` counts pairs.
/// Throws Error as encode, and unless there is a second text for each first one.
EncodedTexts encode_pairs(std::span<const std::string> first, std::span<const std::string> second,
                          const TokenizerOptions& tokenizer, const Vocabulary& vocabulary,
                          Index max_tokens);

/// Replaces `out` with some of the texts, in the order of `items`; `out.truncated` becomes 0. Used
/// again and again it stops allocating. Throws Error for an item out of range.
void select(const EncodedTexts& texts, std::span<const Index> items, EncodedTexts& out);

}  // namespace tailgrad
