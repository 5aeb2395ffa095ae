#include <tailgrad/losses/logit_norm.h>

#include <cmath>
#include <cstdint>

#include <tailgrad/losses/true_class.h>

namespace tailgrad {
inline namespace TAILGRAD_PRECISION {
namespace {

constexpr double kShortest = 1e-7;

struct Normalised {
  Real temperature;

  struct On {
    const Real* z;
    const std::int32_t* y;
    alignas(64) Real square[rows::kMostRows];
    alignas(64) Real factor[rows::kMostRows];
    alignas(64) Real along[rows::kMostRows];

    Real operator()(std::int32_t, std::size_t r, std::size_t i) const { return z[i] * factor[r]; }
    /// d |z| / d z takes the part of the gradient along z away.
    template <class Layout>
    void before_pull(const Layout& at, const Real* e, const Real* pull_of, const Real* push) {
      at.sums(along, [&](std::int32_t k, std::size_t r, std::size_t i) {
        return z[i] * (rows::select(rows::is_own(k, y[r]), push[r], e[i] * pull_of[r]));
      });
      constexpr auto kLeast = static_cast<Real>(kShortest * kShortest);
      for (std::size_t r = 0; r < at.rows(); ++r)
        along[r] = square[r] < kLeast ? Real{0} : along[r] / square[r];
    }
    Real pull(std::int32_t, std::size_t r, std::size_t i, Real g) const {
      return factor[r] * (g - along[r] * z[i]);
    }
  };
  template <class Layout>
  On on(const Layout& at, const rows::Block& block) const {
    const Real* z = block.z;
    On change;
    change.z = z;
    change.y = block.y;
    at.sums(change.square, [&](std::int32_t, std::size_t, std::size_t i) { return z[i] * z[i]; });
    constexpr auto kLeast = static_cast<Real>(kShortest);
    for (std::size_t r = 0; r < at.rows(); ++r) {
      const Real norm = std::sqrt(change.square[r]);
      change.factor[r] = 1 / (temperature * (norm < kLeast ? kLeast : norm));
    }
    return change;
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
                                    Normalised{static_cast<Real>(settings.number("temperature"))},
                                    rows::LogRule{});
          }};
}

}  // namespace TAILGRAD_PRECISION
}  // namespace tailgrad
