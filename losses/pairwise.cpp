#include <tailgrad/losses/pairwise.h>

#include <cmath>

#include <tailgrad/losses/true_class.h>

namespace tailgrad {
inline namespace TAILGRAD_PRECISION {
namespace {

struct Margins {
  double weight_power = 0;
  double tau_true = 0;
  double tau_other = 0;
  double adaptive = 0;
};

std::unique_ptr<Loss> margins(const Settings& settings, const LossSetup& setup, const Margins& m) {
  LossFrame frame(settings, setup);
  frame.need_counts(setup, "the prior");
  const std::vector<double> log_prior = setup.counts.log_prior();
  const std::size_t classes = log_prior.size();
  std::vector<double> shift(classes);
  std::vector<double> own(classes);
  std::vector<double> weights(classes);
  for (std::size_t k = 0; k < classes; ++k) {
    shift[k] = m.tau_other * log_prior[k];
    own[k] = m.tau_true * log_prior[k] - m.adaptive * std::exp(-0.25 * log_prior[k]);
    weights[k] = std::exp(m.weight_power * log_prior[k]);
  }
  if (m.weight_power != 0) frame.multiply_weights(weights);
  return rows::true_class(std::move(frame),
                          rows::MarginLogits{rows::as_reals(shift), rows::as_reals(own)},
                          rows::LogRule{});
}

}  // namespace

LossEntry pairwise_entry() {
  return {.spec = {.name = "pairwise",
                   .meaning = "the family of margins and weights by powers of the prior",
                   .formula = "a_y log(1 + sum_{k!=y} exp(D_yk + z_k - z_y)), a_y = "
                              "pi_y^weight_power, D_yk = tau_other log pi_k - tau_true log pi_y + "
                              "adaptive pi_y^(-1/4)",
                   .source = "Menon et al. 2021, Long-tail learning via logit adjustment, eq. 11",
                   .options = {{.name = "weight_power",
                                .fallback = "0",
                                .range = Range::finite(),
                                .meaning = "-1 weighs items by 1/pi; tau - 1 makes la consistent"},
                               {.name = "tau_true",
                                .fallback = "0",
                                .range = Range::finite(),
                                .meaning = "margin by the prior of the true class"},
                               {.name = "tau_other",
                                .fallback = "0",
                                .range = Range::finite(),
                                .meaning = "margin by the prior of the other class"},
                               {.name = "adaptive",
                                .fallback = "0",
                                .range = Range::finite(),
                                .meaning = "factor of the margin pi_y^(-1/4)"}}},
          .needs_counts = true,
          .make = [](const Settings& settings, const LossSetup& setup) {
            return margins(settings, setup,
                           {.weight_power = settings.number("weight_power"),
                            .tau_true = settings.number("tau_true"),
                            .tau_other = settings.number("tau_other"),
                            .adaptive = settings.number("adaptive")});
          }};
}

LossEntry adaptive_entry() {
  return {.spec = {.name = "adaptive",
                   .meaning = "larger margins for rare classes: pairwise:adaptive=1",
                   .formula = "log(1 + sum_{k!=y} exp(pi_y^(-1/4) + z_k - z_y))",
                   .source = "Menon et al. 2021, eq. 5, after Cao et al. 2019"},
          .needs_counts = true,
          .make = [](const Settings& settings, const LossSetup& setup) {
            return margins(settings, setup, {.adaptive = 1});
          }};
}

LossEntry equalised_entry() {
  return {.spec = {.name = "equalised",
                   .meaning = "rare classes are pushed down less: pairwise:tau_other=tau",
                   .formula = "log(1 + sum_{k!=y} pi_k^tau exp(z_k - z_y))",
                   .source = "Menon et al. 2021, eq. 6, after Tan et al. 2020",
                   .options = {{.name = "tau",
                                .fallback = "1",
                                .range = Range::finite(),
                                .meaning = "power of the prior; 0 is ce"}}},
          .needs_counts = true,
          .make = [](const Settings& settings, const LossSetup& setup) {
            return margins(settings, setup, {.tau_other = settings.number("tau")});
          }};
}

}  // namespace TAILGRAD_PRECISION
}  // namespace tailgrad
