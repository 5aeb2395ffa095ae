// The update rules as loops over one run of elements: every array is read and written once.
#pragma once

#include <cstddef>

#include <tailgrad/core/real.h>

namespace tailgrad {
inline namespace TAILGRAD_PRECISION {

/// The numbers of one SGD update of one parameter.
struct SgdUpdate {
  Real gradient_factor;  ///< on the gradient as accumulated: clipping, averaging
  Real l2;               ///< coupled weight decay
  Real keep;             ///< share of the old direction: momentum; 0 at the first update
  Real gain;             ///< share of the gradient: 1 - dampening; 1 at the first update
  Real ahead_gradient;   ///< the step is lr (ahead_gradient g + ahead_direction b): 0 and 1, or
  Real ahead_direction;  ///< 1 and momentum with nesterov
  Real lr;
};

/// Without momentum.
void sgd_update(const SgdUpdate& u, std::size_t size, Real* p, const Real* gradient);
/// `direction` is the state b.
void momentum_update(const SgdUpdate& u, std::size_t size, Real* p, const Real* gradient,
                     Real* direction);

/// The numbers of one Adam or AdamW update of one parameter.
struct AdamUpdate {
  Real gradient_factor;
  Real l2;          ///< coupled weight decay (Adam)
  Real shrink;      ///< 1 - lr weight_decay (AdamW)
  Real take1;       ///< 1 - beta1
  Real keep2;       ///< beta2
  Real take2;       ///< 1 - beta2
  Real step;        ///< lr / (1 - beta1^t)
  Real root_scale;  ///< 1 / sqrt(1 - beta2^t)
  Real eps;
};

void adam_update(const AdamUpdate& u, std::size_t size, Real* p, const Real* gradient, Real* m,
                 Real* v);

/// Adds the squares of elements [begin, end) to eight partial sums, element i to number i mod 8:
/// leaving out elements that are zero changes no bit.
void add_squares(const Real* values, std::size_t begin, std::size_t end, double* sums);

}  // namespace TAILGRAD_PRECISION
}  // namespace tailgrad
