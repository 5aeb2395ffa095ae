#include <tailgrad/optim/update.h>

#include <cmath>
#include <limits>

namespace tailgrad {
inline namespace TAILGRAD_PRECISION {
namespace {

// The state of a row whose gradient stays zero decays into the subnormal numbers, on which many
// processors compute a hundred times slower. Below the smallest normal number it is taken as zero:
// the step it could make is far below the rounding of any weight.
Real without_subnormals(Real x) {
  return std::abs(x) < std::numeric_limits<Real>::min() ? Real{0} : x;
}

}  // namespace

void sgd_update(const SgdUpdate& u, std::size_t size, Real* __restrict p,
                const Real* __restrict gradient) {
  const Real factor = u.gradient_factor, l2 = u.l2, lr = u.lr;
#pragma GCC ivdep
  for (std::size_t i = 0; i < size; ++i) {
    const Real g = factor * gradient[i] + l2 * p[i];
    p[i] -= lr * g;
  }
}

void momentum_update(const SgdUpdate& u, std::size_t size, Real* __restrict p,
                     const Real* __restrict gradient, Real* __restrict direction) {
  const Real factor = u.gradient_factor, l2 = u.l2, keep = u.keep, gain = u.gain, lr = u.lr;
  const Real of_gradient = u.ahead_gradient, of_direction = u.ahead_direction;
#pragma GCC ivdep
  for (std::size_t i = 0; i < size; ++i) {
    const Real g = factor * gradient[i] + l2 * p[i];
    const Real b = without_subnormals(keep * direction[i] + gain * g);
    direction[i] = b;
    p[i] -= lr * (of_gradient * g + of_direction * b);
  }
}

void adam_update(const AdamUpdate& u, std::size_t size, Real* __restrict p,
                 const Real* __restrict gradient, Real* __restrict m, Real* __restrict v) {
  const Real factor = u.gradient_factor, l2 = u.l2, shrink = u.shrink, take1 = u.take1;
  const Real keep2 = u.keep2, take2 = u.take2, step = u.step, root_scale = u.root_scale;
  const Real eps = u.eps;
#pragma GCC ivdep
  for (std::size_t i = 0; i < size; ++i) {
    const Real g = factor * gradient[i] + l2 * p[i];
    const Real m_new = without_subnormals(m[i] + take1 * (g - m[i]));
    const Real v_new = without_subnormals(keep2 * v[i] + take2 * g * g);
    m[i] = m_new;
    v[i] = v_new;
    p[i] = shrink * p[i] - step * m_new / (std::sqrt(v_new) * root_scale + eps);
  }
}

void add_squares(const Real* __restrict values, std::size_t begin, std::size_t end,
                 double* __restrict sums) {
  constexpr std::size_t kLanes = 8;
  double lanes[kLanes];
  for (std::size_t lane = 0; lane < kLanes; ++lane) lanes[lane] = sums[lane];
  const auto square = [values](std::size_t i) {
    const auto x = static_cast<double>(values[i]);
    return x * x;
  };
  std::size_t i = begin;
  for (; i < end && i % kLanes != 0; ++i) lanes[i % kLanes] += square(i);
  for (; i + kLanes <= end; i += kLanes)
    for (std::size_t lane = 0; lane < kLanes; ++lane) lanes[lane] += square(i + lane);
  for (; i < end; ++i) lanes[i % kLanes] += square(i);
  for (std::size_t lane = 0; lane < kLanes; ++lane) sums[lane] = lanes[lane];
}

}  // namespace TAILGRAD_PRECISION
}  // namespace tailgrad
