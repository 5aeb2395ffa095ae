#include <tailgrad/nn/layer_norm.h>

#include <tailgrad/nn/check_size.h>

namespace tailgrad {
inline namespace TAILGRAD_PRECISION {

LayerNorm::LayerNorm(Module& parent, std::string_view name, Index width, double epsilon)
    : Module(parent, name), epsilon_(static_cast<Real>(epsilon)) {
  check_size(*this, "LayerNorm", "width", width);
  if (!(epsilon >= 0))
    fail("LayerNorm '" + path() + "'", "epsilon must be >= 0; got " + std::to_string(epsilon));
  weight = parameter("weight", {width}, Init::ones());
  bias = parameter("bias", {width}, Init::zeros());
}

}  // namespace TAILGRAD_PRECISION
}  // namespace tailgrad
