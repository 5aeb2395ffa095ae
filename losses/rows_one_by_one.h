// The layout of row_block.h for many classes.
#pragma once

#include <cstddef>
#include <cstdint>

#include <tailgrad/losses/row_powers.h>

namespace tailgrad {
inline namespace TAILGRAD_PRECISION {
namespace rows {

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

}  // namespace rows
}  // namespace TAILGRAD_PRECISION
}  // namespace tailgrad
