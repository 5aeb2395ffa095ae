#include <tailgrad/losses/cb.h>

#include <tailgrad/losses/bce.h>
#include <tailgrad/losses/focal.h>
#include <tailgrad/losses/true_class.h>

namespace tailgrad {
inline namespace TAILGRAD_PRECISION {
namespace {

std::unique_ptr<Loss> make_cb(const Settings& settings, const LossSetup& setup) {
  LossFrame frame(settings, setup);
  frame.weigh_by_counts(setup, {.kind = "cb", .beta = settings.number("beta")});
  if (settings.is("base", "bce")) return weighted_bce(std::move(frame));
  if (settings.is("base", "focal"))
    return softmax_focal(std::move(frame), settings.number("gamma"));
  return rows::true_class(std::move(frame), rows::PlainLogits{}, rows::LogRule{});
}

}  // namespace

LossEntry cb_entry() {
  return {.spec = {.name = "cb",
                   .meaning = "any of three losses, weighted by the effective number of items",
                   .formula = "w_y base, w_k = C e_k / sum_j e_j, e_k = (1-beta)/(1-beta^n_k)",
                   .source = "Cui et al. 2019, Class-balanced loss based on effective number of "
                             "samples, eq. 6",
                   .options = {{.name = "beta",
                                .fallback = "0.999",
                                .range = Range::half_open(0, 1),
                                .meaning = "weights of classes with more than 1/(1-beta) items tie",
                                .source = "Cui et al. 2019 try 0.9, 0.99, 0.999, 0.9999"},
                               {.name = "base",
                                .kind = OptionKind::word,
                                .fallback = "ce",
                                .words = {"ce", "bce", "focal"},
                                .meaning = "the loss that is weighted"},
                               {.name = "gamma",
                                .fallback = "2",
                                .range = Range::at_least(0),
                                .meaning = "of base=focal",
                                .source = "Lin et al. 2017"}}},
          .needs_counts = true,
          .make = make_cb};
}

}  // namespace TAILGRAD_PRECISION
}  // namespace tailgrad
