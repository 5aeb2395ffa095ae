#include <tailgrad/losses/logit_norm.h>

#include <cmath>

#include <tailgrad/losses/true_class.h>

namespace tailgrad {
inline namespace TAILGRAD_PRECISION {
namespace {

constexpr double kShortest = 1e-7;

struct Normalised {
  static constexpr bool kPlain = false;
  double temperature;

  static double length(const rows::RowAt& at) {
    double sum = 0;
    for (std::size_t k = 0; k < at.classes; ++k) {
      const auto z = static_cast<double>(at.z[k]);
      sum += z * z;
    }
    return std::sqrt(sum);
  }
  void fill(const rows::RowAt& at, Real* __restrict x) const {
    const double norm = length(at);
    const auto factor =
        static_cast<Real>(1 / (temperature * (norm < kShortest ? kShortest : norm)));
    for (std::size_t k = 0; k < at.size; ++k) x[k] = at.z[k] * factor;
  }
  void pull_back(const rows::RowAt& at, Real* __restrict g) const {
    const double norm = length(at);
    const double factor = 1 / (temperature * (norm < kShortest ? kShortest : norm));
    double along = 0;
    if (norm >= kShortest) {
      for (std::size_t k = 0; k < at.classes; ++k)
        along += static_cast<double>(at.z[k]) * static_cast<double>(g[k]);
      along /= norm * norm;
    }
    for (std::size_t k = 0; k < at.classes; ++k)
      g[k] = static_cast<Real>(factor *
                               (static_cast<double>(g[k]) - along * static_cast<double>(at.z[k])));
  }
};

}  // namespace

LossEntry logit_norm_entry() {
  return {.spec = {.name = "logit-norm",
                   .meaning = "cross-entropy of logits brought to one length",
                   .formula = "-log softmax(z / (T |z|))_y, T = temperature",
                   .source = "Wei et al. 2022, Mitigating neural network overconfidence with logit "
                             "normalization, eq. 5",
                   .options = {{.name = "temperature",
                                .fallback = "0.04",
                                .range = Range::above(0),
                                .meaning = "T; the smaller, the longer the logits",
                                .source = "Wei et al. 2022, section 4"}}},
          .make = [](const Settings& settings, const LossSetup& setup) {
            return rows::true_class(LossFrame(settings, setup),
                                    Normalised{settings.number("temperature")}, rows::LogRule{});
          }};
}

}  // namespace TAILGRAD_PRECISION
}  // namespace tailgrad
