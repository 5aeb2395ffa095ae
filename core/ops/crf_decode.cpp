// Decoding: the best and the n best tag sequences of crf.h.
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <string>

#include <tailgrad/core/ops/crf_chain.h>

namespace tailgrad {
inline namespace TAILGRAD_PRECISION {
namespace {

using crf::kNever;
using crf::Scores;
using crf::Side;
using crf::Tokens;
using kernels::Scratch;

[[noreturn, gnu::cold]] void fail_path(const char* op, std::span<const Index> rows,
                                       const Where& where) {
  fail(op,
       "the sequence that starts with token " + std::to_string(rows.front()) +
           " has no allowed path, or scores that are not finite",
       {}, where);
}

// best[j] = max over i of score[i] + transitions[i, j] and the first i that reaches it.
void best_before(Real* __restrict best, Index* __restrict from, const Real* __restrict score,
                 const Real* __restrict transitions, std::size_t n, std::size_t width) {
  for (std::size_t j = 0; j < width; ++j) {
    best[j] = score[0] + transitions[j];
    from[j] = 0;
  }
  for (std::size_t i = 1; i < n; ++i) {
    const Real* __restrict row = transitions + i * width;
    const auto tag = static_cast<Index>(i);
    for (std::size_t j = 0; j < width; ++j) {
      const Real value = score[i] + row[j];
      from[j] = value > best[j] ? tag : from[j];
      best[j] = value > best[j] ? value : best[j];
    }
  }
}

std::size_t first_largest(const Real* values, std::size_t n) {
  return static_cast<std::size_t>(std::max_element(values, values + n) - values);
}

void decode(Index* tags, const Scores& scores, std::span<const Index> rows, const Where& where) {
  const std::size_t n = scores.classes();
  const std::size_t width = scores.width();
  const Side side = scores.forward();
  const Scratch<Real> memory(3 * width);
  const Scratch<Index> from(rows.size() * width);
  Real* score = memory.data();
  Real* best = score + width;
  Real* const emission = best + width;
  std::fill_n(score, 2 * width, kNever);
  const auto read = [&](Index row) {
    scores.emissions(emission, row);
    if (!std::isfinite(kernels::row_sum(emission, n))) fail_path("viterbi", rows, where);
  };
  read(rows[0]);
  for (std::size_t k = 0; k < n; ++k) score[k] = side.start[k] + emission[k];
  for (std::size_t p = 1; p < rows.size(); ++p) {
    best_before(best, from.data() + p * width, score, side.scores, n, width);
    read(rows[p]);
    for (std::size_t k = 0; k < width; ++k) best[k] += emission[k];
    // Relative to the largest: the digits of a long sequence's score are not lost.
    const Real most = kernels::row_max(best, n);
    if (!std::isfinite(most)) fail_path("viterbi", rows, where);
    for (std::size_t k = 0; k < width; ++k) best[k] -= most;
    std::swap(score, best);
  }
  for (std::size_t k = 0; k < n; ++k) score[k] += side.finish[k];
  std::size_t tag = first_largest(score, n);
  if (!std::isfinite(score[tag])) fail_path("viterbi", rows, where);
  for (std::size_t p = rows.size(); p-- > 0;) {
    tags[rows[p]] = static_cast<Index>(tag);
    if (p > 0) tag = static_cast<std::size_t>(from[p * width + tag]);
  }
}

// A way to end at one tag of one token, by its rank among the best.
struct Step {
  double score;
  Index before;  ///< tag of the token before
  Index rank;    ///< among the best ways to end there
};

// The `count` best steps into each tag; list[tag] is sorted, best first. `find(i)` are the ways to
// end at tag i so far, and `score(i)` what going on from it adds.
template <class Find, class Score>
void best_steps(std::vector<Step>& to, std::size_t n, std::size_t count, Find find, Score score) {
  to.clear();
  for (std::size_t i = 0; i < n; ++i) {
    const double more = score(i);
    if (more == static_cast<double>(kNever)) continue;
    const std::vector<Step>& ways = find(i);
    for (std::size_t rank = 0; rank < ways.size(); ++rank)
      to.push_back({ways[rank].score + more, static_cast<Index>(i), static_cast<Index>(rank)});
  }
  const auto better = [](const Step& a, const Step& b) {
    if (a.score != b.score) return a.score > b.score;
    return a.before != b.before ? a.before < b.before : a.rank < b.rank;
  };
  const std::size_t kept = std::min(count, to.size());
  std::partial_sort(to.begin(), to.begin() + static_cast<std::ptrdiff_t>(kept), to.end(), better);
  to.resize(kept);
}

std::vector<ScoredPath> best_paths(const Scores& scores, std::span<const Index> rows,
                                   std::size_t count, const Where& where) {
  const std::size_t n = scores.classes();
  const std::size_t width = scores.width();
  const Side side = scores.forward();
  for (const Index row : rows)
    if (scores.not_finite(row)) fail_path("n_best_paths", rows, where);
  std::vector<std::vector<std::vector<Step>>> ways(rows.size(), std::vector<std::vector<Step>>(n));
  for (std::size_t k = 0; k < n; ++k)
    if (side.start[k] != kNever)
      ways[0][k] = {
          {static_cast<double>(side.start[k]) + static_cast<double>(scores.emission(rows[0], k)),
           -1, 0}};
  for (std::size_t p = 1; p < rows.size(); ++p)
    for (std::size_t k = 0; k < n; ++k) {
      best_steps(
          ways[p][k], n, count, [&](std::size_t i) -> const auto& { return ways[p - 1][i]; },
          [&](std::size_t i) { return static_cast<double>(side.scores[i * width + k]); });
      for (Step& step : ways[p][k]) step.score += static_cast<double>(scores.emission(rows[p], k));
    }
  std::vector<Step> last;
  best_steps(
      last, n, count, [&](std::size_t i) -> const auto& { return ways.back()[i]; },
      [&](std::size_t i) { return static_cast<double>(side.finish[i]); });
  if (last.empty() || !std::isfinite(last.front().score)) fail_path("n_best_paths", rows, where);
  std::vector<ScoredPath> paths;
  for (const Step& end : last) {
    ScoredPath path{std::vector<Index>(rows.size()), end.score};
    Step at = end;
    for (std::size_t p = rows.size(); p-- > 0;) {
      path.tags[p] = at.before;
      at = ways[p][static_cast<std::size_t>(at.before)][static_cast<std::size_t>(at.rank)];
    }
    paths.push_back(std::move(path));
  }
  return paths;
}

}  // namespace

std::vector<Index> viterbi(const Tensor& emissions, const Tensor& transitions,
                           std::span<const Index> offsets, const CrfOptions& options, Where where) {
  crf::check("viterbi", emissions, transitions, offsets, options, where);
  const Scores scores(emissions, transitions, options);
  const Tokens tokens(offsets, {}, options.ignored);
  std::vector<Index> tags(static_cast<std::size_t>(emissions.rows()));
  tokens.for_each(scores.classes(), [&](std::size_t, std::size_t s) {
    decode(tags.data(), scores, tokens.rows(s), where);
  });
  return tags;
}

std::vector<std::vector<ScoredPath>> n_best_paths(const Tensor& emissions,
                                                  const Tensor& transitions,
                                                  std::span<const Index> offsets, Index count,
                                                  const CrfOptions& options, Where where) {
  crf::check("n_best_paths", emissions, transitions, offsets, options, where);
  if (count < 1)
    fail("n_best_paths", "needs a count of at least 1, not " + std::to_string(count), {}, where);
  const Scores scores(emissions, transitions, options);
  const Tokens tokens(offsets, {}, options.ignored);
  std::vector<std::vector<ScoredPath>> paths(tokens.sequences());
  tokens.for_each(scores.classes(), [&](std::size_t, std::size_t s) {
    paths[s] = best_paths(scores, tokens.rows(s), static_cast<std::size_t>(count), where);
  });
  return paths;
}

}  // namespace TAILGRAD_PRECISION
}  // namespace tailgrad
