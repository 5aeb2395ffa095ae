// Images: cnn and resnet. They come in as bytes, channels last, as the files have them; inside,
// channels come first, as the ops want them.
#include <limits>

#include <nlohmann/json.hpp>

#include <tailgrad/models/onnx/graphs.h>
#include <tailgrad/models/onnx/layers.h>

namespace tailgrad {
inline namespace TAILGRAD_PRECISION {
namespace onnx {
namespace {

// (byte / 255 - mean) / scale of each channel: [images, channels, height, width].
Value pixels(Graph& graph, const ImageEncoding& encoding) {
  const Integers channels = {encoding.channels()};
  const nlohmann::json numbers = encoding.json();
  const Value bytes = graph.input(
      "pixels", Type::uint8, {"images", encoding.height(), encoding.width(), encoding.channels()},
      "bytes of the image files");
  const Value x = graph.op("Div", {cast(graph, bytes, Type::float32), graph.constant(255.0F)});
  const Value mean =
      graph.constant("pixels.mean", channels, numbers.at("mean").get<std::vector<float>>());
  const Value scale =
      graph.constant("pixels.scale", channels, numbers.at("scale").get<std::vector<float>>());
  const Value normal = graph.op("Div", {graph.op("Sub", {x, mean}), scale});
  return graph.op("Transpose", {normal}, {{"perm", Integers{0, 3, 1, 2}}});
}

Value conv(Graph& graph, const std::string& layer, const Value& x, std::int64_t stride) {
  std::vector<Value> inputs = {x, graph.weight(layer + ".weight")};
  if (graph.has_weight(layer + ".bias")) inputs.push_back(graph.weight(layer + ".bias"));
  const Index size = graph.numbers_of(layer + ".weight").shape()[2];  // 3, or 1 of a shortcut
  const std::int64_t pad = size / 2;
  return graph.op("Conv", inputs,
                  {{"strides", Integers{stride, stride}}, {"pads", Integers{pad, pad, pad, pad}}});
}

Value batch_norm(Graph& graph, const std::string& layer, const Value& x) {
  return graph.op("BatchNormalization",
                  {x, graph.weight(layer + ".weight"), graph.weight(layer + ".bias"),
                   graph.weight(layer + ".running_mean"), graph.weight(layer + ".running_var")},
                  {{"epsilon", 1e-5F}});
}

Value head(Graph& graph, const std::string& layer, const Value& x, const Settings& settings) {
  if (!settings.is("head", "cosine")) return linear(graph, layer, x);
  const Value directions =
      graph.op("Transpose", {normalize_rows(graph, graph.weight(layer + ".weight"))},
               {{"perm", Integers{1, 0}}});
  return graph.op("Mul", {graph.op("MatMul", {normalize_rows(graph, x), directions}),
                          graph.constant(static_cast<float>(settings.number("scale")))});
}

void image_logits(Graph& graph, const SavedModel& saved, const Value& logits) {
  graph.output("logits", logits, {"images", saved.about.labels.size()}, "a column a class");
}

// Where a block of type A changes the size: every second pixel, channels of zeros on both sides.
Value padded_shortcut(Graph& graph, const Value& x, std::int64_t stride, std::int64_t more) {
  const std::int64_t all = std::numeric_limits<std::int64_t>::max();
  const Value picked =
      graph.op("Slice", {x, graph.constant(Integers{0, 0}), graph.constant(Integers{all, all}),
                         graph.constant(Integers{2, 3}), graph.constant(Integers{stride, stride})});
  const std::int64_t before = more / 2;
  return graph.op("Pad",
                  {picked, graph.constant(Integers{0, before, 0, 0, 0, more - before, 0, 0})});
}

Value residual_block(Graph& graph, const std::string& layer, const Value& x, std::int64_t stride) {
  const Shape filters = graph.numbers_of(layer + ".conv1.weight").shape();  // [out, in, 3, 3]
  const Value h = graph.op(
      "Relu", {batch_norm(graph, layer + ".bn1", conv(graph, layer + ".conv1", x, stride))});
  const Value y = batch_norm(graph, layer + ".bn2", conv(graph, layer + ".conv2", h, 1));
  Value shortcut = x;
  if (graph.has_weight(layer + ".shortcut.conv.weight")) {
    shortcut =
        batch_norm(graph, layer + ".shortcut.bn", conv(graph, layer + ".shortcut.conv", x, stride));
  } else if (stride != 1 || filters[0] != filters[1]) {
    shortcut = padded_shortcut(graph, x, stride, filters[0] - filters[1]);
  }
  return graph.op("Relu", {graph.op("Add", {y, shortcut})});
}

}  // namespace

void cnn_graph(Graph& graph, const SavedModel& saved, const Settings& settings) {
  Value x = pixels(graph, std::get<ImageEncoding>(saved.about.encoding));
  for (int stage = 0;; ++stage) {
    const std::string layer = "stages." + std::to_string(stage);
    if (!graph.has_weight(layer + ".conv.weight")) break;
    x = conv(graph, layer + ".conv", x, 1);
    if (settings.flag("batch_norm")) x = batch_norm(graph, layer + ".bn", x);
    x = graph.op("MaxPool", {graph.op("Relu", {x})},
                 {{"kernel_shape", Integers{2, 2}}, {"strides", Integers{2, 2}}});
  }
  // The hidden layer's weight counts channels last.
  const Value channels_last = graph.op("Transpose", {x}, {{"perm", Integers{0, 2, 3, 1}}});
  const Value flat = graph.op("Flatten", {channels_last}, {{"axis", 1}});
  image_logits(graph, saved,
               head(graph, "out", linear(graph, "hidden", flat, Activation::relu), settings));
}

void resnet_graph(Graph& graph, const SavedModel& saved, const Settings& settings) {
  Value x = pixels(graph, std::get<ImageEncoding>(saved.about.encoding));
  x = graph.op("Relu", {batch_norm(graph, "bn1", conv(graph, "conv1", x, 1))});
  for (int stage = 1; stage <= 3; ++stage) {
    for (int block = 0;; ++block) {
      const std::string layer = "layer" + std::to_string(stage) + "." + std::to_string(block);
      if (!graph.has_weight(layer + ".conv1.weight")) break;
      x = residual_block(graph, layer, x, stage > 1 && block == 0 ? 2 : 1);
    }
  }
  const Value pooled = graph.op("Flatten", {graph.op("GlobalAveragePool", {x})}, {{"axis", 1}});
  image_logits(graph, saved, head(graph, "linear", pooled, settings));
}

}  // namespace onnx
}  // namespace TAILGRAD_PRECISION
}  // namespace tailgrad
