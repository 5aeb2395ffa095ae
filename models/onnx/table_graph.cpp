// Rows of numbers: mlp. They come in as the files have them and are standardised in double, as
// NumberEncoding does.
#include <nlohmann/json.hpp>

#include <tailgrad/models/onnx/graphs.h>
#include <tailgrad/models/onnx/layers.h>

namespace tailgrad {
inline namespace TAILGRAD_PRECISION {
namespace onnx {

void mlp_graph(Graph& graph, const SavedModel& saved, const Settings&) {
  const nlohmann::json encoding = std::get<NumberEncoding>(saved.about.encoding).json();
  const auto mean = encoding.at("mean").get<std::vector<double>>();
  const auto scale = encoding.at("scale").get<std::vector<double>>();
  const auto columns = static_cast<std::int64_t>(mean.size());
  const Value rows = graph.input("features", Type::float64, {"rows", columns},
                                 "the columns of encoding.columns, in that order");
  const Value centred = graph.op("Sub", {rows, graph.constant("features.mean", {columns}, mean)});
  const Value standard =
      graph.op("Div", {centred, graph.constant("features.scale", {columns}, scale)});
  Value x = cast(graph, standard, Type::float32);
  for (int k = 0;; ++k) {
    const std::string layer = "layers." + std::to_string(k);
    const bool last = !graph.has_weight("layers." + std::to_string(k + 1) + ".weight");
    x = linear(graph, layer, x, last ? Activation::none : Activation::relu);
    if (last) break;
  }
  graph.output("logits", x, {"rows", saved.about.labels.size()}, "a column a class");
}

}  // namespace onnx
}  // namespace TAILGRAD_PRECISION
}  // namespace tailgrad
