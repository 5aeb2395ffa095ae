// Losses that are a function of one number a row, the softmax probability of the true class:
// cross-entropy, focal loss and, through changed logits, every margin loss. Value and gradient in
// one pass over a block of rows that stays in the cache.
//
// A loss supplies two things:
//   Logits   how the logits x of the softmax come from the logits z that were given:
//              void fill(const RowAt& at, Real* x)       writes at.size numbers
//              void pull_back(const RowAt& at, Real* g)  turns d loss / d x into d loss / d z
//            PlainLogits: x = z.
//            With kRandom the block draws words first, see RowAt::words.
//   Rule     TrueClassLoss rule(TrueClass): the loss of a row and its slope, d loss / d log p_t.
//            With a member `uniform` u it also adds u sum_k -log p_k (label smoothing).
// The gradient follows: d loss / d x_k = slope (1[k = t] - p_k) + u (C p_k - 1).
//
// What differs at the true class is selected inside the loops over a row: a single store into a row
// that is about to be loaded as vectors would stall every load behind it.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include <tailgrad/core/parallel.h>
#include <tailgrad/losses/frame.h>
#include <tailgrad/losses/row_math.h>

namespace tailgrad {
inline namespace TAILGRAD_PRECISION {
namespace rows {

/// The true class of a row, with no cancellation at either end.
struct TrueClass {
  Real log_p;
  Real p;
  Real rest;  ///< 1 - p, the sum of the others
};

struct TrueClassLoss {
  Real loss;
  Real slope;  ///< d loss / d log p
};

/// One row as Logits see it.
struct RowAt {
  std::size_t item;     ///< row of the batch
  std::size_t y;        ///< its class
  std::size_t classes;  ///< numbers that are logits
  std::size_t size;     ///< numbers in a row; beyond `classes` they are minus infinity
  const Real* z;        ///< the given logits
  const LossPass* pass;
  const std::uint32_t* words;  ///< one a class, of logits that are random (kRandom); else null
};

template <class Logits>
concept IsRandom = Logits::kRandom;

struct PlainLogits {
  static constexpr bool kPlain = true;
};

/// Copies class values for use as rows: filled up to kLanes, because short rows are.
inline std::vector<Real> padded(const std::vector<double>& values, Real filler = 0) {
  std::vector<Real> row(values.begin(), values.end());
  if (row.size() < kLanes) row.resize(kLanes, filler);
  return row;
}

/// x = z + shift, one shift a class.
struct ShiftedLogits {
  static constexpr bool kPlain = false;
  std::vector<Real> shift;  ///< padded()

  void fill(const RowAt& at, Real* __restrict x) const {
    const Real* b = shift.data();
    for (std::size_t k = 0; k < at.size; ++k) x[k] = at.z[k] + b[k];
  }
  void pull_back(const RowAt&, Real*) const {}
};

/// x = z + shift, and own_y in place of shift_y for the true class.
struct MarginLogits {
  static constexpr bool kPlain = false;
  std::vector<Real> shift;  ///< padded()
  std::vector<Real> own;    ///< one a class

  void fill(const RowAt& at, Real* __restrict x) const {
    const Real* b = shift.data();
    const Real* z = at.z;
    const std::size_t y = at.y;
    const Real own_y = own[y];
    for (std::size_t k = 0; k < at.size; ++k) x[k] = z[k] + (is_own(k, y) ? own_y : b[k]);
  }
  void pull_back(const RowAt&, Real*) const {}
};

/// x_k = factor_k z_k + shift_k, and own_y in place of shift_y for the true class.
struct AffineLogits {
  static constexpr bool kPlain = false;
  std::vector<Real> factor;  ///< padded() with 1
  std::vector<Real> shift;   ///< padded()
  std::vector<Real> own;     ///< one a class

  void fill(const RowAt& at, Real* __restrict x) const {
    const Real* a = factor.data();
    const Real* b = shift.data();
    const Real* z = at.z;
    const std::size_t y = at.y;
    const Real own_y = own[y];
    for (std::size_t k = 0; k < at.size; ++k) x[k] = a[k] * z[k] + (is_own(k, y) ? own_y : b[k]);
  }
  void pull_back(const RowAt& at, Real* __restrict g) const {
    const Real* a = factor.data();
    for (std::size_t k = 0; k < at.size; ++k) g[k] *= a[k];
  }
};

template <class Rule>
concept HasUniformPart = requires(const Rule& rule) {
  rule.uniform;
};

struct Job {
  const LossFrame* frame;
  const Real* logits;
  const Index* labels;
  const Real* weights;  ///< one a class, or null
  const LossPass* pass;
  std::size_t columns;
  Real* gradient;  ///< null: none wanted
  Real scale;
};

/// Rows [begin, end), at most kBlockRows, all in the cache. Returns the sum of their losses.
/// kSize: the numbers in a row when the compiler is to know them, or 0.
template <std::size_t kSize, class Logits, class Rule>
double true_class_block(const Job& job, std::size_t begin, std::size_t end, Real* scratch,
                        std::uint32_t* word_room, const Logits& logits, const Rule& rule) {
  const std::size_t columns = job.columns;
  const std::size_t count = end - begin;
  const bool two = columns == 1;  // one logit z stands for the logits (0, z)
  const std::size_t size = kSize != 0 ? kSize : columns;
  const bool short_row = columns < kLanes;
  const std::size_t classes = two ? 2 : columns;
  Real padded_z[kLanes];
  if (short_row) std::fill_n(padded_z, kLanes, kMinusInfinity);

  // Numbers of the rows of the block: filled up to a whole block, so that the loops over rows have
  // a fixed length.
  Real own[kBlockRows];
  Real others[kBlockRows];
  Real weight[kBlockRows];
  Real loss[kBlockRows];
  Real pull[kBlockRows];    // factor of e_k in the gradient
  Real push[kBlockRows];    // the gradient at the true class
  Real spread[kBlockRows];  // sum of x_k - max
  for (std::size_t r = 0; r < kBlockRows; ++r) own[r] = others[r] = weight[r] = spread[r] = 0;

  const auto row_in = [&](std::size_t r) -> const Real* {
    const Real* z = job.logits + (begin + r) * columns;
    if (!short_row) return z;
    if (two) {
      padded_z[0] = 0;
      padded_z[1] = z[0];
    } else {
      for (std::size_t k = 0; k < columns; ++k) padded_z[k] = z[k];
    }
    return padded_z;
  };
  // Where e^(x - max) of a row lives: already in the gradient when rows are long enough.
  const bool in_place = job.gradient != nullptr && !short_row;
  const auto row_out = [&](std::size_t r) {
    return in_place ? job.gradient + (begin + r) * columns
                    : scratch + (job.gradient ? r * size : 0);
  };

  const std::uint32_t* words = nullptr;
  if constexpr (IsRandom<Logits>)
    words = logits.draw(*job.pass, begin * classes, count * classes, word_room);
  const auto row_at = [&](std::size_t r, std::size_t y, const Real* z) {
    return RowAt{.item = begin + r,
                 .y = y,
                 .classes = classes,
                 .size = size,
                 .z = z,
                 .pass = job.pass,
                 .words = words == nullptr ? nullptr : words + r * classes};
  };

  for (std::size_t r = 0; r < count; ++r) {
    const Index label = job.labels[begin + r];
    if (label == job.frame->ignored()) continue;
    const auto y = static_cast<std::size_t>(label);
    const Real* z = row_in(r);
    Real* __restrict e = row_out(r);
    const Real* x = z;
    if constexpr (!Logits::kPlain) {
      logits.fill(row_at(r, y, z), e);
      x = e;
    }
    const Real top = max_of(x, size);
    own[r] = x[y] - top;
    if constexpr (HasUniformPart<Rule>)
      for (std::size_t k = 0; k < classes; ++k) spread[r] += x[k] - top;
    for (std::size_t k = 0; k < size; ++k) {
      const Real power = kernels::exp(x[k] - top);
      e[k] = is_own(k, y) ? Real{0} : power;
    }
    others[r] = sum_of(e, size);
    weight[r] = job.weights != nullptr ? job.weights[y] : 1;
  }

  const Real scale = job.scale;
  for (std::size_t r = 0; r < kBlockRows; ++r) {
    const Real e = kernels::exp(own[r]);
    const Real inverse = 1 / (e + others[r]);
    // s - 1 = (e - 1) + others keeps the small numbers when e is exactly 1.
    const Real log_sum = log1p_of_sum((e - 1) + others[r]);
    const TrueClass t{.log_p = own[r] - log_sum, .p = e * inverse, .rest = others[r] * inverse};
    const TrueClassLoss result = rule(t);
    const Real factor = result.slope * weight[r] * scale;
    loss[r] = weight[r] * result.loss;
    pull[r] = -factor * inverse;
    push[r] = factor * t.rest;
    if constexpr (HasUniformPart<Rule>) {
      const Real mass = rule.uniform * static_cast<Real>(classes);
      loss[r] += weight[r] * (mass * log_sum - rule.uniform * spread[r]);
      pull[r] += mass * weight[r] * scale * inverse;
      push[r] += (mass * t.p - rule.uniform) * weight[r] * scale;
    }
  }

  double sum = 0;
  for (std::size_t r = 0; r < count; ++r)
    if (job.labels[begin + r] != job.frame->ignored()) sum += static_cast<double>(loss[r]);
  if (job.gradient == nullptr) return sum;

  for (std::size_t r = 0; r < count; ++r) {
    Real* __restrict g = job.gradient + (begin + r) * columns;
    const Index label = job.labels[begin + r];
    if (label == job.frame->ignored()) {
      std::fill_n(g, columns, Real{0});
      continue;
    }
    const auto y = static_cast<std::size_t>(label);
    Real* __restrict e = row_out(r);
    const Real factor = pull[r];
    const Real at_own = push[r];
    if constexpr (HasUniformPart<Rule>) {
      const Real floor = rule.uniform * weight[r] * scale;
      for (std::size_t k = 0; k < size; ++k) e[k] = is_own(k, y) ? at_own : e[k] * factor - floor;
    } else {
      for (std::size_t k = 0; k < size; ++k) e[k] = is_own(k, y) ? at_own : e[k] * factor;
    }
    if constexpr (!Logits::kPlain) logits.pull_back(row_at(r, y, row_in(r)), e);
    if (two) g[0] = e[1];
    if (short_row && !two)
      for (std::size_t k = 0; k < columns; ++k) g[k] = e[k];
  }
  return sum;
}

/// The loss of all rows: blocks side by side, their sums added in order.
template <class Logits, class Rule>
LossOutput true_class_loss(const LossFrame& frame, const LossFrame::Call& call, double normaliser,
                           const Tensor& logits, const Targets& targets, const LossPass& pass,
                           const Where& where, const Logits& change, const Rule& rule) {
  const bool gradient_wanted = wants_gradient(logits);
  const double scale = stored_scale(pass, normaliser);
  Scratch<Real> gradient;
  if (gradient_wanted) gradient = Scratch<Real>(logits.size());
  const Job job{.frame = &frame,
                .logits = logits.data(),
                .labels = targets.classes.data(),
                .weights = frame.weights(),
                .pass = &pass,
                .columns = call.columns,
                .gradient = gradient.data(),
                .scale = static_cast<Real>(scale)};
  // Long rows: fewer to a block, so that a block fits into the second-level cache.
  const std::size_t block = std::clamp<std::size_t>(32768 / call.columns, 1, kBlockRows);
  const std::size_t blocks = (call.items + block - 1) / block;
  const std::size_t blocks_a_piece = std::max<std::size_t>(1, 32768 / (block * call.columns));
  Scratch<double> sums(blocks);
  parallel_for(blocks, blocks_a_piece, [&](std::size_t begin, std::size_t end) {
    const Scratch<Real> scratch(std::max(call.columns, kLanes) *
                                (call.columns < kLanes ? kBlockRows : 1));
    Scratch<std::uint32_t> words;
    if constexpr (IsRandom<Logits>)
      words = Scratch<std::uint32_t>(Logits::room(block * call.classes));
    const auto run = [&]<std::size_t kSize>(std::integral_constant<std::size_t, kSize>) {
      for (std::size_t b = begin; b < end; ++b)
        sums[b] = true_class_block<kSize>(job, b * block, std::min(call.items, (b + 1) * block),
                                          scratch.data(), words.data(), change, rule);
    };
    if (call.columns <= kLanes)
      run(std::integral_constant<std::size_t, kLanes>{});
    else
      run(std::integral_constant<std::size_t, 0>{});
  });
  double sum = 0;
  for (std::size_t b = 0; b < blocks; ++b) {
    if (!std::isfinite(sums[b]))
      frame.fail_not_finite(logits, targets, b * block, std::min(call.items, (b + 1) * block),
                            where);
    sum += sums[b];
  }
  return finish_loss(frame.name().c_str(), logits, sum, normaliser, std::move(gradient), scale);
}

/// A loss made of the two parts.
template <class Logits, class Rule>
class TrueClassLossOf final : public Loss {
 public:
  /// `by_weight`: the normaliser is the sum of the class weights instead of the number of items.
  TrueClassLossOf(LossFrame frame, Logits logits, Rule rule, bool by_weight = false)
      : frame_(std::move(frame)), logits_(std::move(logits)), rule_(rule), by_weight_(by_weight) {}

  LossOutput operator()(const Tensor& logits, const Targets& targets, const LossPass& pass,
                        Where where) const override {
    const LossFrame::Call call = frame_.check_classes(logits, targets, where);
    return true_class_loss(frame_, call, by_weight_ ? call.weight : call.counted, logits, targets,
                           pass, where, logits_, rule_);
  }
  double normaliser(const Targets& targets, Index classes) const override {
    const LossFrame::Call call = frame_.check_classes(targets, classes, {});
    return by_weight_ ? call.weight : call.counted;
  }
  std::string text() const override { return frame_.text(); }
  std::vector<std::string> warnings() const override { return frame_.warnings(); }

 private:
  LossFrame frame_;
  Logits logits_;
  Rule rule_;
  bool by_weight_;
};

template <class Logits, class Rule>
std::unique_ptr<Loss> true_class(LossFrame frame, Logits logits, Rule rule,
                                 bool by_weight = false) {
  return std::make_unique<TrueClassLossOf<Logits, Rule>>(std::move(frame), std::move(logits), rule,
                                                         by_weight);
}

/// -log p of the true class: cross-entropy, of whatever logits.
struct LogRule {
  TrueClassLoss operator()(const TrueClass& t) const { return {-t.log_p, -1}; }
};

}  // namespace rows
}  // namespace TAILGRAD_PRECISION
}  // namespace tailgrad
