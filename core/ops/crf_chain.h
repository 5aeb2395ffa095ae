// What the functions of crf.h share: the scores of a call and the messages along one chain.
// Private to core/ops.
#pragma once

#include <cstddef>
#include <limits>
#include <optional>
#include <span>

#include <tailgrad/core/kernels/lanes.h>
#include <tailgrad/core/kernels/scratch.h>
#include <tailgrad/core/ops/crf.h>
#include <tailgrad/core/parallel.h>

namespace tailgrad {
inline namespace TAILGRAD_PRECISION {
namespace crf {

using kernels::Scratch;

/// The score of what is forbidden.
inline constexpr Real kNever = -std::numeric_limits<Real>::infinity();

/// Rows of classes are filled up to whole vectors: no loop has a rest.
inline std::size_t padded(std::size_t classes) {
  return (classes + kernels::kLanes - 1) / kernels::kLanes * kernels::kLanes;
}

/// Throws Error unless shapes, offsets and options fit.
void check(const char* op, const Tensor& emissions, const Tensor& transitions,
           std::span<const Index> offsets, const CrfOptions& options, Where where);
/// Throws Error unless there is a tag in range, or the ignored one, for every token.
void check_tags(const char* op, const Tensor& emissions, std::span<const Index> tags, Index ignored,
                Where where);

/// The tokens that count, sequence by sequence.
class Tokens {
 public:
  Tokens(std::span<const Index> offsets, std::span<const Index> tags, Index ignored);

  std::size_t sequences() const { return sequences_; }
  /// Rows of the emissions that sequence s consists of.
  std::span<const Index> rows(std::size_t s) const {
    return {rows_.data() + starts_[s], static_cast<std::size_t>(starts_[s + 1] - starts_[s])};
  }
  /// Of the sequences [begin, end).
  std::size_t count(std::size_t begin, std::size_t end) const {
    return static_cast<std::size_t>(starts_[end] - starts_[begin]);
  }
  /// Sequences a piece of parallel work; depends on the sizes alone.
  std::size_t grain(std::size_t classes) const;
  /// Calls body(piece, sequence) for all sequences that have tokens, in parallel.
  template <class Body>
  void for_each(std::size_t classes, Body body) const {
    const std::size_t sequences_a_piece = grain(classes);
    parallel_for(sequences_, sequences_a_piece, [&](std::size_t begin, std::size_t end) {
      for (std::size_t s = begin; s < end; ++s)
        if (!rows(s).empty()) body(begin / sequences_a_piece, s);
    });
  }

 private:
  std::size_t sequences_;
  Scratch<Index> rows_;
  Scratch<Index> starts_;
};

/// The transitions as one direction of a chain sees them: from the near end to the far end.
struct Side {
  const Real* near_rows;  ///< exp(score - top): [near, far], rows padded with zeros
  const Real* far_rows;   ///< the same, [far, near]
  const Real* scores;     ///< [near, far], -infinity where forbidden and in the padding
  const Real* start;      ///< [classes] into the near end
  const Real* finish;     ///< [classes] out of the far end
};

/// The scores of a call, ready for use.
class Scores {
 public:
  Scores(const Tensor& emissions, const Tensor& transitions, const CrfOptions& options);

  std::size_t classes() const { return classes_; }
  std::size_t width() const { return width_; }  ///< padded
  Real top() const { return top_; }             ///< the largest transition
  /// From the first token to the last, and the other way.
  Side forward() const { return {weights(), weights_back(), logs(), begin(), end()}; }
  Side backward() const { return {weights_back(), weights(), logs_back(), end(), begin()}; }
  const Real* weights() const { return memory_.data(); }  ///< exp(transition - top) [from, to]
  /// The shift of the options belongs to the caller: a closure puts its own copy in place.
  bool has_shift() const { return shift_ != nullptr; }
  void use_shift(const Real* shift) { shift_ = shift; }
  /// Emission k of a row, with the shift.
  void emissions(Real* to, Index row) const;
  /// The first emission of a row that is not finite; the shift may be -infinity.
  std::optional<std::size_t> not_finite(Index row) const;
  Real emission(Index row, std::size_t k) const {
    const Real value = emissions_[static_cast<std::size_t>(row) * classes_ + k];
    return shift_ == nullptr ? value : value + shift_[k];
  }

 private:
  std::size_t square() const { return classes_ * width_; }
  const Real* weights_back() const { return memory_.data() + square(); }
  const Real* logs() const { return memory_.data() + 2 * square(); }
  const Real* logs_back() const { return memory_.data() + 3 * square(); }
  const Real* begin() const { return memory_.data() + 4 * square(); }
  const Real* end() const { return begin() + width_; }

  std::size_t classes_;
  std::size_t width_;
  const Real* emissions_;
  const Real* shift_;
  Scratch<Real> memory_;
  Real top_ = 0;
};

/// Expected counts of transitions, as seen from one side.
struct PairCounts {
  Real* scaled;  ///< [near, far], still to be multiplied by exp(score - top)
  Real* exact;   ///< [near, far]
};

/// The messages from the far end of one sequence, in memory that the caller gives: they live as
/// long as that.
///
/// message_p[j] = log of the sum over all tags of the tokens behind p of exp(their score), given
/// tag j at p; relative to its largest.
class Messages {
 public:
  /// Numbers of memory for `length` tokens.
  static std::size_t size(std::size_t length, std::size_t width) {
    return length * (3 * width + 2);
  }

  Messages(const Scores& scores, const Side& side, std::span<const Index> rows, bool reversed,
           Real* memory);

  /// log of the sum over all paths, but for what the messages are relative to; not finite when a
  /// score is not or no path is allowed.
  Real log_total() const { return log_total_; }
  Real message(std::size_t p, std::size_t j) const { return message_[p * width_ + j]; }
  /// -log P(tag j at the near end).
  Real first_factor(std::size_t j) const;
  /// -log P(tag k at p + 1 | tag j at p).
  Real factor(std::size_t p, std::size_t j, std::size_t k) const;
  /// to[k] = mass P(tag k at the near end).
  void first_marginal(Real* to, Real mass) const;
  /// Carries masses q_p over the tags of position p to p + 1, along P(k at p + 1 | j at p): q
  /// becomes q_(p+1). Leaves in the memory what pairs() of the piece needs and adds to `exact`.
  void carry(std::size_t p, Real* q, Real* exact);
  Index row(std::size_t p) const { return rows_[reversed_ ? rows_.size() - 1 - p : p]; }
  std::size_t length() const { return rows_.size(); }

  /// After all carry() of a sequence: counts.scaled += the masses that went from j to k.
  void add_pairs(const PairCounts& counts) const;

 private:
  void compute();

  const Scores& scores_;
  Side side_;
  std::span<const Index> rows_;
  bool reversed_;
  std::size_t width_;
  Real* message_;  ///< [length, width]
  Real* weight_;   ///< [length, width] exp(emission + message - largest)
  Real* sum_;      ///< [length, width] of weight_(p+1) over the transitions; then masses / sums
  Real* base_;     ///< [length] message_p + base_p is log of the sum, relative to message_(p+1)
  Real log_total_ = 0;
};

}  // namespace crf
}  // namespace TAILGRAD_PRECISION
}  // namespace tailgrad
