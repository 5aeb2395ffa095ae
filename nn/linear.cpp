#include <tailgrad/nn/linear.h>

#include <cmath>

#include <tailgrad/nn/check_size.h>

namespace tailgrad {
inline namespace TAILGRAD_PRECISION {

Linear::Linear(Module& parent, std::string_view name, Index in, Index out, LinearOptions options)
    : Module(parent, name), activation_(options.activation) {
  check_size(*this, "Linear", "in", in);
  check_size(*this, "Linear", "out", out);
  const double bound = 1 / std::sqrt(static_cast<double>(in));
  const Init within = Init::uniform(-bound, bound);
  weight = parameter("weight", {out, in}, options.weight_init.value_or(within));
  if (options.bias) bias = parameter("bias", {out}, options.bias_init.value_or(within));
}

}  // namespace TAILGRAD_PRECISION
}  // namespace tailgrad
