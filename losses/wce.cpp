#include <tailgrad/losses/wce.h>

#include <tailgrad/losses/true_class.h>

namespace tailgrad {
inline namespace TAILGRAD_PRECISION {
namespace {

std::unique_ptr<Loss> make_wce(const Settings& settings, const LossSetup& setup) {
  LossFrame frame(settings, setup);
  const std::string& kind = settings.word("weights");
  if (kind == "file") {
    if (setup.weights.empty()) fail("wce:weights=file", "needs class weights from the caller");
  } else if (kind != "none") {
    frame.weigh_by_counts(
        setup, {.kind = kind, .k = settings.number("k"), .inside = settings.is("form", "inside")});
  }
  return rows::true_class(std::move(frame), rows::PlainLogits{}, rows::LogRule{},
                          settings.is("normalise", "weights"));
}

}  // namespace

LossEntry wce_entry() {
  return {.spec = {.name = "wce",
                   .meaning = "cross-entropy with class weights",
                   .formula = "-w_y log p_y; inverse: w_k = n/(C n_k); sqrt-inverse: w_k = "
                              "n/(sqrt(n_k) sum_j sqrt(n_j)); lg: log10((n-n_k)/n_k + k)",
                   .source = "King and Zeng 2001, Logistic regression in rare events data; lg: Li "
                             "et al. 2020, Dice loss for data-imbalanced NLP tasks, section 3.2",
                   .options = {{.name = "weights",
                                .kind = OptionKind::word,
                                .fallback = "inverse",
                                .words = {"inverse", "sqrt-inverse", "lg", "file", "none"},
                                .meaning = "where they come from; file: numbers of the caller"},
                               {.name = "k",
                                .fallback = "1",
                                .range = Range::at_least(0),
                                .meaning = "K of weights=lg",
                                .source = "Li et al. 2020 tune it and print no value"},
                               {.name = "form",
                                .kind = OptionKind::word,
                                .fallback = "outside",
                                .words = {"outside", "inside"},
                                .meaning = "of weights=lg: lg((n-n_k)/n_k + K) or "
                                           "lg((n-n_k)/(n_k + K))",
                                .source = "the paper is read both ways"},
                               {.name = "normalise",
                                .kind = OptionKind::word,
                                .fallback = "count",
                                .words = {"count", "weights"},
                                .meaning = "divide by the items or by the sum of their weights",
                                .source = "weights: PyTorch's CrossEntropyLoss"}}},
          .make = make_wce};
}

}  // namespace TAILGRAD_PRECISION
}  // namespace tailgrad
