#include <tailgrad/losses/poly.h>

#include <tailgrad/losses/true_class.h>

namespace tailgrad {
inline namespace TAILGRAD_PRECISION {
namespace {

struct PolyRule {
  Real epsilon;
  rows::TrueClassLoss operator()(const rows::TrueClass& t) const {
    return {epsilon * t.rest - t.log_p, -1 - epsilon * t.p};
  }
};

}  // namespace

LossEntry poly_entry() {
  return {.spec = {.name = "poly",
                   .meaning = "cross-entropy with a stronger first term of its series in 1-p",
                   .formula = "-log p_y + epsilon (1-p_y)",
                   .source = "Leng et al. 2022, PolyLoss, eq. 7 (Poly-1)",
                   .options = {{.name = "epsilon",
                                .fallback = "1",
                                .range = Range::at_least(-1),
                                .meaning = "extra weight of the first term; 0 is ce",
                                .source = "Leng et al. 2022, Poly-1; at least -1 keeps the loss "
                                          "falling in p_y"}}},
          .make = [](const Settings& settings, const LossSetup& setup) {
            return rows::true_class(LossFrame(settings, setup), rows::PlainLogits{},
                                    PolyRule{static_cast<Real>(settings.number("epsilon"))});
          }};
}

}  // namespace TAILGRAD_PRECISION
}  // namespace tailgrad
