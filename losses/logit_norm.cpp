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

  Real factor(Real norm) const {
    const auto shortest = static_cast<Real>(kShortest);
    return 1 / (static_cast<Real>(temperature) * (norm < shortest ? shortest : norm));
  }
  void fill(const rows::RowAt& at, Real* __restrict x) const {
    const Real* z = at.z;
    const std::size_t size = at.size;
    const Real by = factor(std::sqrt(rows::dot_of(z, z, at.classes)));
    for (std::size_t k = 0; k < size; ++k) x[k] = z[k] * by;
  }
  void pull_back(const rows::RowAt& at, Real* __restrict g) const {
    const Real* z = at.z;
    const std::size_t classes = at.classes;
    const Real square = rows::dot_of(z, z, classes);
    const Real norm = std::sqrt(square);
    const Real along =
        norm < static_cast<Real>(kShortest) ? Real{0} : rows::dot_of(z, g, classes) / square;
    const Real by = factor(norm);
    for (std::size_t k = 0; k < classes; ++k) g[k] = by * (g[k] - along * z[k]);
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
