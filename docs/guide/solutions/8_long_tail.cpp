// One way to solve the exercises of chapter 8: the long tail.
#include "../exercises/exercises.h"

#include <cmath>

namespace exercises {

std::vector<int> long_tail(int most, double ratio, int classes) {
  std::vector<int> counts;
  for (int k = 0; k < classes; ++k)  // the 1e-9: what should be whole must not round down
    counts.push_back(
        static_cast<int>(most * std::pow(ratio, -static_cast<double>(k) / (classes - 1)) + 1e-9));
  return counts;
}

void adjust(std::span<double> logits, std::span<const double> counts, double tau) {
  double n = 0;
  for (const double count : counts) n += count;
  for (std::size_t i = 0; i < logits.size(); ++i)
    logits[i] -= tau * std::log(counts[i % counts.size()] / n);
}

double macro_f1(std::span<const Index> truth, std::span<const Index> predicted, Index classes) {
  std::vector<double> right(static_cast<std::size_t>(classes)), both(right.size());
  for (std::size_t i = 0; i < truth.size(); ++i) {
    both[static_cast<std::size_t>(truth[i])] += 1;
    both[static_cast<std::size_t>(predicted[i])] += 1;
    if (truth[i] == predicted[i]) right[static_cast<std::size_t>(truth[i])] += 1;
  }
  double sum = 0;
  for (std::size_t k = 0; k < both.size(); ++k)
    if (both[k] > 0) sum += 2 * right[k] / both[k];
  return sum / static_cast<double>(classes);
}

}  // namespace exercises
