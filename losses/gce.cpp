#include <tailgrad/losses/gce.h>

#include <tailgrad/losses/true_class.h>

namespace tailgrad {
inline namespace TAILGRAD_PRECISION {
namespace {

struct GceRule {
  Real q;
  rows::TrueClassLoss operator()(const rows::TrueClass& t) const {
    const Real fall = rows::exp_minus_1(q * t.log_p);
    return {-fall / q, -1 - fall};
  }
};

}  // namespace

LossEntry gce_entry() {
  return {.spec = {.name = "gce",
                   .meaning = "between cross-entropy and mean absolute error, for noisy labels",
                   .formula = "(1 - p_y^q)/q",
                   .source = "Zhang and Sabuncu 2018, Generalized cross entropy loss, eq. 6",
                   .options = {{.name = "q",
                                .fallback = "0.7",
                                .range = {.low = 0, .high = 1, .low_open = true},
                                .meaning = "towards 0 it is ce, 1 is the absolute error",
                                .source = "Zhang and Sabuncu 2018, section 4"}}},
          .make = [](const Settings& settings, const LossSetup& setup) {
            return rows::true_class(LossFrame(settings, setup), rows::PlainLogits{},
                                    GceRule{static_cast<Real>(settings.number("q"))});
          }};
}

}  // namespace TAILGRAD_PRECISION
}  // namespace tailgrad
