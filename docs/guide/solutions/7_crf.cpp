// One way to solve the exercises of chapter 7: a CRF.
#include "../exercises/exercises.h"

#include <algorithm>
#include <cmath>

namespace exercises {

double score(const Table& emissions, const Table& transitions, std::span<const Index> tags) {
  double sum = 0;
  for (std::size_t t = 0; t < tags.size(); ++t) {
    const auto tag = static_cast<std::size_t>(tags[t]);
    sum += emissions[t][tag];
    if (t > 0) sum += transitions[static_cast<std::size_t>(tags[t - 1])][tag];
  }
  return sum;
}

double log_sum(const Table& emissions, const Table& transitions) {
  const std::size_t tags = transitions.size();
  const auto log_of_sum = [](const std::vector<double>& terms) {
    const double largest = *std::max_element(terms.begin(), terms.end());
    double sum = 0;
    for (const double term : terms) sum += std::exp(term - largest);
    return largest + std::log(sum);
  };
  std::vector<double> sums = emissions[0];
  for (std::size_t t = 1; t < emissions.size(); ++t) {
    std::vector<double> next;
    for (std::size_t to = 0; to < tags; ++to) {
      std::vector<double> terms;
      for (std::size_t from = 0; from < tags; ++from)
        terms.push_back(sums[from] + transitions[from][to]);
      next.push_back(log_of_sum(terms) + emissions[t][to]);
    }
    sums = next;
  }
  return log_of_sum(sums);
}

std::vector<Index> best_tags(const Table& emissions, const Table& transitions) {
  const std::size_t tags = transitions.size();
  std::vector<double> best = emissions[0];
  std::vector<std::vector<std::size_t>> came_from;
  for (std::size_t t = 1; t < emissions.size(); ++t) {
    std::vector<double> next;
    std::vector<std::size_t> notes;
    for (std::size_t to = 0; to < tags; ++to) {
      std::size_t from = 0;
      for (std::size_t k = 1; k < tags; ++k)
        if (best[k] + transitions[k][to] > best[from] + transitions[from][to]) from = k;
      notes.push_back(from);
      next.push_back(best[from] + transitions[from][to] + emissions[t][to]);
    }
    best = next;
    came_from.push_back(notes);
  }
  auto tag = static_cast<std::size_t>(std::max_element(best.begin(), best.end()) - best.begin());
  std::vector<Index> path = {static_cast<Index>(tag)};
  for (auto notes = came_from.rbegin(); notes != came_from.rend(); ++notes) {
    tag = (*notes)[tag];
    path.push_back(static_cast<Index>(tag));
  }
  std::reverse(path.begin(), path.end());
  return path;
}

}  // namespace exercises
