// Text to words, for any script.
//
// A word is a run of letters, digits and combining marks (Unicode categories L, N, M). Every other
// visible character (punctuation, symbols, emoji) is a word of its own; spaces and control
// characters separate; characters that are invisible by definition (soft hyphen, zero-width joiner,
// variation selectors) are dropped without separating. Han characters and kana, whose scripts write
// no spaces, are words one by one. Scripts such as Thai, also without spaces, give long words: use
// character n-grams (see vocabulary.h).
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace tailgrad {

/// How a text is cut into words.
struct TokenizerOptions {
  bool lower_case = true;  ///< simple lower-casing, a character at a time (no language's rules)
  bool normalise = true;  ///< to NFKC first, so that ﬁ, full-width A and e + accent mean fi, A, é
};

/// The words of one text. Used again and again it stops allocating.
class Words {
 public:
  std::size_t size() const { return ends_.size(); }  ///< number of words
  bool empty() const { return ends_.empty(); }       ///< whether there are none
  /// A word; valid until the next word is added.
  std::string_view operator[](std::size_t i) const {
    const std::size_t begin = i == 0 ? 0 : ends_[i - 1];
    return std::string_view(bytes_).substr(begin, ends_[i] - begin);
  }
  /// Forgets the words; the memory stays.
  void clear() {
    bytes_.clear();
    ends_.clear();
  }

 private:
  friend class WordWriter;
  std::string bytes_;
  std::vector<std::size_t> ends_;      // ends_[i]: the end of word i in bytes_
  std::vector<std::int32_t> scratch_;  // code points of a text that is not ASCII
};

/// Replaces the content of `words`. Throws Error unless the text is valid UTF-8. Source: Unicode
/// Standard Annex 15 (NFKC), through utf8proc.
void tokenize(std::string_view text, const TokenizerOptions& options, Words& words);

}  // namespace tailgrad
