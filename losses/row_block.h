// A block of rows of numbers, one number for each row and class, in one of two layouts. A loss is
// written once, over both, in a few kinds of loops:
//
//   at.each(e, f)              e[i] = f(k, r, i, e[i]) for class k and row r, whose place is i
//   at.sums(out, f)            out[r] = sum over k of f(k, r, i)
//   at.add_columns(out, f)     out[k] += sum over r of f(k, r, i), in double
//   at.two_sums(e, a, b, f)    e[i] = f(k, r, i, x, y), and a[r], b[r] = the sums over k of x, y
//   at.maxima(out, f)          out[r] = the largest f(k, r, i)
//   at.powers(e, y, to, f, own)   e[i] = e^(f(k, r, i) - to.base[r]), 0 for class y[r], whose x is
//                              own(r): what a softmax is made of
//   at.powers_but_best(...)    the same for the best class, in a unit of the row
//   at.each_but(e, y, v, f, g) e[i] = g(k, r, i, f(r, e[i])), and g(k, r, i, v[r]) for class y[r]
//   at.total(numbers)          the sum of numbers[r], in double
//
// An f reads what it likes but writes nothing, and reads e through its argument alone: so the
// compiler may assume that no store changes what f reads, and vectorise. The order of all additions
// depends on the layout alone, and that on the number of classes.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

#include <tailgrad/losses/rows_one_by_one.h>
#include <tailgrad/losses/rows_side_by_side.h>

namespace tailgrad {
inline namespace TAILGRAD_PRECISION {
namespace rows {

/// Numbers of the classes, for the loops of a layout. SideBySide reads one in the middle of stores
/// that, as far as the compiler can tell, might change it, so it gets a copy on the stack.
template <class Layout>
struct OfClasses;
template <>
struct OfClasses<SideBySide> {
  Real values[kMostClassesAbreast];
  OfClasses(const Real* all, std::size_t classes) { std::copy_n(all, classes, values); }
  explicit OfClasses(const std::vector<Real>& all) : OfClasses(all.data(), all.size()) {}
  Real operator[](std::int32_t k) const { return values[k]; }
};
template <>
struct OfClasses<OneByOne> {
  const Real* values;
  OfClasses(const Real* all, std::size_t) : values(all) {}
  explicit OfClasses(const std::vector<Real>& all) : values(all.data()) {}
  Real operator[](std::int32_t k) const { return values[k]; }
};

}  // namespace rows
}  // namespace TAILGRAD_PRECISION
}  // namespace tailgrad
