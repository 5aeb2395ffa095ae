#include <tailgrad/losses/focal.h>

#include <type_traits>

#include <tailgrad/losses/elements.h>
#include <tailgrad/losses/true_class.h>

namespace tailgrad {
inline namespace TAILGRAD_PRECISION {
namespace {

// (1-p)^gamma log p and gamma p (1-p)^(gamma-1) log p - (1-p)^gamma, where the quotient
// log p / (1-p), which tends to -1, keeps gamma in (0, 1) finite.
struct Powered {
  Real gamma;
  rows::TrueClassLoss operator()(const rows::TrueClass& t) const {
    const Real factor = rows::power(t.rest, gamma);
    const Real quotient = t.rest > 0 ? t.log_p / t.rest : Real{-1};
    return {-factor * t.log_p, factor * (gamma * t.p * quotient - 1)};
  }
};

struct Squared {
  rows::TrueClassLoss operator()(const rows::TrueClass& t) const {
    return {-t.rest * t.rest * t.log_p, t.rest * (2 * t.p * t.log_p - t.rest)};
  }
};

template <bool kSquared>  // gamma = 2
struct SigmoidRule {
  static constexpr bool kByClass = false;
  Real gamma;
  Real positive;
  Real negative;
  rows::ElementLoss operator()(Real z, Real y, std::size_t) const {
    const rows::Sigmoid t(rows::signed_by(y, z));  // the negative side is the positive one of -z
    const Real powered = kSquared ? t.rest * t.rest : rows::power(t.rest, gamma);
    const Real factor = (y * positive + (1 - y) * negative) * powered;
    const Real slope = factor * (gamma * t.p * t.log_p - t.rest);
    return {-factor * t.log_p, rows::signed_by(y, slope)};
  }
};

std::unique_ptr<Loss> make_focal(const Settings& settings, const LossSetup& setup) {
  LossFrame frame(settings, setup);
  const double gamma = settings.number("gamma");
  const bool has_alpha = !settings.is("alpha", "none");
  if (settings.is("mode", "softmax")) {
    if (has_alpha)
      fail("focal",
           "alpha weighs positives against negatives: it needs mode=sigmoid; for the "
           "softmax form give class weights");
    return softmax_focal(std::move(frame), gamma);
  }
  const double alpha = has_alpha ? settings.number("alpha") : 0.5;
  const double scale = has_alpha ? 1 : 2;
  const auto make_rule = [&]<bool kSquared>(std::bool_constant<kSquared>) {
    const SigmoidRule<kSquared> rule{.gamma = static_cast<Real>(gamma),
                                     .positive = static_cast<Real>(scale * alpha),
                                     .negative = static_cast<Real>(scale * (1 - alpha))};
    return rows::elements(std::move(frame), rule, settings.is("normalise", "elements"));
  };
  return gamma == 2 ? make_rule(std::true_type{}) : make_rule(std::false_type{});
}

}  // namespace

std::unique_ptr<Loss> softmax_focal(LossFrame frame, double gamma) {
  if (gamma == 0) return rows::true_class(std::move(frame), rows::PlainLogits{}, rows::LogRule{});
  if (gamma == 2) return rows::true_class(std::move(frame), rows::PlainLogits{}, Squared{});
  return rows::true_class(std::move(frame), rows::PlainLogits{}, Powered{static_cast<Real>(gamma)});
}

LossEntry focal_entry() {
  return {.spec = {.name = "focal",
                   .meaning = "cross-entropy that forgets easy items",
                   .formula = "-(1-p_t)^gamma log p_t; mode=sigmoid: a_t times that, summed over "
                              "classes",
                   .source = "Lin et al. 2017, Focal loss for dense object detection, eq. 4, 5",
                   .options = {{.name = "gamma",
                                .fallback = "2",
                                .range = Range::at_least(0),
                                .meaning = "how fast easy items lose weight; 0 is ce",
                                .source = "Lin et al. 2017, section 5.1"},
                               {.name = "alpha",
                                .fallback = "none",
                                .range = Range::between(0, 1),
                                .words = {"none"},
                                .meaning = "mode=sigmoid: weight of marks 1; 1 - alpha that of 0",
                                .source = "Lin et al. 2017 use 0.25"},
                               {.name = "mode",
                                .kind = OptionKind::word,
                                .fallback = "softmax",
                                .words = {"softmax", "sigmoid"},
                                .meaning = "one class an item, or any number"},
                               {.name = "normalise",
                                .kind = OptionKind::word,
                                .fallback = "elements",
                                .words = {"elements", "items"},
                                .meaning = "mode=sigmoid: what the sum is divided by"}}},
          .task = LossTask::either,
          .make = make_focal};
}

}  // namespace TAILGRAD_PRECISION
}  // namespace tailgrad
