// The linear-chain conditional random field over packed sequences (Lafferty, McCallum, Pereira
// 2001, "Conditional random fields").
//
// The score of tags y_1 … y_n for a sequence of n tokens with emissions e is
//   transitions[begin, y_1] + sum_t e_t[y_t] + sum_t transitions[y_(t-1), y_t]
//     + transitions[y_n, end]
// and P(y) = exp(score(y)) / sum over all tag sequences. `transitions` is [classes + 2,
// classes + 2], row = from, column = to; begin = classes and end = classes + 1. The entries into
// begin, out of end and from begin to end mean nothing and get no gradient.
//
// Time and memory grow linearly with the tokens, a step costs classes^2. Messages are kept relative
// to their largest, so length does no harm, and sums of exponentials that are too small to be exact
// are computed again from logarithms, so scores of any size (±1e4 and beyond) do none.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include <tailgrad/core/error.h>
#include <tailgrad/core/tensor.h>

namespace tailgrad {
inline namespace TAILGRAD_PRECISION {

/// What the ops on a chain may be told beside its scores.
struct CrfOptions {
  /// [classes] added to every emission, such as τ log π. Empty: nothing.
  std::span<const Real> shift = {};
  /// [classes + 2, classes + 2] laid out as the transitions: 0 forbids. Empty: all are allowed.
  std::span<const std::uint8_t> allowed = {};
  /// Tokens with this tag are taken out of their chain: the tokens before and after become
  /// neighbours. They may stand anywhere; where no tags are given, no token is taken out.
  Index ignored = -100;
};

/// sum over tokens t of -w_t log P(y_t | y_1 … y_(t-1)), a scalar; with all w = 1 it is the
/// negative log-likelihood -log P(y), summed over the sequences.
///
/// emissions [tokens, classes]; sequence s is the rows [offsets[s], offsets[s + 1]); tags [tokens];
/// token_weights [tokens] or empty for ones. A sequence without tokens counts 0.
/// Each factor is exact: P(y_t | y_1 … y_(t-1)) = P(y_t | y_(t-1)) sums over all tags that may
/// follow. Gradients, for emissions and transitions: expected minus given counts of the factors,
/// weighted; for w = 1 the marginals minus the given tags. They are computed with the value and
/// stored times `scale`, the upstream gradient that is expected (any other costs one more pass).
/// Throws Error for shapes, offsets or tags that do not fit, for scores that are not finite, and
/// when a given tag sequence is forbidden by `allowed`.
Tensor crf_nll(const Tensor& emissions, const Tensor& transitions, std::span<const Index> offsets,
               std::span<const Index> tags, std::span<const Real> token_weights = {},
               const CrfOptions& options = {}, double scale = 1, Where where = {});

/// log P(y_t = k), the logarithm of the posterior marginals: [tokens, classes], at least -1e4.
///
/// Their softmax are the marginals, so every loss on softmax logits is a loss on CRF marginals.
/// `tags`, empty or [tokens], only tells which tokens are ignored; their rows are zeros.
/// Gradient, exact: with u the upstream gradient and U its sum over the sequence,
///   d loss / d e_s[j] = sum over t, k of u_t[k] P(y_s = j | y_t = k) - U P(y_s = j)
/// by one pass in each direction, and likewise for transitions. Throws as crf_nll.
Tensor crf_log_marginals(const Tensor& emissions, const Tensor& transitions,
                         std::span<const Index> offsets, std::span<const Index> tags = {},
                         const CrfOptions& options = {}, Where where = {});

/// P(y_t = k): [tokens, classes]. No gradient.
Tensor crf_marginals(const Tensor& emissions, const Tensor& transitions,
                     std::span<const Index> offsets, const CrfOptions& options = {},
                     Where where = {});

/// The tags with the highest score, [tokens] (Viterbi 1967). Of equal scores the lower tag wins, at
/// the last token where they differ. Throws Error when `allowed` leaves no path.
std::vector<Index> viterbi(const Tensor& emissions, const Tensor& transitions,
                           std::span<const Index> offsets, const CrfOptions& options = {},
                           Where where = {});

/// A tag sequence with its score.
struct ScoredPath {
  std::vector<Index> tags;  ///< [tokens of the sequence]
  double score = 0;         ///< with shift and transitions, as above
};

/// For every sequence the `count` tag sequences with the highest scores, best first; fewer when
/// there are fewer.
std::vector<std::vector<ScoredPath>> n_best_paths(const Tensor& emissions,
                                                  const Tensor& transitions,
                                                  std::span<const Index> offsets, Index count,
                                                  const CrfOptions& options = {}, Where where = {});

}  // namespace TAILGRAD_PRECISION
}  // namespace tailgrad
