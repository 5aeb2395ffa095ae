// Reads the cases of tests/golden/losses_*.safetensors.
#pragma once

#include <string>
#include <vector>

#include <tailgrad/core/safetensors.h>
#include <tailgrad/losses/table.h>

namespace tailgrad::test {

struct Case {
  Shape shape;
  std::vector<double> logits;
  std::vector<Index> classes = {};
  std::vector<std::uint8_t> marks = {};
  LossSetup setup = {};
  Targets targets() const { return {.classes = classes, .marks = marks}; }
};

inline Case read_case(const Safetensors& file, const std::string& name) {
  const std::string prefix = "inputs/" + name + "/";
  const StoredTensor& logits = file.at(prefix + "logits");
  const StoredTensor& targets = file.at(prefix + "targets");
  Case c{.shape = {static_cast<Index>(logits.shape[0]), static_cast<Index>(logits.shape[1])},
         .logits = logits.as_doubles()};
  for (const std::int64_t value : targets.as_integers()) {
    if (targets.shape.size() == 2)
      c.marks.push_back(static_cast<std::uint8_t>(value));
    else
      c.classes.push_back(static_cast<Index>(value));
  }
  double items = 0;
  if (const StoredTensor* found = file.find(prefix + "train_items"))
    items = static_cast<double>(found->as_integers()[0]);
  if (const StoredTensor* found = file.find(prefix + "counts"))
    c.setup.counts = ClassCounts(found->as_integers(), items);
  if (const StoredTensor* found = file.find(prefix + "weights"))
    c.setup.weights = found->as_doubles();
  if (const StoredTensor* found = file.find(prefix + "ignore_index"))
    c.setup.ignored_label = static_cast<Index>(found->as_integers()[0]);
  return c;
}

inline Safetensors golden_file(const std::string& topic) {
  return Safetensors::read(std::string(TAILGRAD_SOURCE_DIR) + "/tests/golden/losses_" + topic +
                           ".safetensors");
}

}  // namespace tailgrad::test
