#include <tailgrad/losses/la.h>

#include <tailgrad/losses/true_class.h>

namespace tailgrad {
inline namespace TAILGRAD_PRECISION {
namespace {

std::unique_ptr<Loss> adjusted(const Settings& settings, const LossSetup& setup, double tau) {
  LossFrame frame(settings, setup);
  frame.need_counts(setup, "the prior");
  std::vector<double> shift = setup.counts.log_prior();
  for (double& value : shift) value *= tau;  // never log(pi^tau + eps): that floors large tau
  return rows::true_class(std::move(frame), rows::ShiftedLogits{rows::as_reals(shift)},
                          rows::LogRule{});
}

}  // namespace

LossEntry la_entry() {
  return {.spec = {.name = "la",
                   .meaning = "cross-entropy of logits raised by tau times the log prior",
                   .formula = "-log softmax(z + tau log pi)_y",
                   .source = "Menon et al. 2021, Long-tail learning via logit adjustment, eq. 10",
                   .options = {{.name = "tau",
                                .fallback = "1",
                                .range = Range::finite(),
                                .meaning = "strength of the adjustment; 0 is ce",
                                .source = "Menon et al. 2021, section 4"}}},
          .needs_counts = true,
          .make = [](const Settings& settings, const LossSetup& setup) -> std::unique_ptr<Loss> {
            return adjusted(settings, setup, settings.number("tau"));
          }};
}

LossEntry balanced_softmax_entry() {
  return {.spec = {.name = "balanced-softmax",
                   .meaning = "cross-entropy of logits raised by the log counts: la with tau=1",
                   .formula = "-log softmax(z + log n)_y",
                   .source = "Ren et al. 2020, Balanced meta-softmax, eq. 4"},
          .needs_counts = true,
          .make = [](const Settings& settings, const LossSetup& setup) -> std::unique_ptr<Loss> {
            return adjusted(settings, setup, 1);
          }};
}

}  // namespace TAILGRAD_PRECISION
}  // namespace tailgrad
