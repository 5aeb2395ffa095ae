// The two overlap measures, dice and Tversky, as functions of three sums over a set of elements
// (one element, a class of the batch, or the whole batch):
//
//   dice     L = 1 - (f I + s)/(A + B + s)              I = sum q y, A = sum q^d, B = sum y
//   Tversky  L = 1 - (I + s)/(I + a A + b B + s)        I = sum p y, A = sum p(1-y), B = sum (1-p)y
//
// with q = (1-p)^alpha p and d = 1 or 2.
#pragma once

#include <tailgrad/losses/row_math.h>

namespace tailgrad {
inline namespace TAILGRAD_PRECISION {
namespace rows {

/// Of an element without mark (y = 0) i and b are 0.
struct OverlapSums {
  Real i = 0;
  Real a = 0;
  Real b = 0;
};

/// Loss of a set and its derivatives by the three sums.
template <class Number>
struct OverlapLoss {
  Number loss;
  Number by_i;
  Number by_a;
  Number by_b;
};

/// How (1-p)^alpha is computed.
enum class Decay { none, linear, power };

template <Decay kDecay>
struct DiceRule {
  /// q^d is q (once + twice q): as numbers and not as a template, one compiled rule serves both d.
  Real once = 1;   ///< 1 for d = 1, else 0
  Real twice = 0;  ///< 1 for d = 2, else 0
  Real alpha = 0;
  Real smooth = 1;
  Real factor = 2;
  /// Where 1-p stops falling: with alpha in (0, 1) the derivative would grow without bound.
  Real floor = 0;

  Real decayed(Real p, Real rest) const {
    if constexpr (kDecay == Decay::none) return p;
    if constexpr (kDecay == Decay::linear) return rest * p;
    return power(rest > floor ? rest : floor, alpha) * p;
  }
  /// d q / d p = (1-p)^(alpha-1) (1 - (1+alpha) p), and (1-p)^alpha where 1-p is floored.
  Real decayed_slope(Real p, Real rest) const {
    if constexpr (kDecay == Decay::none) return 1;
    if constexpr (kDecay == Decay::linear) return rest - p;
    constexpr Real kTiny = std::numeric_limits<Real>::min();
    const Real least = floor > kTiny ? floor : kTiny;
    const Real x = rest > least ? rest : least;
    const Real free = kernels::exp((alpha - 1) * kernels::log(x)) * (x - alpha * p);
    return rest > floor ? free : power(x, alpha);
  }
  Real raised(Real q) const { return q * (once + twice * q); }      ///< q^d
  Real raised_slope(Real q) const { return once + 2 * twice * q; }  ///< d q^(d-1)
  OverlapSums terms(Real p, Real rest, Real y) const {
    const Real q = decayed(p, rest);
    return {q * y, raised(q), y};
  }
  template <class Number>
  OverlapLoss<Number> set(Number i, Number a, Number b) const {
    const auto s = static_cast<Number>(smooth);
    const auto f = static_cast<Number>(factor);
    const Number inverse = 1 / (a + b + s);
    const Number share = (f * i + s) * inverse;
    // Without y in the set, 1 - share = a/(a + b + s) keeps small losses.
    return {(a + b - f * i) * inverse, -f * inverse, share * inverse, share * inverse};
  }
  /// A of an element without mark: 0 for p = 0.
  Real plain_term(Real p, Real rest) const { return raised(decayed(p, rest)); }
  /// d L / d p of an element without mark that is a set of its own, and its loss; the loss is 0 for
  /// p = 0.
  Real plain(Real p, Real rest, Real& loss) const {
    const Real a = plain_term(p, rest);
    const Real inverse = 1 / (a + smooth);
    loss = a * inverse;
    return plain_slope(p, rest, smooth * inverse * inverse);
  }
  /// slope() without mark.
  Real plain_slope(Real p, Real rest, Real by_a) const {
    return by_a * raised_slope(decayed(p, rest)) * decayed_slope(p, rest);
  }
  /// d L / d p of one element of a set.
  Real slope(Real p, Real rest, Real y, Real by_i, Real by_a, Real) const {
    const Real by_q = by_i * y + by_a * raised_slope(decayed(p, rest));
    return by_q * decayed_slope(p, rest);
  }
};

struct TverskyRule {
  Real alpha = Real{0.5};
  Real beta = Real{0.5};
  Real smooth = 1;

  OverlapSums terms(Real p, Real rest, Real y) const { return {p * y, p * (1 - y), rest * y}; }
  template <class Number>
  OverlapLoss<Number> set(Number i, Number a, Number b) const {
    const auto s = static_cast<Number>(smooth);
    const auto on_a = static_cast<Number>(alpha);
    const auto on_b = static_cast<Number>(beta);
    const Number missed = on_a * a + on_b * b;
    const Number inverse = 1 / (i + missed + s);
    const Number share = (i + s) * inverse;
    return {missed * inverse, -missed * inverse * inverse, on_a * share * inverse,
            on_b * share * inverse};
  }
  Real plain_term(Real p, Real) const { return p; }
  Real plain(Real p, Real, Real& loss) const {
    const Real missed = alpha * p;
    const Real inverse = 1 / (missed + smooth);
    loss = missed * inverse;
    return alpha * smooth * inverse * inverse;
  }
  Real plain_slope(Real, Real, Real by_a) const { return by_a; }
  Real slope(Real, Real, Real y, Real by_i, Real by_a, Real by_b) const {
    return y * (by_i - by_b) + (1 - y) * by_a;
  }
};

}  // namespace rows
}  // namespace TAILGRAD_PRECISION
}  // namespace tailgrad
