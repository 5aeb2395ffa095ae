// One way to solve the exercises of chapter 4: a loss and what imbalance does to it.
#include "../exercises/exercises.h"

#include <algorithm>
#include <cmath>

namespace exercises {

std::vector<double> softmax(std::span<const double> logits) {
  // Moving all logits by the same amount changes nothing: let the largest be 0.
  const double largest = *std::max_element(logits.begin(), logits.end());
  std::vector<double> p;
  double sum = 0;
  for (const double z : logits) {
    p.push_back(std::exp(z - largest));
    sum += p.back();
  }
  for (double& value : p) value /= sum;
  return p;
}

std::vector<double> inverse_weights(std::span<const double> counts) {
  double n = 0;
  for (const double count : counts) n += count;
  std::vector<double> weights;
  for (const double count : counts)
    weights.push_back(n / (static_cast<double>(counts.size()) * count));
  return weights;
}

double balanced_error(std::span<const Index> truth, std::span<const Index> predicted,
                      Index classes) {
  std::vector<double> right(static_cast<std::size_t>(classes)), items(right.size());
  for (std::size_t i = 0; i < truth.size(); ++i) {
    const auto k = static_cast<std::size_t>(truth[i]);
    items[k] += 1;
    if (predicted[i] == truth[i]) right[k] += 1;
  }
  double sum = 0, there = 0;
  for (std::size_t k = 0; k < items.size(); ++k)
    if (items[k] > 0) {
      sum += right[k] / items[k];
      there += 1;
    }
  return 1 - sum / there;
}

}  // namespace exercises
