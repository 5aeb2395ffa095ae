// A batch with one label a row, as blocks of rows in the layout that suits the number of classes.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <utility>

#include <tailgrad/core/parallel.h>
#include <tailgrad/losses/frame.h>
#include <tailgrad/losses/row_block.h>
#include <tailgrad/losses/transpose.h>

namespace tailgrad {
inline namespace TAILGRAD_PRECISION {
namespace rows {

/// A block as a loss sees it. Both pointers to numbers follow the layout that comes with it.
struct Block {
  std::size_t item;       ///< of the batch: row 0
  std::size_t count;      ///< rows that are items of the batch; further ones hold zeros
  const Real* z;          ///< logits
  Real* e;                ///< room; what is left here is the gradient
  Real* room;             ///< more room
  const std::int32_t* y;  ///< [rows] classes
  const Real* weight;     ///< [rows] class weights; 0 for rows that do not count
  const LossPass* pass;
};

/// Rows of a OneByOne block: a few, so that their numbers stay in the first-level cache.
inline std::size_t rows_one_by_one(std::size_t classes) {
  return std::clamp<std::size_t>(2048 / classes, 1, 16);
}
inline constexpr std::size_t kMostRows = std::max<std::size_t>(kRowsAbreast, 16);

inline constexpr std::size_t kPieceSize = 32768;  ///< numbers that a thread works on at a time

/// Calls body(layout, block) for all rows that are not ignored, pieces of the batch side by side.
/// It returns the block's share of the loss; the sum is taken in order. With a `gradient`
/// [items, columns] it also leaves the gradient in block.e; ignored rows get zeros. A piece has at
/// least `least_piece` rows.
class RowBatch {
 public:
  RowBatch(const LossFrame& frame, const LossFrame::Call& call, const Tensor& logits,
           const Targets& targets, const LossPass& pass, Real* gradient,
           std::size_t least_piece = 1)
      : frame_(frame),
        call_(call),
        logits_(logits),
        targets_(targets),
        pass_(pass),
        z_(logits.data()),
        gradient_(gradient),
        abreast_(call.classes <= kMostClassesAbreast),
        block_(abreast_ ? kRowsAbreast : rows_one_by_one(call.columns)),
        piece_(std::max({std::size_t{1}, kPieceSize / (block_ * call.columns),
                         (least_piece + block_ - 1) / block_}) *
               block_) {}

  /// The same batch with other numbers [items, columns] for its logits.
  RowBatch with(const Real* numbers) const {
    RowBatch other = *this;
    other.z_ = numbers;
    return other;
  }
  std::size_t pieces() const { return (call_.items + piece_ - 1) / piece_; }
  std::size_t piece() const { return piece_; }  ///< rows of one
  std::size_t piece_of(std::size_t item) const { return item / piece_; }

  template <class Body>
  double run(const Body& body, const Where& where) const {
    const Scratch<double> sums(pieces());
    parallel_for(call_.items, piece_, [&](std::size_t begin, std::size_t end) {
      sums[begin / piece_] =
          abreast_ ? side_by_side(begin, end, body) : one_by_one(begin, end, body);
    });
    double sum = 0;
    for (std::size_t p = 0; p < pieces(); ++p) {
      if (!std::isfinite(sums[p]))
        frame_.fail_not_finite(logits_, targets_, p * piece_,
                               std::min(call_.items, (p + 1) * piece_), where);
      sum += sums[p];
    }
    return sum;
  }

 private:
  template <class Body>
  double side_by_side(std::size_t begin, std::size_t end, const Body& body) const {
    const SideBySide at{call_.classes};
    const std::size_t size = call_.classes * kRowsAbreast;
    const Scratch<Real> memory(3 * size);
    Real* const x = memory.data();
    alignas(64) std::int32_t y[kRowsAbreast];
    alignas(64) Real weight[kRowsAbreast];
    double sum = 0;
    for (std::size_t i = begin; i < end; i += kRowsAbreast) {
      const std::size_t count = std::min(kRowsAbreast, end - i);
      put_side_by_side(z_ + i * call_.columns, call_.columns, count, x);
      if (label_rows(i, count, y, weight)) {
        // Their logits may be anything.
        for (std::size_t r = 0; r < count; ++r) {
          if (!frame_.is_ignored(targets_.classes[i + r])) continue;
          for (std::size_t k = 0; k < call_.classes; ++k) x[at.place(k, r)] = 0;
        }
      }
      sum += body(at, Block{i, count, x, x + size, x + 2 * size, y, weight, &pass_});
      if (gradient_ != nullptr)
        put_in_rows(x + size, call_.columns, count, gradient_ + i * call_.columns);
    }
    return sum;
  }

  template <class Body>
  double one_by_one(std::size_t begin, std::size_t end, const Body& body) const {
    const std::size_t columns = call_.columns;
    const Scratch<Real> room((gradient_ != nullptr ? 1 : 2) * block_ * columns);
    alignas(64) std::int32_t y[kMostRows];
    alignas(64) Real weight[kMostRows];
    double sum = 0;
    for (std::size_t i = begin; i < end;) {
      Real* const to =
          gradient_ != nullptr ? gradient_ + i * columns : room.data() + block_ * columns;
      std::size_t count = 0;
      while (count < block_ && i + count < end && !frame_.is_ignored(targets_.classes[i + count]))
        ++count;
      if (count == 0) {
        if (gradient_ != nullptr) std::fill_n(to, columns, Real{0});
        ++i;
        continue;
      }
      label_rows(i, count, y, weight);
      const Real* z = z_ + i * columns;
      const std::size_t size = count * columns;
      sum += body(OneByOne{columns, count, z + size, gradient_ != nullptr ? to + size : to},
                  Block{i, count, z, to, room.data(), y, weight, &pass_});
      i += count;
    }
    return sum;
  }

  // Returns whether some row is ignored.
  bool label_rows(std::size_t item, std::size_t count, std::int32_t* y, Real* weight) const {
    const Index* labels = targets_.classes.data() + item;
    const Index ignored = frame_.ignored();
    const Real* weights = frame_.weights();
    bool some = false;
    for (std::size_t r = 0; r < count; ++r) {
      const bool counts = labels[r] != ignored;
      some |= !counts;
      y[r] = counts ? labels[r] : 0;
      weight[r] = counts ? Real{1} : Real{0};
    }
    if (weights != nullptr)
      for (std::size_t r = 0; r < count; ++r) weight[r] *= weights[y[r]];
    const std::size_t all = abreast_ ? kRowsAbreast : count;
    for (std::size_t r = count; r < all; ++r) {
      y[r] = 0;
      weight[r] = 0;
    }
    return some;
  }

  const LossFrame& frame_;
  const LossFrame::Call& call_;
  const Tensor& logits_;
  const Targets& targets_;
  const LossPass& pass_;
  const Real* z_;
  Real* gradient_;
  bool abreast_;
  std::size_t block_;
  std::size_t piece_;
};

}  // namespace rows
}  // namespace TAILGRAD_PRECISION
}  // namespace tailgrad
