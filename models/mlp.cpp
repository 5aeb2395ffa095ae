#include <tailgrad/models/mlp.h>

#include <algorithm>

#include <tailgrad/core/ops.h>

namespace tailgrad {
inline namespace TAILGRAD_PRECISION {

Mlp::Mlp(Index features, Index classes, std::uint64_t seed, const MlpOptions& options)
    : Model(seed), dropout_(options.dropout), layers_(*this, "layers") {
  Index width = features;
  for (const Index hidden : options.hidden) {
    layers_.add(width, hidden, LinearOptions{.activation = Activation::relu});
    width = hidden;
  }
  layers_.add(width, classes);
}

Tensor Mlp::operator()(const Tensor& x) const {
  Tensor h = x;
  for (std::size_t layer = 0; layer + 1 < layers_.size(); ++layer)
    h = dropout(layers_[layer](h), dropout_);
  return output()(h);
}

Tensor Mlp::logits(const Examples& batch) const {
  Tensor x = Tensor::empty({batch.size(), batch.feature_count});
  std::ranges::copy(batch.features, x.mutable_data());
  return (*this)(x);
}

ModelEntry mlp_entry() {
  return {.spec = {.name = "mlp",
                   .meaning = "multi-layer perceptron on columns of numbers",
                   .formula = "softmax(W relu(... relu(W1 x + b1)) + b)",
                   .source = "Rumelhart, Hinton, Williams 1986",
                   .options = {{.name = "hidden",
                                .kind = OptionKind::numbers,
                                .fallback = "64/64",
                                .range = Range::between(1, 65536),
                                .meaning = "widths of the hidden layers"},
                               {.name = "dropout",
                                .fallback = "0",
                                .range = Range::half_open(0, 1),
                                .meaning = "dropout after every hidden layer"}}},
          .task = "table",
          .make = [](const Settings& settings, const ModelSetup& setup) -> std::unique_ptr<Model> {
            MlpOptions options{.hidden = {}, .dropout = settings.number("dropout")};
            for (const double width : settings.numbers("hidden")) {
              if (width != static_cast<double>(static_cast<Index>(width)))
                fail("mlp", "hidden widths are whole numbers, got " + shortest_text(width));
              options.hidden.push_back(static_cast<Index>(width));
            }
            return std::make_unique<Mlp>(setup.features, setup.classes, setup.seed, options);
          }};
}

}  // namespace TAILGRAD_PRECISION
}  // namespace tailgrad
