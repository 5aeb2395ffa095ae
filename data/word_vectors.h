// Word vectors that others trained, from a text file.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include <tailgrad/core/shape.h>

namespace tailgrad {

/// Words with a vector each.
struct WordVectors {
  std::vector<std::string> words;  ///< in the order of the file
  std::vector<float> values;       ///< [words, width]
  Index width = 0;                 ///< numbers a word
};

/// Reads what GloVe and word2vec write: a line a word, then its numbers, between single spaces; a
/// first line of two whole numbers is word2vec's header (words, numbers a word). A word that comes
/// again keeps its first vector. Also .gz. Throws Error with the line for another number of
/// numbers than the first word has, for what is no finite number, and for a file without vectors.
WordVectors read_word_vectors(const std::string& path);

}  // namespace tailgrad
