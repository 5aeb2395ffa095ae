// Small made-up data for tests of models and training.
#pragma once

#include <cstdint>

#include <tailgrad/core/random.h>
#include <tailgrad/models/examples.h>

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

}  // namespace tailgrad
