#include <tailgrad/core/ops/crf.h>

#include <algorithm>
#include <cmath>
#include <optional>
#include <string>
#include <utility>

#include <tailgrad/core/kernels/loops.h>
#include <tailgrad/core/kernels/vec_math.h>
#include <tailgrad/core/ops/crf_chain.h>
#include <tailgrad/core/pool.h>
#include <tailgrad/core/tape.h>

namespace tailgrad {
inline namespace TAILGRAD_PRECISION {
namespace {

using crf::Messages;
using crf::PairCounts;
using crf::Scores;
using crf::Tokens;
using kernels::Scratch;

constexpr Real kLeastLog = -1e4;  // log marginals below are as good as zero

// Gradients of the scores, gathered by pieces of parallel work and then added up in their order.
class ScoreGradients {
 public:
  ScoreGradients(const Scores& scores, std::size_t pieces)
      : scores_(scores), pieces_(std::max<std::size_t>(1, pieces)), memory_(pieces_ * size()) {
    std::fill_n(memory_.data(), pieces_ * size(), Real{0});
  }

  /// Of one piece. Each is [classes, padded classes] or [padded classes].
  struct Piece {
    PairCounts forward;   ///< [from, to]
    PairCounts backward;  ///< [to, from]
    Real* begin;
    Real* end;
  };
  Piece piece(std::size_t index) const {
    const std::size_t square = scores_.classes() * scores_.width();
    Real* const at = memory_.data() + index * size();
    return {{at, at + square},
            {at + 2 * square, at + 3 * square},
            at + 4 * square,
            at + 4 * square + scores_.width()};
  }

  /// Writes the gradient of the transitions [classes + 2, classes + 2], times `scale`.
  void finish(Real* to, Real scale) const {
    const std::size_t n = scores_.classes();
    const std::size_t width = scores_.width();
    const std::size_t side = n + 2;
    for (std::size_t p = 1; p < pieces_; ++p) {
      Real* __restrict all = memory_.data();
      const Real* __restrict more = memory_.data() + p * size();
      for (std::size_t i = 0; i < size(); ++i) all[i] += more[i];
    }
    const Piece all = piece(0);
    std::fill_n(to, side * side, Real{0});
    for (std::size_t i = 0; i < n; ++i) {
      for (std::size_t j = 0; j < n; ++j) {
        const std::size_t at = i * width + j;
        const std::size_t back = j * width + i;
        to[i * side + j] =
            scale * (scores_.weights()[at] * (all.forward.scaled[at] + all.backward.scaled[back]) +
                     all.forward.exact[at] + all.backward.exact[back]);
      }
      to[n * side + i] = scale * all.begin[i];
      to[i * side + n + 1] = scale * all.end[i];
    }
  }

 private:
  std::size_t size() const { return 4 * scores_.classes() * scores_.width() + 2 * scores_.width(); }

  const Scores& scores_;
  std::size_t pieces_;
  Scratch<Real> memory_;
};

[[noreturn, gnu::cold]] void fail_chain(const char* op, const Scores& scores,
                                        std::span<const Index> rows, const Where& where) {
  for (const Index row : rows)
    if (const std::optional<std::size_t> k = scores.not_finite(row))
      fail(op,
           "the emission of token " + std::to_string(row) + ", class " + std::to_string(*k) +
               " is " + std::to_string(scores.emission(row, *k)) + "; emissions must be finite",
           {}, where);
  fail(op,
       "the sequence that starts with token " + std::to_string(rows.front()) +
           " has no allowed path, or transitions that are not finite",
       {}, where);
}

Messages messages(const char* op, const Scores& scores, std::span<const Index> rows, bool reversed,
                  Real* memory, const Where& where) {
  if (!reversed &&
      std::ranges::any_of(rows, [&](Index row) { return scores.not_finite(row).has_value(); }))
    fail_chain(op, scores, rows, where);
  Messages chain(scores, reversed ? scores.backward() : scores.forward(), rows, reversed, memory);
  if (!std::isfinite(chain.log_total())) fail_chain(op, scores, rows, where);
  return chain;
}

std::size_t pieces_of(const Tokens& tokens, std::size_t classes) {
  const std::size_t grain = tokens.grain(classes);
  return (tokens.sequences() + grain - 1) / grain;
}

// One call of crf_nll, on checked input.
struct LikelihoodCall {
  const Scores& scores;
  std::span<const Index> tags;
  std::span<const Real> token_weights;
  Where where;

  Real weight(Index row) const {
    return token_weights.empty() ? Real{1} : token_weights[static_cast<std::size_t>(row)];
  }
  std::size_t tag(Index row) const {
    return static_cast<std::size_t>(tags[static_cast<std::size_t>(row)]);
  }

  double value(const Messages& chain) const {
    double sum = 0;
    const auto add = [&](Real factor, Index row) {
      if (!std::isfinite(factor))
        fail("crf_nll",
             "the tag of token " + std::to_string(row) +
                 " is not allowed after those before it, or no path leads on from it",
             {}, where);
      // Rounding may leave a sure factor below 0.
      sum += static_cast<double>(weight(row)) * std::max(0.0, static_cast<double>(factor));
    };
    add(chain.first_factor(tag(chain.row(0))), chain.row(0));
    for (std::size_t p = 1; p < chain.length(); ++p)
      add(chain.factor(p - 1, tag(chain.row(p - 1)), tag(chain.row(p))), chain.row(p));
    return sum;
  }

  // Expected minus given counts, weighted. `gradient` [tokens, classes] is written times `scale`.
  void gradients(Messages& chain, Real* gradient, const ScoreGradients::Piece& piece,
                 Real scale) const {
    const std::size_t n = scores.classes();
    const std::size_t width = scores.width();
    const Scratch<Real> mass(width);
    Real* const q = mass.data();
    chain.first_marginal(q, weight(chain.row(0)));
    for (std::size_t p = 0; p < chain.length(); ++p) {
      const Index row = chain.row(p);
      const std::size_t y = tag(row);
      Real* const to = gradient + static_cast<std::size_t>(row) * n;
      q[y] -= weight(row);
      for (std::size_t k = 0; k < n; ++k) to[k] = scale * q[k];
      if (p == 0)
        for (std::size_t k = 0; k < n; ++k) piece.begin[k] += q[k];
      if (p + 1 == chain.length()) {
        for (std::size_t k = 0; k < n; ++k) piece.end[k] += q[k];
        break;
      }
      // The next factor starts from the given tag with its own weight.
      const Real next = weight(chain.row(p + 1));
      q[y] += next;
      chain.carry(p, q, piece.forward.exact);
      piece.forward.exact[y * width + tag(chain.row(p + 1))] -= next;
    }
    chain.add_pairs(piece.forward);
  }
};

// The gradient `stored`, once the upstream gradient is known.
void give(const Tensor& to, double factor, Scratch<Real>& stored) {
  if (!to.requires_grad()) return;
  kernels::accumulate(to.gradient_target(), to.size(),
                      [from = stored.data(), by = static_cast<Real>(factor)](std::size_t i) {
                        return by * from[i];
                      });
}

}  // namespace

Tensor crf_nll(const Tensor& emissions, const Tensor& transitions, std::span<const Index> offsets,
               std::span<const Index> tags, std::span<const Real> token_weights,
               const CrfOptions& options, double scale, Where where) {
  crf::check("crf_nll", emissions, transitions, offsets, options, where);
  crf::check_tags("crf_nll", emissions, tags, options.ignored, where);
  if (!token_weights.empty() && token_weights.size() != tags.size())
    fail("crf_nll", "needs one weight a token, not " + std::to_string(token_weights.size()),
         {{"emissions", emissions.shape()}}, where);
  if (!std::isnormal(static_cast<Real>(scale)))
    fail("crf_nll", "needs a scale that is a number other than 0, not " + std::to_string(scale), {},
         where);
  const Scores scores(emissions, transitions, options);
  const Tokens tokens(offsets, tags, options.ignored);
  const std::size_t n = scores.classes();
  const bool wanted =
      Tape::current().enabled() && (emissions.requires_grad() || transitions.requires_grad());
  const LikelihoodCall call{scores, tags, token_weights, where};
  const ScoreGradients gradients(scores, wanted ? pieces_of(tokens, n) : 1);
  Scratch<Real> gradient(wanted ? emissions.size() : 0);
  if (wanted && tokens.count(0, tokens.sequences()) < static_cast<std::size_t>(emissions.rows()))
    std::fill_n(gradient.data(), emissions.size(), Real{0});  // of the ignored tokens
  const Scratch<double> values(tokens.sequences());
  std::fill_n(values.data(), tokens.sequences(), 0.0);
  tokens.for_each(n, [&](std::size_t piece, std::size_t s) {
    const std::span<const Index> rows = tokens.rows(s);
    const Scratch<Real> memory(Messages::size(rows.size(), scores.width()));
    Messages chain = messages("crf_nll", scores, rows, false, memory.data(), where);
    values[s] = call.value(chain);
    if (wanted)
      call.gradients(chain, gradient.data(), gradients.piece(piece), static_cast<Real>(scale));
  });
  double sum = 0;
  for (std::size_t s = 0; s < tokens.sequences(); ++s) sum += values[s];
  const Tensor out = Tensor::scalar(static_cast<Real>(sum));
  if (!wanted) return out;
  Scratch<Real> pairs(transitions.size());
  gradients.finish(pairs.data(), static_cast<Real>(scale));
  Tape::current().record("crf_nll", out, {&emissions, &transitions},
                         [emissions, transitions, out, scale, gradient = std::move(gradient),
                          pairs = std::move(pairs)]() mutable {
                           const double factor = static_cast<double>(out.grad()[0]) / scale;
                           give(emissions, factor, gradient);
                           give(transitions, factor, pairs);
                         });
  return out;
}

namespace {

// to[k] = log P(y_p = k), from the messages of both sides.
void log_marginals(Real* to, const Scores& scores, const Messages& behind, const Messages& before,
                   std::size_t p) {
  const std::size_t n = scores.classes();
  const Index row = behind.row(p);
  const std::size_t mirrored = behind.length() - 1 - p;
  for (std::size_t k = 0; k < n; ++k)
    to[k] = scores.emission(row, k) + behind.message(p, k) + before.message(mirrored, k);
  const Real most = kernels::row_max(to, n);
  Real sum = 0;
  for (std::size_t k = 0; k < n; ++k) sum += kernels::exp(to[k] - most);
  const Real log_total = most + kernels::log(sum);
  for (std::size_t k = 0; k < n; ++k) to[k] = std::max(kLeastLog, to[k] - log_total);
}

// Adds u[k] for the row that position p of a chain is.
void inject(Real* q, const Real* upstream, Index row, std::size_t n) {
  const Real* const u = upstream + static_cast<std::size_t>(row) * n;
  for (std::size_t k = 0; k < n; ++k) q[k] += u[k];
}

// The formula of crf.h: masses carried from either end, with u added on the way.
void marginal_gradients(const Scores& scores, Messages& behind, Messages& before,
                        const Real* upstream, const GradientTarget& emissions, Real* carried,
                        const ScoreGradients::Piece& piece) {
  const std::size_t n = scores.classes();
  const std::size_t width = scores.width();
  const std::size_t length = behind.length();
  Real* const total = carried + length * width;  // sum of what reaches a token from both ends
  double u_sum = 0;
  for (std::size_t p = 0; p < length; ++p) {
    const Real* const u = upstream + static_cast<std::size_t>(behind.row(p)) * n;
    for (std::size_t k = 0; k < n; ++k) u_sum += static_cast<double>(u[k]);
  }
  Real* const q = total;
  behind.first_marginal(q, static_cast<Real>(-u_sum));
  for (std::size_t p = 0; p < length; ++p) {
    inject(q, upstream, behind.row(p), n);
    std::copy_n(q, width, carried + p * width);
    if (p + 1 < length) behind.carry(p, q, piece.forward.exact);
  }
  behind.add_pairs(piece.forward);
  std::fill_n(q, width, Real{0});
  for (std::size_t p = 0; p < length; ++p) {
    Real* const here = carried + (length - 1 - p) * width;
    for (std::size_t k = 0; k < n; ++k) here[k] += q[k];
    inject(q, upstream, before.row(p), n);
    if (p + 1 < length) before.carry(p, q, piece.backward.exact);
  }
  before.add_pairs(piece.backward);
  for (std::size_t k = 0; k < n; ++k) {
    piece.begin[k] += carried[k];
    piece.end[k] += carried[(length - 1) * width + k];
  }
  if (emissions.data == nullptr) return;
  for (std::size_t p = 0; p < length; ++p) {
    Real* const to = emissions.data + static_cast<std::size_t>(behind.row(p)) * n;
    const Real* const from = carried + p * width;
    for (std::size_t k = 0; k < n; ++k) to[k] = (emissions.fresh ? Real{0} : to[k]) + from[k];
  }
}

}  // namespace

Tensor crf_log_marginals(const Tensor& emissions, const Tensor& transitions,
                         std::span<const Index> offsets, std::span<const Index> tags,
                         const CrfOptions& options, Where where) {
  crf::check("crf_log_marginals", emissions, transitions, offsets, options, where);
  if (!tags.empty()) crf::check_tags("crf_log_marginals", emissions, tags, options.ignored, where);
  // The backward pass needs them all again: options and tags are the caller's.
  Scores scores(emissions, transitions, options);
  Tokens tokens(offsets, tags, options.ignored);
  const std::size_t n = scores.classes();
  const Tensor out = Tensor::empty(emissions.shape());
  std::fill_n(out.mutable_data(), out.size(), Real{0});
  tokens.for_each(n, [&](std::size_t, std::size_t s) {
    const std::span<const Index> rows = tokens.rows(s);
    const std::size_t size = Messages::size(rows.size(), scores.width());
    const Scratch<Real> memory(2 * size);
    const Messages behind =
        messages("crf_log_marginals", scores, rows, false, memory.data(), where);
    const Messages before =
        messages("crf_log_marginals", scores, rows, true, memory.data() + size, where);
    for (std::size_t p = 0; p < rows.size(); ++p)
      log_marginals(out.mutable_data() + static_cast<std::size_t>(rows[p]) * n, scores, behind,
                    before, p);
  });
  Tape::current().record(
      "crf_log_marginals", out, {&emissions, &transitions},
      [emissions, transitions, out, scores = std::move(scores), tokens = std::move(tokens),
       shift = Scratch<Real>(options.shift)]() mutable {
        if (scores.has_shift()) scores.use_shift(shift.data());
        const std::size_t classes = scores.classes();
        const ScoreGradients gradients(scores, pieces_of(tokens, classes));
        const GradientTarget target =
            emissions.requires_grad() ? emissions.gradient_target() : GradientTarget{nullptr, true};
        if (target.data != nullptr && target.fresh &&
            tokens.count(0, tokens.sequences()) < static_cast<std::size_t>(emissions.rows()))
          std::fill_n(target.data, emissions.size(), Real{0});
        const Scratch<Real> upstream(out.size());  // nothing flows through the least logarithm
        kernels::fill(upstream.data(), out.size(),
                      [g = out.grad().data(), values = out.data()](std::size_t i) {
                        return values[i] > kLeastLog ? g[i] : Real{0};
                      });
        tokens.for_each(classes, [&](std::size_t piece, std::size_t s) {
          const std::span<const Index> rows = tokens.rows(s);
          const std::size_t size = Messages::size(rows.size(), scores.width());
          const Scratch<Real> memory(2 * size + (rows.size() + 1) * scores.width());
          Messages behind(scores, scores.forward(), rows, false, memory.data());
          Messages before(scores, scores.backward(), rows, true, memory.data() + size);
          marginal_gradients(scores, behind, before, upstream.data(), target,
                             memory.data() + 2 * size, gradients.piece(piece));
        });
        Scratch<Real> pairs(transitions.size());
        gradients.finish(pairs.data(), 1);
        give(transitions, 1, pairs);
      });
  return out;
}

Tensor crf_marginals(const Tensor& emissions, const Tensor& transitions,
                     std::span<const Index> offsets, const CrfOptions& options, Where where) {
  const NoGrad no_grad;
  const Tensor logs = crf_log_marginals(emissions, transitions, offsets, {}, options, where);
  const Tensor out = Tensor::empty(logs.shape());
  kernels::fill(out.mutable_data(), out.size(),
                [from = logs.data()](std::size_t i) { return kernels::exp(from[i]); });
  return out;
}

}  // namespace TAILGRAD_PRECISION
}  // namespace tailgrad
