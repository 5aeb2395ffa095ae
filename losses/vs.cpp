#include <tailgrad/losses/vs.h>

#include <algorithm>
#include <cmath>

#include <tailgrad/losses/true_class.h>

namespace tailgrad {
inline namespace TAILGRAD_PRECISION {
namespace {

std::unique_ptr<Loss> make_vs(const Settings& settings, const LossSetup& setup) {
  LossFrame frame(settings, setup);
  frame.need_counts(setup, "its factors and the prior");
  const std::vector<double>& n = setup.counts.counts();
  const double most = *std::ranges::max_element(n);
  std::vector<double> shift = setup.counts.log_prior();
  std::vector<double> factor(n.size());
  for (std::size_t k = 0; k < n.size(); ++k) {
    shift[k] *= settings.number("tau");
    factor[k] = std::pow(n[k] / most, settings.number("gamma"));
  }
  return rows::true_class(std::move(frame),
                          rows::AffineLogits{rows::as_reals(factor), rows::as_reals(shift)},
                          rows::LogRule{});
}

}  // namespace

LossEntry vs_entry() {
  return {.spec = {.name = "vs",
                   .meaning = "cross-entropy of logits scaled and shifted by class",
                   .formula = "-log softmax(f z + tau log pi)_y, f_k = (n_k/n_max)^gamma",
                   .source = "Kini et al. 2021, Label-imbalanced and group-sensitive "
                             "classification, eq. 2",
                   .options = {{.name = "gamma",
                                .fallback = "0.3",
                                .range = Range::at_least(0),
                                .meaning = "power of the factor; 0 is la",
                                .source = "the authors' code; 0.15 to 0.3 on CIFAR"},
                               {.name = "tau",
                                .fallback = "1",
                                .range = Range::finite(),
                                .meaning = "strength of the shift",
                                .source = "the authors' code"}}},
          .needs_counts = true,
          .make = make_vs};
}

}  // namespace TAILGRAD_PRECISION
}  // namespace tailgrad
