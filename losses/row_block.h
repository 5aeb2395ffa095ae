// A block of rows of numbers, one number for each row and class, in one of two layouts. A loss is
// written once, over both, in a few kinds of loops:
//
//   at.each(e, f)              e[i] = f(k, r, i, e[i]) for class k and row r, whose place is i
//   at.sums(out, f)            out[r] = sum over k of f(k, r, i)
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

#include <tailgrad/losses/row_math.h>

namespace tailgrad {
inline namespace TAILGRAD_PRECISION {
namespace rows {

/// Rows of a SideBySide. GCC unrolls shorter loops before it can vectorise them; double, which is
/// not vectorised, pays for every row that is not there.
inline constexpr std::size_t kRowsAbreast = sizeof(Real) == 4 ? 64 : 16;
/// The classes with which such a block and a copy of it stay in the first-level cache.
inline constexpr std::size_t kMostClassesAbreast = 64;

/// The class at a place: 32 bits, as wide as a float, so that both fill vectors of one length.
inline std::int32_t class_of(std::size_t k) {
  return static_cast<std::int32_t>(k);
}

/// Rows of a block in any layout.
inline constexpr std::size_t kMostRows = std::max<std::size_t>(kRowsAbreast, 16);

/// What at.powers() leaves of each row.
struct OwnPowers {
  alignas(64) Real base[kMostRows];    ///< e[i] = e^(x - base)
  alignas(64) Real others[kMostRows];  ///< their sum
  alignas(64) Real own[kMostRows];     ///< x - base of the class that is left out
};

/// What at.powers_but_best() leaves of each row.
struct RowPowers {
  alignas(64) Real top[kMostRows];     ///< the largest x
  alignas(64) Real unit[kMostRows];    ///< e[i] = e^(x - top) / unit
  alignas(64) Real others[kMostRows];  ///< sum of e^(x - top) without the class that is left out
};

using PowerOrder = decltype(kernels::SoftmaxPower::order);
// How far the true class may lie above the base of its row, and below it when nothing else is near.
inline constexpr Real kFarOwn = 40;

/// What far_powers() leaves of a row.
struct FarPowers {
  Real base;
  Real others;
};

// The numbers x of one row, `step` apart, become powers relative to the largest: for rows whose
// true class lies too far below that to be the base, and for logits that are no numbers.
[[gnu::cold, gnu::noinline]] inline FarPowers far_powers(Real* x, std::size_t step,
                                                         std::size_t classes, std::int32_t y,
                                                         Real own) {
  Real top = own;
  for (std::size_t k = 0; k < classes; ++k)
    if (!is_own(k, y) && x[k * step] > top) top = x[k * step];
  Real others = 0;
  for (std::size_t k = 0; k < classes; ++k) {
    x[k * step] = is_own(k, y) ? Real{0} : kernels::softmax_exp(x[k * step] - top);
    others += x[k * step];
  }
  return {top, others};
}

/// Few classes: every row is a lane of vectors, so that no reduction runs across a vector.
struct SideBySide {
  std::size_t classes;

  static constexpr std::size_t rows() { return kRowsAbreast; }
  static constexpr std::size_t place(std::size_t k, std::size_t r) { return k * kRowsAbreast + r; }

  template <class F>
  [[gnu::always_inline]] void add_columns(double* out, const F& f) const {
    for (std::size_t k = 0; k < classes; ++k) {
      alignas(64) Real numbers[kRowsAbreast];
#pragma GCC ivdep
      for (std::size_t r = 0; r < kRowsAbreast; ++r) numbers[r] = f(class_of(k), r, place(k, r));
      out[k] += static_cast<double>(sum_of(numbers, kRowsAbreast));
    }
  }
  static double total(const Real* numbers) {
    double lanes[8] = {};
    for (std::size_t r = 0; r < kRowsAbreast; r += 8)
      for (std::size_t lane = 0; lane < 8; ++lane)
        lanes[lane] += static_cast<double>(numbers[r + lane]);
    return ((lanes[0] + lanes[4]) + (lanes[2] + lanes[6])) +
           ((lanes[1] + lanes[5]) + (lanes[3] + lanes[7]));
  }
  template <class F>
  [[gnu::always_inline]] void each(Real* __restrict e, const F& f) const {
    for (std::size_t k = 0; k < classes; ++k) {
#pragma GCC ivdep
      for (std::size_t r = 0; r < kRowsAbreast; ++r) {
        const std::size_t i = place(k, r);
        e[i] = f(class_of(k), r, i, e[i]);
      }
    }
  }
  template <class F>
  [[gnu::always_inline]] void sums(Real* __restrict out, const F& f) const {
    for (std::size_t r = 0; r < kRowsAbreast; ++r) out[r] = 0;
    for (std::size_t k = 0; k < classes; ++k) {
#pragma GCC ivdep
      for (std::size_t r = 0; r < kRowsAbreast; ++r) out[r] += f(class_of(k), r, place(k, r));
    }
  }
  template <class F, class Own>
  [[gnu::always_inline]] void powers(Real* __restrict e, const std::int32_t* y, OwnPowers& to,
                                     const F& f, const Own& own) const {
    Real* __restrict others = to.others;
    alignas(64) PowerOrder highest[kRowsAbreast] = {};
    alignas(64) Real x_own[kRowsAbreast];
    for (std::size_t r = 0; r < kRowsAbreast; ++r) {
      to.base[r] = f(y[r], r, place(static_cast<std::size_t>(y[r]), r));
      x_own[r] = own(r);
    }
    std::int32_t far = 0;  // as wide as a float, for the loops to vectorise
    for (std::size_t r = 0; r < kRowsAbreast; ++r) {
      others[r] = 0;
      to.own[r] = x_own[r] - to.base[r];
      far |= to.own[r] <= kFarOwn ? 0 : 1;
    }
    for (std::size_t k = 0; k < classes; ++k) {
#pragma GCC ivdep
      for (std::size_t r = 0; r < kRowsAbreast; ++r) {
        const std::size_t i = place(k, r);
        const kernels::SoftmaxPower power =
            kernels::softmax_power(f(class_of(k), r, i) - to.base[r]);
        const Real v = select(is_own(k, y[r]), 0, power.value);
        e[i] = v;
        others[r] += v;
        highest[r] = power.order > highest[r] ? power.order : highest[r];
      }
    }
    for (std::size_t r = 0; r < kRowsAbreast; ++r) far |= highest[r] > kernels::kSoftmaxFar ? 1 : 0;
    if (far != 0) [[unlikely]] {
      each(e, [&](std::int32_t k, std::size_t r, std::size_t i, Real) { return f(k, r, i); });
      for (std::size_t r = 0; r < kRowsAbreast; ++r) {
        const FarPowers powers = far_powers(e + r, kRowsAbreast, classes, y[r], x_own[r]);
        to.base[r] = powers.base;
        to.own[r] = x_own[r] - powers.base;
        to.others[r] = powers.others;
      }
    }
  }
  template <class F>
  [[gnu::always_inline]] void powers_but_best(Real* e, std::int32_t* best, RowPowers& to,
                                              const F& f) const {
    Real* __restrict top = to.top;
    std::int32_t* __restrict first = best;
    for (std::size_t r = 0; r < kRowsAbreast; ++r) {
      top[r] = f(0, r, r);
      first[r] = 0;
    }
    for (std::size_t k = 1; k < classes; ++k) {
#pragma GCC ivdep
      for (std::size_t r = 0; r < kRowsAbreast; ++r) {
        const Real v = f(class_of(k), r, place(k, r));
        first[r] = v > top[r] ? class_of(k) : first[r];
        top[r] = v > top[r] ? v : top[r];
      }
    }
    powers_below(e, best, to, f);
  }
  template <class F, class G>
  [[gnu::always_inline]] void each_but(Real* __restrict e, const std::int32_t* y, const Real* v,
                                       const F& f, const G& g) const {
    each(e, [&](std::int32_t k, std::size_t r, std::size_t i, Real power) {
      return g(k, r, i, select(is_own(k, y[r]), v[r], f(r, power)));
    });
  }
  template <class F>
  [[gnu::always_inline]] void two_sums(Real* __restrict e, Real* __restrict first,
                                       Real* __restrict second, const F& f) const {
    for (std::size_t r = 0; r < kRowsAbreast; ++r) first[r] = second[r] = 0;
    for (std::size_t k = 0; k < classes; ++k) {
#pragma GCC ivdep
      for (std::size_t r = 0; r < kRowsAbreast; ++r) {
        const std::size_t i = place(k, r);
        Real a;
        Real b;
        e[i] = f(class_of(k), r, i, a, b);
        first[r] += a;
        second[r] += b;
      }
    }
  }
  template <class F>
  [[gnu::always_inline]] void maxima(Real* __restrict out, const F& f) const {
    for (std::size_t r = 0; r < kRowsAbreast; ++r) out[r] = f(0, r, r);
    for (std::size_t k = 1; k < classes; ++k) {
#pragma GCC ivdep
      for (std::size_t r = 0; r < kRowsAbreast; ++r) {
        const Real v = f(class_of(k), r, place(k, r));
        out[r] = v > out[r] ? v : out[r];
      }
    }
  }

 private:
  template <class F>
  [[gnu::always_inline]] void powers_below(Real* __restrict e, const std::int32_t* y, RowPowers& to,
                                           const F& f) const {
    Real* __restrict others = to.others;
    for (std::size_t r = 0; r < kRowsAbreast; ++r) {
      to.unit[r] = 1;
      others[r] = 0;
    }
    for (std::size_t k = 0; k < classes; ++k) {
#pragma GCC ivdep
      for (std::size_t r = 0; r < kRowsAbreast; ++r) {
        const std::size_t i = place(k, r);
        // e^(minus infinity) is 0.
        const Real x = select(is_own(k, y[r]), kMinusInfinity, f(class_of(k), r, i) - to.top[r]);
        const Real v = kernels::softmax_power(x).value;
        e[i] = v;
        others[r] += v;
      }
    }
  }
};

/// Many classes: rows as they stand in a matrix, one after the other.
struct OneByOne {
  std::size_t classes;  ///< at least kLanesOfRow
  std::size_t count;

  std::size_t rows() const { return count; }
  std::size_t place(std::size_t k, std::size_t r) const { return r * classes + k; }

  /// Four rows are added up before the sum becomes a double.
  template <class F>
  [[gnu::always_inline]] void add_columns(double* __restrict out, const F& f) const {
    const std::int32_t size = class_of(classes);
    std::size_t r = 0;
    for (; r + 4 <= count; r += 4) {
      const std::size_t first = place(0, r);
#pragma GCC ivdep
      for (std::int32_t k = 0; k < size; ++k) {
        const std::size_t i = first + static_cast<std::size_t>(k);
        const Real sum = (f(k, r, i) + f(k, r + 1, i + classes)) +
                         (f(k, r + 2, i + 2 * classes) + f(k, r + 3, i + 3 * classes));
        out[k] += static_cast<double>(sum);
      }
    }
    for (; r < count; ++r) {
      const std::size_t first = place(0, r);
#pragma GCC ivdep
      for (std::int32_t k = 0; k < size; ++k)
        out[k] += static_cast<double>(f(k, r, first + static_cast<std::size_t>(k)));
    }
  }
  double total(const Real* numbers) const {
    double sum = 0;
    for (std::size_t r = 0; r < count; ++r) sum += static_cast<double>(numbers[r]);
    return sum;
  }
  template <class F>
  [[gnu::always_inline]] void each(Real* __restrict e, const F& f) const {
    const std::int32_t size = class_of(classes);
    for (std::size_t r = 0; r < count; ++r) {
      const std::size_t first = place(0, r);
      Real* __restrict row = e + first;
#pragma GCC ivdep
      for (std::int32_t k = 0; k < size; ++k)
        row[k] = f(k, r, first + static_cast<std::size_t>(k), row[k]);
    }
  }
  template <class F>
  [[gnu::always_inline]] void sums(Real* __restrict out, const F& f) const {
    for (std::size_t r = 0; r < count; ++r) {
      const std::size_t first = place(0, r);
      alignas(64) Real lanes[kLanesOfRow] = {};
      in_lanes([&](std::int32_t k, std::size_t lane) {
        lanes[lane] += f(k, r, first + static_cast<std::size_t>(k));
      });
      out[r] = sum_of(lanes, kLanesOfRow);
    }
  }
  template <class F, class Own>
  [[gnu::always_inline]] void powers(Real* e, const std::int32_t* y, OwnPowers& to, const F& f,
                                     const Own& own) const {
    // The base is the largest of the first numbers: a pass that searches the maximum would do
    // nothing but wait for the memory.
    for (std::size_t r = 0; r < count; ++r) {
      const std::size_t first = place(0, r);
      alignas(64) Real tops[kLanesOfRow];
#pragma GCC ivdep
      for (std::size_t lane = 0; lane < kLanesOfRow; ++lane)
        tops[lane] = f(class_of(lane), r, first + lane);
      const Real base = max_of(tops, kLanesOfRow);
      to.base[r] = base;
      Real* const row = e + first;
      alignas(64) Real lanes[kLanesOfRow] = {};
      alignas(64) PowerOrder highest[kLanesOfRow] = {};
      in_lanes([&](std::int32_t k, std::size_t lane) {
        const kernels::SoftmaxPower power =
            kernels::softmax_power(f(k, r, first + static_cast<std::size_t>(k)) - base);
        row[k] = power.value;
        lanes[lane] += power.value;
        highest[lane] = power.order > highest[lane] ? power.order : highest[lane];
      });
      leave_out(row, static_cast<std::size_t>(y[r]), lanes);
      to.others[r] = sum_of(lanes, kLanesOfRow);
      PowerOrder top = 0;
      for (const PowerOrder lane : highest) top = lane > top ? lane : top;
      const Real x = own(r);  // the only call: all must be inlined for the loop to vectorise
      to.own[r] = x - base;
      if (top > kernels::kSoftmaxFar || !(to.own[r] <= kFarOwn) ||
          (to.own[r] < -kFarOwn && to.others[r] < 1)) [[unlikely]] {
        for (std::size_t k = 0; k < classes; ++k) row[k] = f(class_of(k), r, first + k);
        const FarPowers powers = far_powers(row, 1, classes, y[r], x);
        to.base[r] = powers.base;
        to.own[r] = x - powers.base;
        to.others[r] = powers.others;
      }
    }
  }
  template <class F>
  [[gnu::always_inline]] void powers_but_best(Real* e, std::int32_t* best, RowPowers& to,
                                              const F& f) const {
    for (std::size_t r = 0; r < count; ++r) row_powers_but_best(e, best, r, to, f);
  }
  template <class F, class G>
  [[gnu::always_inline]] void each_but(Real* __restrict e, const std::int32_t* y, const Real* v,
                                       const F& f, const G& g) const {
    each(e, [&](std::int32_t k, std::size_t r, std::size_t i, Real power) {
      return g(k, r, i, f(r, power));
    });
    for (std::size_t r = 0; r < count; ++r) {
      const std::size_t i = place(static_cast<std::size_t>(y[r]), r);
      e[i] = g(y[r], r, i, v[r]);
    }
  }
  template <class F>
  [[gnu::always_inline]] void two_sums(Real* __restrict e, Real* __restrict first,
                                       Real* __restrict second, const F& f) const {
    for (std::size_t r = 0; r < count; ++r) {
      const std::size_t begin = place(0, r);
      alignas(64) Real lanes[kLanesOfRow] = {};
      alignas(64) Real more_lanes[kLanesOfRow] = {};
      in_lanes([&, to = e + begin](std::int32_t k, std::size_t lane) {
        Real a;
        Real b;
        to[k] = f(k, r, begin + static_cast<std::size_t>(k), a, b);
        lanes[lane] += a;
        more_lanes[lane] += b;
      });
      first[r] = sum_of(lanes, kLanesOfRow);
      second[r] = sum_of(more_lanes, kLanesOfRow);
    }
  }
  template <class F>
  [[gnu::always_inline]] void maxima(Real* __restrict out, const F& f) const {
    for (std::size_t r = 0; r < count; ++r) {
      const std::size_t first = place(0, r);
      alignas(64) Real lanes[kLanesOfRow];
      for (Real& lane : lanes) lane = kMinusInfinity;
      in_lanes([&](std::int32_t k, std::size_t lane) {
        const Real v = f(k, r, first + static_cast<std::size_t>(k));
        lanes[lane] = v > lanes[lane] ? v : lanes[lane];
      });
      out[r] = max_of(lanes, kLanesOfRow);
    }
  }

 private:
  static constexpr std::size_t kLanesOfRow = 64;  // several vectors: a sum waits for the last one
  // How far the base of a row may lie below its largest number: e^40 times any number of classes
  // is still a float.
  static constexpr Real kFar = 40;

  // e^(x - base) for a base that is known before the row was read: the largest of its first
  // numbers. The pass that searches the maximum would do nothing but wait for the memory; here the
  // powers are computed meanwhile. Only where the base turns out to be far too small (or is minus
  // infinity or NaN) they are computed again.
  template <class F>
  [[gnu::always_inline]] void row_powers_but_best(Real* e, std::int32_t* best, std::size_t r,
                                                  RowPowers& to, const F& f) const {
    const std::size_t first = place(0, r);
    Real* const row = e + first;
    alignas(64) Real lanes[kLanesOfRow];
    alignas(64) Real tops[kLanesOfRow];
#pragma GCC ivdep
    for (std::size_t lane = 0; lane < kLanesOfRow; ++lane)
      tops[lane] = f(class_of(lane), r, first + lane);
    Real base = max_of(tops, kLanesOfRow);
    Real top = base;
    for (int turn = 0; turn < 2; ++turn) {
      for (Real& lane : lanes) lane = 0;
      for (Real& lane : tops) lane = kMinusInfinity;
      in_lanes([&](std::int32_t k, std::size_t lane) {
        const Real x = f(k, r, first + static_cast<std::size_t>(k));
        const Real power = kernels::softmax_power(x - base).value;
        row[k] = power;
        lanes[lane] += power;
        tops[lane] = x > tops[lane] ? x : tops[lane];
      });
      top = max_of(tops, kLanesOfRow);
      if (top - base <= kFar) [[likely]]
        break;
      base = top;
    }
    std::size_t own = rows::find(tops, kLanesOfRow, top);
    while (own < classes && !(f(class_of(own), r, first + own) == top)) own += kLanesOfRow;
    best[r] = own < classes ? class_of(own) : 0;  // 0: among NaNs there is none
    leave_out(row, static_cast<std::size_t>(best[r]), lanes);
    to.top[r] = top;
    to.unit[r] = kernels::softmax_exp(base - top);
    to.others[r] = to.unit[r] * sum_of(lanes, kLanesOfRow);
  }

  // The power of one class becomes 0. Its lane is added up again: taking it off the sum would
  // cancel.
  void leave_out(Real* row, std::size_t own, Real* lanes) const {
    row[own] = 0;
    Real again = 0;
    for (std::size_t k = own % kLanesOfRow; k < classes; k += kLanesOfRow) again += row[k];
    lanes[own % kLanesOfRow] = again;
  }

  // Calls f(k, k % kLanesOfRow) for all classes.
  template <class F>
  [[gnu::always_inline]] void in_lanes(const F& f) const {
    constexpr std::int32_t kStep = kLanesOfRow;
    constexpr std::int32_t kPart = 16;
    const std::int32_t size = class_of(classes);
    std::int32_t k = 0;
    for (; k + kStep <= size; k += kStep) {
#pragma GCC ivdep
      for (std::int32_t lane = 0; lane < kStep; ++lane) f(k + lane, static_cast<std::size_t>(lane));
    }
    const std::int32_t body = k;
    for (; k + kPart <= size; k += kPart) {
#pragma GCC ivdep
      for (std::int32_t lane = 0; lane < kPart; ++lane)
        f(k + lane, static_cast<std::size_t>(k - body + lane));
    }
#pragma GCC ivdep
    for (std::int32_t lane = 0; lane < size - k; ++lane)
      f(k + lane, static_cast<std::size_t>(k - body + lane));
  }
};

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
