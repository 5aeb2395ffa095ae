// Small made-up data files for tests that train.
#pragma once

#include <string>
#include <vector>

#include <tailgrad/core/random.h>

#include <support/temporary_folder.h>

namespace tailgrad::test {

/// A CSV file of texts in which one word decides the class: "fruit" is common, "metal" rarer,
/// "bird" rare.
inline std::string texts_csv(std::size_t rows, std::uint64_t seed, bool with_labels = true) {
  static const std::vector<std::vector<std::string>> marks = {
      {"apple", "pear", "plum"}, {"iron", "zinc"}, {"owl", "wren"}};
  static const std::vector<std::string> names = {"fruit", "metal", "bird"};
  static const std::vector<std::string> others = {"the", "a",    "old",  "of",   "small",
                                                  "we",  "find", "near", "with", "red"};
  Random random(seed, "train test");
  std::string csv = with_labels ? "label,text\n" : "text\n";
  for (std::size_t row = 0; row < rows; ++row) {
    // The first rows hold every class three times, so that each survives a split.
    const double draw = random.uniform();
    const std::size_t label = row < 9 ? row % 3 : draw < 0.6 ? 0 : draw < 0.9 ? 1 : 2;
    std::string text;
    const std::size_t length = 3 + random.below(5);
    const std::size_t at = random.below(length);
    for (std::size_t i = 0; i < length; ++i) {
      const std::vector<std::string>& from = i == at ? marks[label] : others;
      text += (i == 0 ? "" : " ") + from[random.below(from.size())];
    }
    csv += (with_labels ? names[label] + "," : "") + text + "\n";
  }
  return csv;
}

/// Two columns of numbers; the class is the sign of their sum, "yes" or the rarer "no".
inline std::string numbers_csv(std::size_t rows, std::uint64_t seed) {
  Random random(seed, "train test numbers");
  std::string csv = "x,y,label\n";
  for (std::size_t row = 0; row < rows; ++row) {
    const double x = random.uniform() * 4 - 1;
    const double y = random.uniform() * 4 - 1;
    csv += std::to_string(x) + "," + std::to_string(y) + "," + (x + y > 0 ? "yes" : "no") + "\n";
  }
  return csv;
}

}  // namespace tailgrad::test
