#include <tailgrad/core/error.h>
#include <tailgrad/core/shape.h>

#include <limits>

namespace tailgrad {

Shape::Shape(std::initializer_list<Index> extents) {
  if (extents.size() > kMaxRank) fail("Shape", "at most 4 axes are possible");
  for (Index extent : extents) {
    if (extent < 0) fail("Shape", "an extent is negative: " + std::to_string(extent));
    extents_[static_cast<std::size_t>(rank_++)] = extent;
  }
}

Index Shape::operator[](int axis) const {
  const int from_front = axis < 0 ? axis + rank_ : axis;
  if (from_front < 0 || from_front >= rank_)
    fail("Shape", "there is no axis " + std::to_string(axis), {{"shape", *this}});
  return extents_[static_cast<std::size_t>(from_front)];
}

std::size_t Shape::size() const {
  std::size_t product = 1;
  for (int axis = 0; axis < rank_; ++axis)
    product *= static_cast<std::size_t>(extents_[static_cast<std::size_t>(axis)]);
  return product;
}

Index Shape::rows() const {
  std::size_t product = 1;
  for (int axis = 0; axis + 1 < rank_; ++axis)
    product *= static_cast<std::size_t>(extents_[static_cast<std::size_t>(axis)]);
  if (product > static_cast<std::size_t>(std::numeric_limits<Index>::max()))
    fail("Shape", "more rows than an Index can count", {{"shape", *this}});
  return static_cast<Index>(product);
}

std::string Shape::text() const {
  std::string out = "[";
  for (int axis = 0; axis < rank_; ++axis) {
    if (axis > 0) out += ", ";
    out += std::to_string(extents_[static_cast<std::size_t>(axis)]);
  }
  return out + "]";
}

}  // namespace tailgrad
