#include <tailgrad/optim/optimizer_options.h>

#include <algorithm>

#include <fmt/format.h>

#include <tailgrad/core/error.h>

namespace tailgrad {
namespace {

const std::string kPyTorch = "PyTorch's default";

OptionSpec lr_option() {
  return {.name = "lr",
          .fallback = "0.001",
          .range = Range::at_least(0),
          .meaning = "learning rate, before the schedule's factor",
          .source = kPyTorch};
}

OptionSpec decay_option() {
  return {.name = "decay",
          .kind = OptionKind::word,
          .fallback = "matrices",
          .words = {"matrices", "all"},
          .meaning = "what weight_decay shrinks: matrices spares biases and norm gains",
          .source = "common practice; PyTorch: all"};
}

FormSpec sgd_form() {
  return {
      .name = "sgd",
      .meaning = "stochastic gradient descent with momentum",
      .formula =
          "g = gradient + weight_decay p; b = momentum b + (1 - dampening) g (first: b = g); "
          "p = p - lr b, with nesterov: p - lr (g + momentum b)",
      .source = "Sutskever et al. 2013, as in PyTorch's SGD",
      .options = {lr_option(),
                  {.name = "momentum",
                   .fallback = "0",
                   .range = Range::half_open(0, 1),
                   .meaning = "share of the last direction that is kept",
                   .source = kPyTorch},
                  {.name = "dampening",
                   .fallback = "0",
                   .range = Range::between(0, 1),
                   .meaning = "share of the gradient that the direction leaves out",
                   .source = kPyTorch},
                  {.name = "weight_decay",
                   .fallback = "0",
                   .range = Range::at_least(0),
                   .meaning = "coupled (L2): added to the gradient",
                   .source = kPyTorch},
                  {.name = "nesterov",
                   .kind = OptionKind::flag,
                   .fallback = "false",
                   .meaning = "look ahead along the direction; needs momentum > 0, dampening = 0",
                   .source = kPyTorch},
                  decay_option()}};
}

FormSpec adam_form(bool decoupled) {
  const std::string moments =
      "m = beta1 m + (1 - beta1) g; v = beta2 v + (1 - beta2) g^2; "
      "p = p - lr m / (1 - beta1^t) / (sqrt(v / (1 - beta2^t)) + eps)";
  return {.name = decoupled ? "adamw" : "adam",
          .meaning = decoupled ? "Adam with decoupled weight decay"
                               : "steps scaled by running moments of the gradient",
          .formula = decoupled ? "p = (1 - lr weight_decay) p; g = gradient; " + moments
                               : "g = gradient + weight_decay p; " + moments,
          .source = decoupled ? "Loshchilov and Hutter 2019, algorithm 2"
                              : "Kingma and Ba 2015, algorithm 1",
          .options = {lr_option(),
                      {.name = "beta1",
                       .fallback = "0.9",
                       .range = Range::half_open(0, 1),
                       .meaning = "decay of the first moment",
                       .source = "Kingma and Ba 2015, section 2"},
                      {.name = "beta2",
                       .fallback = "0.999",
                       .range = Range::half_open(0, 1),
                       .meaning = "decay of the second moment",
                       .source = "Kingma and Ba 2015, section 2"},
                      {.name = "eps",
                       .fallback = "1e-08",
                       .range = Range::at_least(1e-30),  // 0 would make 0/0 of a zero gradient
                       .meaning = "added to the root of the second moment",
                       .source = "Kingma and Ba 2015, section 2"},
                      {.name = "weight_decay",
                       .fallback = decoupled ? "0.01" : "0",
                       .range = Range::at_least(0),
                       .meaning = decoupled ? "decoupled: shrinks the weights themselves"
                                            : "coupled (L2): added to the gradient",
                       .source = kPyTorch},
                      decay_option()}};
}

template <class Options>
Options adam_options(const Settings& settings) {
  return {.lr = settings.number("lr"),
          .beta1 = settings.number("beta1"),
          .beta2 = settings.number("beta2"),
          .eps = settings.number("eps"),
          .weight_decay = settings.number("weight_decay")};
}

TextForm form_of(const SgdOptions& o) {
  return {.name = "sgd",
          .options = {{"lr", shortest_text(o.lr)},
                      {"momentum", shortest_text(o.momentum)},
                      {"dampening", shortest_text(o.dampening)},
                      {"weight_decay", shortest_text(o.weight_decay)},
                      {"nesterov", o.nesterov ? "true" : "false"}}};
}

TextForm form_of_adam(std::string name, double lr, double beta1, double beta2, double eps,
                      double weight_decay) {
  return {.name = std::move(name),
          .options = {{"lr", shortest_text(lr)},
                      {"beta1", shortest_text(beta1)},
                      {"beta2", shortest_text(beta2)},
                      {"eps", shortest_text(eps)},
                      {"weight_decay", shortest_text(weight_decay)}}};
}
TextForm form_of(const AdamOptions& o) {
  return form_of_adam("adam", o.lr, o.beta1, o.beta2, o.eps, o.weight_decay);
}
TextForm form_of(const AdamWOptions& o) {
  return form_of_adam("adamw", o.lr, o.beta1, o.beta2, o.eps, o.weight_decay);
}

Settings read_checked(const TextForm& form) {
  const std::vector<FormSpec>& forms = optimizer_forms();
  const auto spec = std::ranges::find(forms, form.name, &FormSpec::name);
  if (spec == forms.end()) {
    std::vector<std::string> names;
    for (const FormSpec& known : forms) names.push_back(known.name);
    fail_unknown_name("optimizer", form.name, names);
  }
  Settings settings = read_settings(*spec, form);
  if (form.name == "sgd" && settings.flag("nesterov") &&
      (settings.number("momentum") == 0 || settings.number("dampening") != 0))
    fail(fmt::format("'{}'", settings.text()), "nesterov needs momentum > 0 and dampening = 0");
  return settings;
}

}  // namespace

const std::vector<FormSpec>& optimizer_forms() {
  static const std::vector<FormSpec> forms = {sgd_form(), adam_form(false), adam_form(true)};
  return forms;
}

OptimizerOptions read_optimizer(std::string_view text) {
  const Settings settings = read_checked(parse_text_form(text));
  OptimizerOptions options;
  options.decay_all = settings.is("decay", "all");
  if (settings.name() == "sgd") {
    options.rule = SgdOptions{.lr = settings.number("lr"),
                              .momentum = settings.number("momentum"),
                              .dampening = settings.number("dampening"),
                              .weight_decay = settings.number("weight_decay"),
                              .nesterov = settings.flag("nesterov")};
  } else if (settings.name() == "adam") {
    options.rule = adam_options<AdamOptions>(settings);
  } else {
    options.rule = adam_options<AdamWOptions>(settings);
  }
  return options;
}

std::string optimizer_text(const OptimizerOptions& options) {
  TextForm form = std::visit([](const auto& rule) { return form_of(rule); }, options.rule);
  form.options.push_back({"decay", options.decay_all ? "all" : "matrices"});
  return read_checked(form).full_text();
}

}  // namespace tailgrad
