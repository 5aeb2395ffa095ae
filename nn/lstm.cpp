#include <tailgrad/nn/lstm.h>

#include <cmath>
#include <string>

#include <tailgrad/core/ops/dropout.h>
#include <tailgrad/nn/check_size.h>

namespace tailgrad {
inline namespace TAILGRAD_PRECISION {

Lstm::Lstm(Module& parent, std::string_view name, Index in, Index hidden, LstmOptions options)
    : Module(parent, name), hidden_(hidden), options_(options) {
  check_size(*this, "Lstm", "in", in);
  check_size(*this, "Lstm", "hidden", hidden);
  check_size(*this, "Lstm", "layers", options.layers);
  check_rate("Lstm '" + path() + "'", options.dropout);
  check_rate("Lstm '" + path() + "', weight_dropout", options.weight_dropout);
  for (Index k = 0; k < options.layers; ++k) {
    const Index from = k == 0 ? in : width();
    Layer layer;
    layer.forward = add_weights(k, "", from);
    if (options.bidirectional) layer.backward = add_weights(k, "_reverse", from);
    layers_.push_back(layer);
  }
}

LstmWeights Lstm::add_weights(Index layer, const char* suffix, Index in) {
  const double bound = 1 / std::sqrt(static_cast<double>(hidden_));
  const auto add = [&](const char* name, const Shape& shape) {
    return parameter(std::string(name) + "_l" + std::to_string(layer) + suffix, shape,
                     Init::uniform(-bound, bound));
  };
  LstmWeights w;
  w.weight_ih = add("weight_ih", {4 * hidden_, in});
  w.weight_hh = add("weight_hh", {4 * hidden_, hidden_});
  w.bias_ih = add("bias_ih", {4 * hidden_});
  w.bias_hh = add("bias_hh", {4 * hidden_});
  return w;
}

Tensor Lstm::operator()(const Tensor& x, std::span<const Index> offsets, Where where) const {
  const auto dropped = [&](LstmWeights w) {
    if (options_.weight_dropout > 0 && w.defined())
      w.weight_hh = dropout(w.weight_hh, options_.weight_dropout, where);
    return w;
  };
  Tensor h = x;
  for (const Layer& layer : layers_) {
    const bool first = &layer == &layers_.front();
    if (!first && options_.dropout > 0)
      h = options_.variational ? sequence_dropout(h, offsets, options_.dropout, where)
                               : dropout(h, options_.dropout, where);
    h = lstm(h, offsets, dropped(layer.forward), dropped(layer.backward), where);
  }
  return h;
}

}  // namespace TAILGRAD_PRECISION
}  // namespace tailgrad
