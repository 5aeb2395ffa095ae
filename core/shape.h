// The extent of a tensor along each axis, outermost first.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <string>

namespace tailgrad {

/// Counts rows, classes and positions; class labels are spans of it.
using Index = std::int32_t;

/// Up to four axes, no heap. Row-major: the last axis is contiguous.
class Shape {
 public:
  static constexpr int kMaxRank = 4;  ///< most axes

  Shape() = default;  ///< rank 0: a scalar
  /// Throws Error for a negative extent or more than kMaxRank axes.
  Shape(std::initializer_list<Index> extents);

  int rank() const { return rank_; }  ///< number of axes
  /// Extent of an axis; a negative axis counts from the last. Throws Error when there is no such
  /// axis.
  Index operator[](int axis) const;
  /// Number of elements: the product of the extents; 1 for a scalar.
  std::size_t size() const;
  /// Seen as a matrix: the last axis makes the columns (1 for a scalar), all others the rows.
  Index cols() const { return rank_ == 0 ? 1 : extents_[static_cast<std::size_t>(rank_ - 1)]; }
  Index rows() const;  ///< product of all axes but the last
  /// "[32, 128]"
  std::string text() const;

  bool operator==(const Shape&) const = default;

 private:
  std::array<Index, kMaxRank> extents_{};
  int rank_ = 0;
};

}  // namespace tailgrad
