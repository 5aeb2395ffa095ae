// Made-up texts with several labels, and pairs of texts.
#pragma once

#include <algorithm>
#include <string>
#include <vector>

#include <tailgrad/core/random.h>

namespace tailgrad::test {

/// A CSV file of texts with labels "cold", "dark" (rarer) and "loud" (rarest), in any combination;
/// each has a word of its own in the text.
inline std::string several_csv(std::size_t rows, std::uint64_t seed) {
  static const std::vector<std::string> others = {"the", "house", "was", "and", "very", "we"};
  static const char* const words[] = {"ice", "night", "drum"};
  static const char* const names[] = {"cold", "dark", "loud"};
  static const double shares[] = {0.5, 0.3, 0.15};
  Random random(seed, "several labels");
  std::string csv = "text,label\n";
  for (std::size_t row = 0; row < rows; ++row) {
    std::string text;
    std::string label;
    for (std::size_t i = 0; i < 3; ++i) text += others[random.below(others.size())] + " ";
    for (std::size_t k = 0; k < 3; ++k) {
      if (random.uniform() >= shares[k] && row != k) continue;
      text += std::string(words[k]) + " ";
      label += (label.empty() ? "" : "|") + std::string(names[k]);
    }
    csv += text + "end," + label + "\n";
  }
  return csv;
}

/// A CSV file of pairs: "same" when both texts have the same words, in another order, else "other".
/// No word alone tells the label.
inline std::string pairs_csv(std::size_t rows, std::uint64_t seed) {
  Random random(seed, "pairs");
  std::string csv = "a,b,label\n";
  const auto text_of = [](const std::vector<std::string>& words) {
    std::string text;
    for (const std::string& word : words) text += (text.empty() ? "" : " ") + word;
    return text;
  };
  for (std::size_t row = 0; row < rows; ++row) {
    std::vector<std::string> words;
    for (int i = 0; i < 4; ++i) words.push_back("w" + std::to_string(random.below(40)));
    csv += text_of(words) + ",";
    const bool same = row % 3 == 0;
    if (same) std::reverse(words.begin(), words.end());
    if (!same)
      for (std::string& word : words) word = "w" + std::to_string(random.below(40));
    csv += text_of(words) + (same ? ",same\n" : ",other\n");
  }
  return csv;
}

}  // namespace tailgrad::test
