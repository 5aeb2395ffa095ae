// A root around one layer, whose tensors can then have the layer's own names.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include <tailgrad/nn/module.h>

namespace tailgrad {
inline namespace TAILGRAD_PRECISION {
namespace test {

template <class Layer>
struct Root : Module {
  Layer layer;
  template <class... Arguments>
  explicit Root(Arguments&&... arguments)
      : Module(1), layer(*this, "layer", std::forward<Arguments>(arguments)...) {}
};

/// The tensors of a Root, named without "layer.".
inline std::vector<NamedTensor> bare_names(std::vector<NamedTensor> all) {
  for (NamedTensor& named : all) named.name.erase(0, std::string("layer.").size());
  return all;
}

}  // namespace test
}  // namespace TAILGRAD_PRECISION
}  // namespace tailgrad
