// A block of rows of numbers, one number for each row and class, in one of two layouts. A loss is
// written once, over both, in three kinds of loops:
//
//   at.each(e, f)            e[i] = f(k, r, i, e[i]) for class k and row r, whose number stands at
//   i at.sums(out, f)          out[r] = sum over k of f(k, r, i) at.each_sums(e, out, f)  both at
//   once: e[i] = f(k, r, i), out[r] = sum over k of e[i] at.maxima(out, f)        out[r] = the
//   largest f(k, r, i) at.total(numbers)        the sum of numbers[r], in double
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
  template <class F>
  [[gnu::always_inline]] void each_sums(Real* __restrict e, Real* __restrict out,
                                        const F& f) const {
    for (std::size_t r = 0; r < kRowsAbreast; ++r) out[r] = 0;
    for (std::size_t k = 0; k < classes; ++k) {
#pragma GCC ivdep
      for (std::size_t r = 0; r < kRowsAbreast; ++r) {
        const std::size_t i = place(k, r);
        const Real v = f(class_of(k), r, i);
        e[i] = v;
        out[r] += v;
      }
    }
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
  void find(const Real* x, const Real* top, std::int32_t* __restrict out) const {
    for (std::size_t r = 0; r < kRowsAbreast; ++r) out[r] = 0;
    for (std::size_t k = classes; k-- > 0;) {
#pragma GCC ivdep
      for (std::size_t r = 0; r < kRowsAbreast; ++r)
        out[r] = x[place(k, r)] == top[r] ? class_of(k) : out[r];
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
};

/// Many classes: rows as they stand in a matrix, one after the other.
struct OneByOne {
  std::size_t classes;
  std::size_t count;
  /// What the next block is going to read and to write, which each_sums asks the memory for.
  const Real* next_read = nullptr;
  const Real* next_write = nullptr;

  std::size_t rows() const { return count; }
  std::size_t place(std::size_t k, std::size_t r) const { return r * classes + k; }

  template <class F>
  [[gnu::always_inline]] void add_columns(double* __restrict out, const F& f) const {
    const std::int32_t size = class_of(classes);
    for (std::size_t r = 0; r < count; ++r) {
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
      in_lanes(
          [&](std::int32_t k, std::size_t lane) {
            lanes[lane] += f(k, r, first + static_cast<std::size_t>(k));
          },
          [](std::size_t) {});
      out[r] = sum_of(lanes, kLanesOfRow);
    }
  }
  template <class F>
  [[gnu::always_inline]] void each_sums(Real* __restrict e, Real* __restrict out,
                                        const F& f) const {
    for (std::size_t r = 0; r < count; ++r) {
      const std::size_t first = place(0, r);
      alignas(64) Real lanes[kLanesOfRow] = {};
      in_lanes(
          [&, to = e + first](std::int32_t k, std::size_t lane) {
            const Real v = f(k, r, first + static_cast<std::size_t>(k));
            to[k] = v;
            lanes[lane] += v;
          },
          [&](std::size_t k) {
            for (std::size_t lane = 0; lane < kLanesOfRow; lane += 64 / sizeof(Real)) {
              __builtin_prefetch(next_read + first + k + lane);
              __builtin_prefetch(next_write + first + k + lane, 1);
            }
          });
      out[r] = sum_of(lanes, kLanesOfRow);
    }
  }
  template <class F>
  [[gnu::always_inline]] void two_sums(Real* __restrict e, Real* __restrict first,
                                       Real* __restrict second, const F& f) const {
    for (std::size_t r = 0; r < count; ++r) {
      const std::size_t begin = place(0, r);
      alignas(64) Real lanes[kLanesOfRow] = {};
      alignas(64) Real more_lanes[kLanesOfRow] = {};
      in_lanes(
          [&, to = e + begin](std::int32_t k, std::size_t lane) {
            Real a;
            Real b;
            to[k] = f(k, r, begin + static_cast<std::size_t>(k), a, b);
            lanes[lane] += a;
            more_lanes[lane] += b;
          },
          [](std::size_t) {});
      first[r] = sum_of(lanes, kLanesOfRow);
      second[r] = sum_of(more_lanes, kLanesOfRow);
    }
  }
  void find(const Real* x, const Real* top, std::int32_t* __restrict out) const {
    for (std::size_t r = 0; r < count; ++r)
      out[r] = class_of(rows::find(x + place(0, r), classes, top[r]));
  }
  template <class F>
  [[gnu::always_inline]] void maxima(Real* __restrict out, const F& f) const {
    for (std::size_t r = 0; r < count; ++r) {
      const std::size_t first = place(0, r);
      alignas(64) Real lanes[kLanesOfRow];
      for (Real& lane : lanes) lane = kMinusInfinity;
      in_lanes(
          [&](std::int32_t k, std::size_t lane) {
            const Real v = f(k, r, first + static_cast<std::size_t>(k));
            lanes[lane] = v > lanes[lane] ? v : lanes[lane];
          },
          [](std::size_t) {});
      out[r] = max_of(lanes, kLanesOfRow);
    }
  }

 private:
  static constexpr std::size_t kLanesOfRow = 64;  // several vectors: a sum waits for the last one

  // Calls before(k) in front of every kLanesOfRow classes.
  template <class F, class Before>
  [[gnu::always_inline]] void in_lanes(const F& f, const Before& before) const {
    constexpr std::int32_t kStep = kLanesOfRow;
    const std::int32_t size = class_of(classes);
    std::int32_t k = 0;
    for (; k + kStep <= size; k += kStep) {
      before(static_cast<std::size_t>(k));
#pragma GCC ivdep
      for (std::int32_t lane = 0; lane < kStep; ++lane) f(k + lane, static_cast<std::size_t>(lane));
    }
    before(static_cast<std::size_t>(k));
#pragma GCC ivdep
    for (std::int32_t lane = 0; lane < size - k; ++lane)
      f(k + lane, static_cast<std::size_t>(lane));
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
