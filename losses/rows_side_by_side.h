// The layout of row_block.h for few classes.
#pragma once

#include <cstddef>
#include <cstdint>

#include <tailgrad/losses/row_powers.h>

namespace tailgrad {
inline namespace TAILGRAD_PRECISION {
namespace rows {

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

}  // namespace rows
}  // namespace TAILGRAD_PRECISION
}  // namespace tailgrad
