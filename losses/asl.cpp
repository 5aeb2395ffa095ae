#include <tailgrad/losses/asl.h>

#include <algorithm>
#include <limits>

#include <tailgrad/losses/elements.h>

namespace tailgrad {
inline namespace TAILGRAD_PRECISION {
namespace {

// log(1 - m) for m in [0, 1], without the branches that keep a loop from vectorising.
Real log_left_of(Real m) {
  if constexpr (sizeof(Real) == 8) return kernels::log1p(-m);
  const Real left = 1 - m;
  const Real lost = -m - (left - 1);  // what the rounding of 1 - m took away
  constexpr Real kTiny = std::numeric_limits<Real>::min();
  return kernels::log(left) + lost / (left > kTiny ? left : kTiny);
}

/// kClip: clip > 0. kUsual: the exponents of the authors, 4 and 1, which need no logarithm.
template <bool kClip, bool kUsual>
struct AslRule {
  static constexpr bool kByClass = false;
  Real negative;
  Real positive;
  Real clip;

  rows::ElementLoss operator()(Real z, Real y, std::size_t) const {
    const rows::Sigmoid t(z);
    const Real easy = kUsual ? t.rest : rows::power(t.rest, positive);
    const Real positive_loss = -easy * t.log_p;
    const Real positive_slope = easy * (positive * t.p * t.log_p - t.rest);

    // m = p - clip, and 1 - m without cancellation; a NaN passes.
    const Real m = kClip ? (t.p <= clip ? Real{0} : t.p - clip) : t.p;
    const Real left = kClip ? (t.p <= clip ? Real{1} : t.rest + clip) : t.rest;
    // d(-m^g log(1-m))/dz = m^g (1/(1-m) - g log(1-m)/m) p (1-p), where the quotient keeps g in
    // (0, 1) finite; with clip = 0 the factors p and 1-p cancel.
    const Real spread = t.p * t.rest;
    const Real share = kClip ? spread / left : t.p;
    Real factor;
    Real slope;
    Real log_left;
    if constexpr (kUsual) {
      log_left = kernels::log(left);  // m^3 makes its last digits vanish where m is small
      const Real cube = m * m * m;
      factor = cube * m;
      slope = factor * share - 4 * cube * log_left * spread;
    } else {
      log_left = kClip ? log_left_of(m) : t.log_rest;
      factor = rows::power(m, negative);
      const Real quotient = m > 0 ? log_left / m : Real{-1};
      slope = m > 0 ? factor * (share - negative * quotient * spread) : Real{0};
    }
    return {rows::select(y > 0, positive_loss, -factor * log_left),
            rows::select(y > 0, positive_slope, slope)};
  }
};

struct ReferenceRule {
  static constexpr bool kByClass = false;
  static constexpr Real kFloor = static_cast<Real>(1e-8);
  Real negative;
  Real positive;
  Real clip;

  rows::ElementLoss operator()(Real z, Real y, std::size_t) const {
    const bool mark = y > 0;
    const rows::Sigmoid t(z);
    const Real left = std::min(t.rest + clip, Real{1});
    const Real base = mark ? t.rest : std::max(t.p - clip, Real{0});
    const Real factor = rows::power(base, mark ? positive : negative);
    const Real inside = mark ? t.p : left;
    const Real slope = mark ? -t.rest : (t.rest + clip < 1 ? t.p * t.rest / left : Real{0});
    return {-factor * kernels::log(std::max(inside, kFloor)),
            inside > kFloor ? factor * slope : Real{0}};
  }
};

std::unique_ptr<Loss> make_asl(const Settings& settings, const LossSetup& setup) {
  const auto negative = static_cast<Real>(settings.number("gamma_neg"));
  const auto positive = static_cast<Real>(settings.number("gamma_pos"));
  const auto clip = static_cast<Real>(settings.number("clip"));
  const bool by_elements = settings.is("normalise", "elements");
  LossFrame frame(settings, setup);
  if (settings.is("variant", "reference"))
    return rows::elements(std::move(frame), ReferenceRule{negative, positive, clip}, by_elements);
  if (clip == 0)
    return rows::elements(std::move(frame), AslRule<false, false>{negative, positive, clip},
                          by_elements);
  if (negative == 4 && positive == 1)
    return rows::elements(std::move(frame), AslRule<true, true>{negative, positive, clip},
                          by_elements);
  return rows::elements(std::move(frame), AslRule<true, false>{negative, positive, clip},
                        by_elements);
}

}  // namespace

LossEntry asl_entry() {
  return {.spec = {.name = "asl",
                   .meaning = "focal loss with its own exponent and a threshold for the negatives",
                   .formula = "sum_k -[y (1-p)^gamma_pos log p + (1-y) m^gamma_neg log(1-m)], m = "
                              "max(p - clip, 0)",
                   .source = "Ridnik et al. 2021, Asymmetric loss for multi-label classification, "
                             "eq. 7",
                   .options = {{.name = "gamma_neg",
                                .fallback = "4",
                                .range = Range::at_least(0),
                                .meaning = "exponent of the negatives",
                                .source = "the authors' code"},
                               {.name = "gamma_pos",
                                .fallback = "1",
                                .range = Range::at_least(0),
                                .meaning = "exponent of the positives",
                                .source = "the authors' code; the paper also uses 0"},
                               {.name = "clip",
                                .fallback = "0.05",
                                .range = Range::half_open(0, 1),
                                .meaning = "negatives with a smaller p cost nothing",
                                .source = "Ridnik et al. 2021, section 3.1"},
                               {.name = "variant",
                                .kind = OptionKind::word,
                                .fallback = "paper",
                                .words = {"paper", "reference"},
                                .meaning = "reference: powers are constants of the gradient, logs "
                                           "of at least 1e-8",
                                .source = "the authors' code, its default"},
                               {.name = "normalise",
                                .kind = OptionKind::word,
                                .fallback = "items",
                                .words = {"items", "elements"},
                                .meaning = "what the sum is divided by"}}},
          .task = LossTask::multi_label,
          .make = make_asl};
}

}  // namespace TAILGRAD_PRECISION
}  // namespace tailgrad
