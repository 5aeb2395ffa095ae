// Small made-up data for tests of models and training.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <tailgrad/core/random.h>
#include <tailgrad/models/examples.h>
#include <tailgrad/models/model_table.h>

namespace tailgrad {

/// Texts over `words` word ids; the class of a text is decided by one of its words, and class k is
/// about twice as frequent as class k + 1.
inline Examples toy_texts(Index count, Index classes, Index words, std::uint64_t seed) {
  Random random(seed, "toy texts");
  Examples examples;
  examples.class_count = classes;
  for (Index item = 0; item < count; ++item) {
    Index label = 0;
    while (label + 1 < classes && random.uniform() < 0.5) ++label;
    const Index length = 3 + static_cast<Index>(random.below(8));
    const Index mark = static_cast<Index>(random.below(static_cast<std::uint64_t>(length)));
    for (Index at = 0; at < length; ++at)
      examples.texts.ids.push_back(at == mark
                                       ? 1 + label
                                       : 1 + classes +
                                             static_cast<Index>(random.below(
                                                 static_cast<std::uint64_t>(words - classes - 1))));
    examples.texts.offsets.push_back(static_cast<Index>(examples.texts.ids.size()));
    examples.classes.push_back(label);
  }
  return examples;
}

/// Sentences over a few words with an IOB2 tag a token, O B I: a span is a word "b…" and the words
/// "i…" that follow. All sentences have `length` tokens, or 2 to 9 when it is 0.
struct ToySentences {
  std::vector<std::string> words;
  std::vector<Index> tags;
  std::vector<Index> offsets = {0};
};

inline ToySentences toy_sentences(Index count, std::uint64_t seed, Index length = 0) {
  Random random(seed, "toy sentences");
  ToySentences out;
  for (Index sentence = 0; sentence < count; ++sentence) {
    const Index size = length > 0 ? length : 2 + static_cast<Index>(random.below(8));
    Index before = 0;
    for (Index at = 0; at < size; ++at) {
      const double draw = random.uniform();
      const Index tag = before > 0 && draw < 0.5 ? 2 : draw < 0.75 ? 0 : 1;
      const char* const starts[] = {"o", "b", "i"};
      out.words.push_back(starts[tag] + std::to_string(random.below(9)) +
                          (random.uniform() < 0.3 ? "X" : "y"));
      out.tags.push_back(tag);
      before = tag;
    }
    out.offsets.push_back(static_cast<Index>(out.words.size()));
  }
  return out;
}

inline Examples encode(const WordFormEncoding& encoding, const ToySentences& sentences) {
  Examples examples;
  examples.sentences = encoding.encode(sentences.words, sentences.offsets);
  examples.classes = sentences.tags;
  examples.class_count = 3;
  return examples;
}

/// Of a tagger for these sentences; allowed: iob2.
inline ModelSetup tagger_setup(const WordFormEncoding& encoding) {
  return {.classes = 3,
          .vocabulary = encoding.words().size(),
          .max_tokens = 16,
          .shapes = encoding.shapes().size(),
          .affixes = encoding.options().affix_buckets,
          .characters = encoding.character_count(),
          .allowed_transitions = {1, 1, 0, 0, 1, 1, 1, 1, 0, 1, 1, 1, 1,
                                  0, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0}};
}

}  // namespace tailgrad
