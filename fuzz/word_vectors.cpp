#include <tailgrad/core/error.h>
#include <tailgrad/data/word_vectors.h>

#include "targets.h"

namespace tailgrad::fuzz {

void word_vectors(Input bytes) {
  const WordVectors vectors = read_word_vectors(folder().write("vectors.txt", bytes));
  ensure(vectors.values.size() == vectors.words.size() * static_cast<std::size_t>(vectors.width),
         "a word has its numbers");
}

}  // namespace tailgrad::fuzz
