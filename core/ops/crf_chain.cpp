#include <tailgrad/core/ops/crf_chain.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <optional>
#include <string>

#include <tailgrad/core/kernels/gemm.h>
#include <tailgrad/core/kernels/vec_math.h>
#include <tailgrad/core/ops/segments.h>

namespace tailgrad {
inline namespace TAILGRAD_PRECISION {
namespace crf {
namespace {

using kernels::kLanes;
using kernels::Lanes;

// Terms below the smallest number are lost from a sum; above this they cannot matter.
constexpr Real kExactFrom = sizeof(Real) == 4 ? Real(1e-25) : Real(1e-200);

template <std::size_t kVectors>
void weigh_columns(Real* __restrict to, const Real* __restrict by, const Real* __restrict rows,
                   std::size_t count, std::size_t width) {
  Lanes sums[kVectors] = {};
  for (std::size_t i = 0; i < count; ++i) {
#pragma GCC unroll 4
    for (std::size_t v = 0; v < kVectors; ++v) {
      Lanes row;
      kernels::load(row, rows + i * width + v * kLanes);
      sums[v] += by[i] * row;
    }
  }
  std::memcpy(to, sums, sizeof sums);
}

// to = sum over i of by[i] rows[i, :], with rows [count, width].
void weigh_rows(Real* to, const Real* by, const Real* rows, std::size_t count, std::size_t width) {
  std::size_t col = 0;
  for (; col + 4 * kLanes <= width; col += 4 * kLanes)
    weigh_columns<4>(to + col, by, rows + col, count, width);
  for (; col + 2 * kLanes <= width; col += 2 * kLanes)
    weigh_columns<2>(to + col, by, rows + col, count, width);
  for (; col < width; col += kLanes) weigh_columns<1>(to + col, by, rows + col, count, width);
}

// log sum_k exp(a[k] + b[k]), one number after the other; -infinity for none.
Real log_sum(const Real* a, const Real* b, std::size_t n) {
  Real most = kNever;
  for (std::size_t k = 0; k < n; ++k) most = std::max(most, a[k] + b[k]);
  if (most == kNever) return kNever;
  double sum = 0;
  for (std::size_t k = 0; k < n; ++k) sum += static_cast<double>(std::exp(a[k] + b[k] - most));
  return most + static_cast<Real>(std::log(sum));
}

}  // namespace

void check(const char* op, const Tensor& emissions, const Tensor& transitions,
           std::span<const Index> offsets, const CrfOptions& options, Where where) {
  const bool fits = emissions.defined() && transitions.defined() && emissions.shape().rank() == 2 &&
                    emissions.cols() >= 1 &&
                    transitions.shape() == Shape{emissions.cols() + 2, emissions.cols() + 2};
  if (!fits)
    fail(op,
         "needs emissions [tokens, classes] and transitions [classes + 2, classes + 2] (row = "
         "from, column = to, the last two begin and end)",
         {{"emissions", emissions.defined() ? emissions.shape() : Shape{}},
          {"transitions", transitions.defined() ? transitions.shape() : Shape{}}},
         where);
  check_segments(op, emissions.shape(), offsets, where);
  const auto classes = static_cast<std::size_t>(emissions.cols());
  if (!options.shift.empty() && options.shift.size() != classes)
    fail(op, "needs one shift a class, not " + std::to_string(options.shift.size()),
         {{"emissions", emissions.shape()}}, where);
  if (!options.allowed.empty() && options.allowed.size() != transitions.size())
    fail(op, "needs one allowed mark a transition, not " + std::to_string(options.allowed.size()),
         {{"transitions", transitions.shape()}}, where);
  // Not of use: into begin, out of end, from begin to end.
  const std::size_t side = classes + 2;
  for (std::size_t from = 0; from <= classes; ++from)
    for (std::size_t to = 0; to < side; ++to) {
      const std::size_t at = from * side + to;
      const bool counts = to != classes && (from < classes || to < classes) &&
                          (options.allowed.empty() || options.allowed[at] != 0);
      if (counts && !(transitions.data()[at] < std::numeric_limits<Real>::infinity()))
        fail(op,
             "there are transitions that are not finite: from " + std::to_string(from) + " to " +
                 std::to_string(to) + " is " + std::to_string(transitions.data()[at]),
             {}, where);
    }
}

void check_tags(const char* op, const Tensor& emissions, std::span<const Index> tags, Index ignored,
                Where where) {
  if (tags.size() != static_cast<std::size_t>(emissions.rows()))
    fail(op, "needs one tag a token, not " + std::to_string(tags.size()),
         {{"emissions", emissions.shape()}}, where);
  for (std::size_t i = 0; i < tags.size(); ++i)
    if (tags[i] != ignored && (tags[i] < 0 || tags[i] >= emissions.cols()))
      fail(op,
           "the tag of token " + std::to_string(i) + " is " + std::to_string(tags[i]) +
               "; allowed are 0 .. " + std::to_string(emissions.cols() - 1) + " and " +
               std::to_string(ignored) + " (ignored)",
           {{"emissions", emissions.shape()}}, where);
}

Tokens::Tokens(std::span<const Index> offsets, std::span<const Index> tags, Index ignored)
    : sequences_(offsets.size() - 1),
      rows_(static_cast<std::size_t>(offsets.back())),
      starts_(offsets.size()) {
  Index count = 0;
  for (std::size_t s = 0; s < sequences_; ++s) {
    starts_[s] = count;
    for (Index row = offsets[s]; row < offsets[s + 1]; ++row)
      if (tags.empty() || tags[static_cast<std::size_t>(row)] != ignored)
        rows_[static_cast<std::size_t>(count++)] = row;
  }
  starts_[sequences_] = count;
}

std::size_t Tokens::grain(std::size_t classes) const {
  constexpr double kPiece = 1 << 17;       // products of a piece: tens of microseconds
  constexpr std::size_t kMostPieces = 16;  // each has counts of its own, classes^2 numbers
  const double all =
      static_cast<double>(count(0, sequences_)) * static_cast<double>(classes * padded(classes));
  const double average =
      std::max(1.0, all / static_cast<double>(std::max<std::size_t>(1, sequences_)));
  return std::max(static_cast<std::size_t>(std::max(1.0, kPiece / average)),
                  (sequences_ + kMostPieces - 1) / kMostPieces);
}

Scores::Scores(const Tensor& emissions, const Tensor& transitions, const CrfOptions& options)
    : classes_(static_cast<std::size_t>(emissions.cols())),
      width_(padded(classes_)),
      emissions_(emissions.data()),
      shift_(options.shift.empty() ? nullptr : options.shift.data()),
      memory_(4 * square() + 2 * width_) {
  const std::size_t side = classes_ + 2;
  const auto score = [&](std::size_t from, std::size_t to) {
    const std::size_t at = from * side + to;
    return options.allowed.empty() || options.allowed[at] != 0 ? transitions.data()[at] : kNever;
  };
  Real* const weights = memory_.data();
  Real* const weights_to = weights + square();
  Real* const log = weights + 2 * square();
  Real* const log_to = weights + 3 * square();
  Real* const begins = weights + 4 * square();
  std::fill_n(log, 2 * square() + 2 * width_, kNever);
  top_ = kNever;
  for (std::size_t i = 0; i < classes_; ++i) {
    for (std::size_t j = 0; j < classes_; ++j) {
      const Real value = score(i, j);
      log[i * width_ + j] = value;
      log_to[j * width_ + i] = value;
      top_ = std::max(top_, value);
    }
    begins[i] = score(classes_, i);
    begins[width_ + i] = score(i, classes_ + 1);
  }
  if (top_ == kNever) top_ = 0;
  for (std::size_t i = 0; i < square(); ++i) {
    weights[i] = kernels::exp(log[i] - top_);
    weights_to[i] = kernels::exp(log_to[i] - top_);
  }
}

void Scores::emissions(Real* to, Index row) const {
  const Real* const e = emissions_ + static_cast<std::size_t>(row) * classes_;
  if (shift_ == nullptr) {
    std::copy_n(e, classes_, to);
  } else {
    for (std::size_t k = 0; k < classes_; ++k) to[k] = e[k] + shift_[k];
  }
  std::fill(to + classes_, to + width_, Real{0});
}

std::optional<std::size_t> Scores::not_finite(Index row) const {
  const Real* const e = emissions_ + static_cast<std::size_t>(row) * classes_;
  bool finite = true;
  for (std::size_t k = 0; k < classes_; ++k)
    finite &= std::abs(e[k]) <= std::numeric_limits<Real>::max();
  if (finite) return std::nullopt;
  std::size_t k = 0;
  while (std::isfinite(e[k])) ++k;
  return k;
}

Messages::Messages(const Scores& scores, const Side& side, std::span<const Index> rows,
                   bool reversed, Real* memory)
    : scores_(scores),
      side_(side),
      rows_(rows),
      reversed_(reversed),
      width_(scores.width()),
      message_(memory),
      weight_(message_ + rows.size() * width_),
      sum_(weight_ + rows.size() * width_),
      base_(sum_ + rows.size() * width_) {
  compute();
}

void Messages::compute() {
  const std::size_t n = scores_.classes();
  const std::size_t width = width_;
  Real* __restrict message = message_ + (length() - 1) * width;
  const Real last = kernels::row_max(side_.finish, n);
  for (std::size_t j = 0; j < width; ++j) message[j] = side_.finish[j] - last;
  base_[length() - 1] = last;
  for (std::size_t p = length(); p-- > 0;) {
    // The scores of position p with all behind it, and their exponentials.
    Real* __restrict v = weight_ + p * width;
    message = message_ + p * width;
    scores_.emissions(v, row(p));
    for (std::size_t k = 0; k < width; ++k) v[k] += message[k];
    if (p == 0) {
      for (std::size_t k = 0; k < n; ++k) v[k] += side_.start[k];
      const Real most = kernels::row_max(v, n);
      Real sum = 0;
      for (std::size_t k = 0; k < n; ++k) sum += kernels::exp(v[k] - most);
      log_total_ = most + std::log(sum);
      return;
    }
    const Real most = kernels::row_max(v, n);
    Real* __restrict before = message_ + (p - 1) * width;
    Real* __restrict sum = sum_ + (p - 1) * width;
    for (std::size_t k = 0; k < width; ++k) before[k] = kernels::exp(v[k] - most);
    weigh_rows(sum, before, side_.far_rows, n, width);
    std::swap_ranges(before, before + width, v);  // v: exponentials, before: scores
    Real small = sum[0];
    for (std::size_t j = 1; j < n; ++j) small = std::min(small, sum[j]);
    Scratch<Real> exact(small < kExactFrom ? width : 0);
    if (small < kExactFrom)
      for (std::size_t j = 0; j < n; ++j)
        if (sum[j] < kExactFrom) exact[j] = log_sum(side_.scores + j * width, before, n);
    const Real scale = most + scores_.top();
    for (std::size_t j = 0; j < width; ++j) before[j] = kernels::log(sum[j]) + scale;
    if (small < kExactFrom)
      for (std::size_t j = 0; j < n; ++j)
        if (sum[j] < kExactFrom) before[j] = exact[j];
    const Real largest = kernels::row_max(before, n);
    for (std::size_t j = 0; j < width; ++j) before[j] -= largest;
    base_[p - 1] = largest;
  }
}

Real Messages::first_factor(std::size_t j) const {
  return log_total_ - (side_.start[j] + scores_.emission(row(0), j) + message(0, j));
}

Real Messages::factor(std::size_t p, std::size_t j, std::size_t k) const {
  return (message(p, j) + base_[p]) -
         (side_.scores[j * width_ + k] + scores_.emission(row(p + 1), k) + message(p + 1, k));
}

void Messages::first_marginal(Real* to, Real mass) const {
  const Real* const v = weight_;  // of position 0: start + emission + message
  for (std::size_t k = 0; k < scores_.classes(); ++k)
    to[k] = mass * kernels::exp(v[k] - log_total_);
  std::fill(to + scores_.classes(), to + width_, Real{0});
}

void Messages::carry(std::size_t p, Real* q, Real* exact) {
  const std::size_t n = scores_.classes();
  Real* __restrict x = sum_ + p * width_;
  const Real* const after = weight_ + (p + 1) * width_;
  bool all = true;
  for (std::size_t j = 0; j < n; ++j) all &= x[j] >= kExactFrom || q[j] == 0;
  Scratch<Real> memory(all ? 0 : 2 * width_);
  Real* const rest = memory.data();
  if (!all) {
    Real* const share = rest + width_;
    std::fill_n(rest, width_, Real{0});
    for (std::size_t j = 0; j < n; ++j) {
      if (x[j] >= kExactFrom || q[j] == 0 || message(p, j) == kNever) continue;
      // Shares of large scores are rounded: divided by their sum, no mass is lost on a long way.
      double sum = 0;
      for (std::size_t k = 0; k < n; ++k) {
        share[k] = std::exp(-factor(p, j, k));
        sum += static_cast<double>(share[k]);
      }
      const Real mass = q[j] / static_cast<Real>(sum);
      for (std::size_t k = 0; k < n; ++k) {
        rest[k] += mass * share[k];
        exact[j * width_ + k] += mass * share[k];
      }
    }
  }
  for (std::size_t j = 0; j < width_; ++j) x[j] = x[j] >= kExactFrom ? q[j] / x[j] : Real{0};
  weigh_rows(q, x, side_.near_rows, n, width_);
  for (std::size_t k = 0; k < width_; ++k) q[k] *= after[k];
  if (!all)
    for (std::size_t k = 0; k < n; ++k) q[k] += rest[k];
}

void Messages::add_pairs(const PairCounts& counts) const {
  if (length() < 2) return;
  const auto n = static_cast<Index>(scores_.classes());
  const auto stride = static_cast<Index>(width_);
  kernels::gemm(n, n, static_cast<Index>(length() - 1), 1, {sum_, stride, true},
                {weight_ + width_, stride}, 1, counts.scaled, stride);
}

}  // namespace crf
}  // namespace TAILGRAD_PRECISION
}  // namespace tailgrad
