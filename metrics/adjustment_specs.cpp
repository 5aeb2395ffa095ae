// The explicit table of post-hoc adjustments; posthoc.cpp does what it says.
#include <tailgrad/metrics/posthoc.h>

namespace tailgrad {

const std::vector<FormSpec>& adjustment_specs() {
  static const std::vector<FormSpec> specs = {
      {.name = "la",
       .meaning = "logit adjustment: takes the training prior out of the scores",
       .formula = "argmax_k z_k - tau log pi_k",
       .source = "Menon et al. 2021, eq. 9",
       .options = {{.name = "tau",
                    .fallback = "1",
                    .words = {"tuned"},
                    .meaning = "strength; 1 is consistent for the balanced error when the model "
                               "is calibrated; tuned: chosen on dev"}}},
      {.name = "prior",
       .meaning = "moves the scores from the training prior to the prior of another place",
       .formula = "z_k + log target_k - log pi_k",
       .source = "Saerens, Latinne, Decaestecker 2002, eq. 2.4",
       .options = {{.name = "target",
                    .kind = OptionKind::text,
                    .fallback = "uniform",
                    .words = {"uniform"},
                    .meaning = "a file with one positive number a class, scaled to sum 1"}}},
      {.name = "temperature",
       .meaning = "calibration: one divisor for all logits; changes no answer",
       .formula = "z_k / T",
       .source = "Guo et al. 2017, section 4.2",
       .options = {{.name = "value",
                    .fallback = "tuned",
                    .range = Range::above(0),
                    .words = {"tuned"},
                    .meaning = "T; tuned: least mean negative log-likelihood on dev"}}},
      {.name = "threshold",
       .meaning = "a threshold for each class: argmax_k z_k - t_k, or p_k >= t_k when multi-label",
       .formula = "z_k - t_k (multi-label: z_k - log(t_k / (1 - t_k)))",
       .source = "coordinate search on dev, see metrics/tune_thresholds.h",
       .options = {{.name = "values",
                    .kind = OptionKind::numbers,
                    .fallback = "tuned",
                    .words = {"tuned"},
                    .meaning = "one number a class; tuned: best for the metric on dev"}}},
      {.name = "tau-norm",
       .meaning =
           "divides each logit by a power of its class's weight norm; for heads without bias",
       .formula = "z_k / |w_k|^tau",
       .source = "Kang et al. 2020, section 4.2",
       .options = {{.name = "weights",
                    .kind = OptionKind::text,
                    .meaning = "file with the head's weights [classes, features]"},
                   {.name = "tau",
                    .fallback = "1",
                    .range = Range::at_least(0),
                    .words = {"tuned"},
                    .meaning = "strength; tuned: chosen on dev"}}},
  };
  return specs;
}

const FormSpec& adjustment_spec(std::string_view name) {
  std::vector<std::string> known;
  for (const FormSpec& spec : adjustment_specs()) {
    if (spec.name == name) return spec;
    known.push_back(spec.name);
  }
  fail_unknown_name("adjustment", name, known);
}

}  // namespace tailgrad
