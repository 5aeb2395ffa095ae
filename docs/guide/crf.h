// A linear-chain conditional random field in a hundred lines. Chapter 7 of the guide.
//
// emissions [tokens, tags], transitions [tags + 2, tags + 2]: row = from, column = to; the last two
// indices stand for the begin and the end of a sentence. One sentence at a time.
#pragma once

#include <algorithm>
#include <vector>

#include <tailgrad/core/operators.h>
#include <tailgrad/core/ops.h>

/// transitions[from, to] as a scalar that gradients flow through.
inline tailgrad::Tensor entry(const tailgrad::Tensor& matrix, tailgrad::Index row,
                              tailgrad::Index column) {
  return tailgrad::slice_columns(matrix.row_range(row, row + 1), column, column + 1).reshape({});
}

/// The score of one way to tag the sentence: emissions of its tags, and every step from tag to tag.
inline tailgrad::Tensor path_score(const tailgrad::Tensor& emissions,
                                   const tailgrad::Tensor& transitions,
                                   const std::vector<tailgrad::Index>& tags) {
  using namespace tailgrad;
  const Index begin = emissions.cols();
  const Index end = begin + 1;
  Tensor score = entry(transitions, begin, tags.front());
  for (std::size_t t = 0; t < tags.size(); ++t) {
    score = score + entry(emissions, static_cast<Index>(t), tags[t]);
    score = score + entry(transitions, tags[t], t + 1 < tags.size() ? tags[t + 1] : end);
  }
  return score;
}

/// log of the sum of e^score over all ways to tag the sentence, token by token.
inline tailgrad::Tensor log_sum_of_paths(const tailgrad::Tensor& emissions,
                                         const tailgrad::Tensor& transitions) {
  using namespace tailgrad;
  const Index tags = emissions.cols();
  const Index begin = tags;
  // sums[to] is the log of the sum over all ways to tag the tokens so far that end in tag `to`.
  Tensor sums =
      slice_columns(transitions.row_range(begin, begin + 1), 0, tags) + emissions.row_range(0, 1);
  for (Index t = 1; t < emissions.rows(); ++t) {
    std::vector<Tensor> next;
    for (Index to = 0; to < tags; ++to) {
      const Tensor into = slice_columns(transitions.row_range(0, tags), to, to + 1);
      next.push_back(logsumexp(sums + into.reshape({1, tags})));
    }
    sums = concat_columns(next) + emissions.row_range(t, t + 1);
  }
  const Tensor out = slice_columns(transitions.row_range(0, tags), tags + 1, tags + 2);
  return logsumexp(sums + out.reshape({1, tags})).reshape({});
}

/// The best way to tag the sentence: the same walk with the largest instead of the sum, and for
/// every tag a note where its largest came from.
inline std::vector<tailgrad::Index> best_path(const tailgrad::Tensor& emissions,
                                              const tailgrad::Tensor& transitions) {
  using namespace tailgrad;
  const Index tags = emissions.cols();
  const auto at = [](const Tensor& matrix, Index row, Index column) {
    return matrix.values()[static_cast<std::size_t>(row * matrix.cols() + column)];
  };
  std::vector<Real> best(static_cast<std::size_t>(tags));
  for (Index to = 0; to < tags; ++to)
    best[static_cast<std::size_t>(to)] = at(transitions, tags, to) + at(emissions, 0, to);
  std::vector<std::vector<Index>> came_from;
  const auto best_into = [&](Index to) {
    Index from = 0;
    for (Index k = 1; k < tags; ++k)
      if (best[static_cast<std::size_t>(k)] + at(transitions, k, to) >
          best[static_cast<std::size_t>(from)] + at(transitions, from, to))
        from = k;
    return from;
  };
  for (Index t = 1; t < emissions.rows(); ++t) {
    std::vector<Real> next;
    std::vector<Index> notes;
    for (Index to = 0; to < tags; ++to) {
      const Index from = best_into(to);
      notes.push_back(from);
      next.push_back(best[static_cast<std::size_t>(from)] + at(transitions, from, to) +
                     at(emissions, t, to));
    }
    best = next;
    came_from.push_back(notes);
  }
  std::vector<Index> path = {best_into(tags + 1)};
  for (auto notes = came_from.rbegin(); notes != came_from.rend(); ++notes)
    path.push_back((*notes)[static_cast<std::size_t>(path.back())]);
  std::reverse(path.begin(), path.end());
  return path;
}
