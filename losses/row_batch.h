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

inline constexpr std::size_t kPieceSize = 32768;  ///< numbers that a thread works on at a time

/// How a batch is cut.
struct RowCuts {
  std::size_t piece = 1;     ///< least rows of a piece
  std::size_t block = 1024;  ///< numbers of a OneByOne block, which stay in the first-level cache
};

/// Calls body(layout, block) for all rows that are not ignored, pieces of the batch side by side.
/// It returns the block's share of the loss; the sum is taken in order. With a `gradient`
/// [items, columns] it also leaves the gradient in block.e; ignored rows get zeros.
class RowBatch {
 public:
  RowBatch(const LossFrame& frame, const LossFrame::Call& call, const Tensor& logits,
           const Targets& targets, const LossPass& pass, Real* gradient, RowCuts cuts = {})
      : frame_(frame),
        call_(call),
        logits_(logits),
        targets_(targets),
        pass_(pass),
        z_(logits.data()),
        gradient_(gradient),
        abreast_(call.classes <= kMostClassesAbreast),
        block_(abreast_ ? kRowsAbreast : std::clamp<std::size_t>(cuts.block / call.columns, 1, 16)),
        piece_(std::max({std::size_t{1}, kPieceSize / (block_ * call.columns),
                         (cuts.piece + block_ - 1) / block_}) *
               block_) {}

  /// The same batch for the first of two passes: what its blocks leave in the memory of the
  /// gradient stays in their layout.
  RowBatch to_blocks() const {
    RowBatch other = *this;
    other.to_blocks_ = true;
    return other;
  }
  /// And for the second: such memory [items, columns] is what its blocks get for logits.
  RowBatch from_blocks(const Real* numbers) const {
    RowBatch other = *this;
    other.z_ = numbers;
    other.from_blocks_ = true;
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
      // A block that is not full has no room for its layout there.
      const bool full = count == kRowsAbreast && call_.columns == call_.classes;
      const Real* z = z_ + i * call_.columns;
      const bool some_ignored = label_rows(i, count, y, weight);
      if (!from_blocks_ || !full) {
        put_side_by_side(z, call_.columns, count, x);
        z = x;
        // The logits of ignored rows may be anything.
        if (some_ignored)
          for (std::size_t r = 0; r < count; ++r) {
            if (!frame_.is_ignored(targets_.classes[i + r])) continue;
            for (std::size_t k = 0; k < call_.classes; ++k) x[at.place(k, r)] = 0;
          }
      }
      Real* const to = gradient_ != nullptr ? gradient_ + i * call_.columns : nullptr;
      const bool in_place = to_blocks_ && full && to != nullptr;
      Real* const e = in_place ? to : x + size;
      sum += body(at, Block{i, count, z, e, x + 2 * size, y, weight, &pass_});
      if (to != nullptr && !in_place) put_in_rows(e, call_.columns, count, to);
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
      sum += body(OneByOne{columns, count}, Block{i, count, z, to, room.data(), y, weight, &pass_});
      i += count;
    }
    return sum;
  }

  // Returns whether some row is ignored.
  bool label_rows(std::size_t item, std::size_t count, std::int32_t* y, Real* weight) const {
    const Index* labels = targets_.classes.data() + item;
    const Index ignored = frame_.ignored();
    const Real* weights = frame_.weights();
    std::int32_t some = 0;
    for (std::size_t r = 0; r < count; ++r) {
      const bool counts = labels[r] != ignored;
      some |= counts ? 0 : 1;
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
    return some != 0;
  }

  const LossFrame& frame_;
  const LossFrame::Call& call_;
  const Tensor& logits_;
  const Targets& targets_;
  const LossPass& pass_;
  const Real* z_;
  Real* gradient_;
  bool to_blocks_ = false;
  bool from_blocks_ = false;
  bool abreast_;
  std::size_t block_;
  std::size_t piece_;
};

}  // namespace rows
}  // namespace TAILGRAD_PRECISION
}  // namespace tailgrad
