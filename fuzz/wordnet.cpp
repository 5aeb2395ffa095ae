#include <tailgrad/core/error.h>
#include <tailgrad/data/wordnet.h>

#include "targets.h"

namespace tailgrad::fuzz {

void wordnet(Input bytes) {
  for (const char* empty : {"data.verb", "data.adj", "data.adv"}) folder().write(empty, "");
  folder().write("data.noun", bytes);
  const TextSplits splits = load_wordnet(folder().path().string());
  ensure(splits.train.texts.size() == splits.train.labels.size(), "a gloss has a class");
}

}  // namespace tailgrad::fuzz
