// Which update rule, with which numbers: what `--optimizer adamw:lr=1e-3` says.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include <tailgrad/core/form_spec.h>

namespace tailgrad {

/// Stochastic gradient descent (Sutskever et al. 2013, as in PyTorch's SGD), for update t:
///   g = gradient + weight_decay p
///   b = momentum b + (1 - dampening) g      (b = g at the first update)
///   p = p - lr b, with nesterov: p = p - lr (g + momentum b)
struct SgdOptions {
  double lr = 1e-3;         ///< learning rate
  double momentum = 0;      ///< share of the last step kept, in [0, 1)
  double dampening = 0;     ///< share of the gradient left out of the momentum
  double weight_decay = 0;  ///< added to the gradient as weight_decay p
  bool nesterov = false;    ///< needs momentum > 0 and dampening = 0

  bool operator==(const SgdOptions&) const = default;
};

/// Adam (Kingma and Ba 2015, algorithm 1), for update t = 1, 2, …:
///   g = gradient + weight_decay p
///   m = beta1 m + (1 - beta1) g,  v = beta2 v + (1 - beta2) g²
///   p = p - lr m / (1 - beta1^t) / (sqrt(v / (1 - beta2^t)) + eps)
struct AdamOptions {
  double lr = 1e-3;         ///< learning rate
  double beta1 = 0.9;       ///< of the mean gradient
  double beta2 = 0.999;     ///< of the mean squared gradient
  double eps = 1e-8;        ///< keeps the quotient finite
  double weight_decay = 0;  ///< added to the gradient as weight_decay p

  bool operator==(const AdamOptions&) const = default;
};

/// Adam with decoupled weight decay (Loshchilov and Hutter 2019, algorithm 2): the moments see the
/// plain gradient, and before the update p = (1 - lr weight_decay) p.
struct AdamWOptions {
  double lr = 1e-3;            ///< learning rate
  double beta1 = 0.9;          ///< of the mean gradient
  double beta2 = 0.999;        ///< of the mean squared gradient
  double eps = 1e-8;           ///< keeps the quotient finite
  double weight_decay = 1e-2;  ///< shrinks the weight itself by lr weight_decay

  bool operator==(const AdamWOptions&) const = default;
};

/// Parameters that are treated differently: those whose dotted name matches `pattern` (see
/// glob.h). Of several groups that match, the first counts.
struct ParameterGroup {
  std::string pattern;                      ///< of dotted names, such as "*.bias"
  double lr_factor = 1;                     ///< times the rule's lr; at least 0
  std::optional<double> weight_decay = {};  ///< in place of the rule's
};

/// A rule and its exceptions.
struct OptimizerOptions {
  /// The rule with its numbers.
  std::variant<SgdOptions, AdamOptions, AdamWOptions> rule = AdamOptions{};
  /// Weight decay shrinks matrices only, so not the biases and the gains of norms (anything of one
  /// axis). True: all parameters, as in PyTorch. A group's own weight_decay always counts.
  bool decay_all = false;
  std::vector<ParameterGroup> groups = {};  ///< parameters with numbers of their own
};

/// "sgd:lr=0.1,momentum=0.9,nesterov=true", "adam:lr=1e-3", "adamw:lr=1e-3,decay=all".
/// Throws Error as read_settings does, and for nesterov without momentum or with dampening.
OptimizerOptions read_optimizer(std::string_view text);

/// The canonical text form with every option; read_optimizer reads it back. Throws Error when an
/// option is out of range. (Groups have no text form.)
std::string optimizer_text(const OptimizerOptions& options);

/// Every optimizer there is, for `tailgrad list optimizers`.
const std::vector<FormSpec>& optimizer_forms();

}  // namespace tailgrad
