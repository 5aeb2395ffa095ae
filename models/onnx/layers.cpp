#include <tailgrad/models/onnx/layers.h>

#include <array>
#include <cmath>

#include <tailgrad/nn/position.h>

namespace tailgrad {
inline namespace TAILGRAD_PRECISION {
namespace onnx {
namespace {

constexpr float kEpsilon = 1e-5F;  // of the norms

Value affine(Graph& graph, const std::string& weight, const std::string& bias, const Value& x) {
  const Value product = graph.op(
      "MatMul", {x, graph.op("Transpose", {graph.weight(weight)}, {{"perm", Integers{1, 0}}})});
  return graph.has_weight(bias) ? graph.op("Add", {product, graph.weight(bias)}) : product;
}

// x (1 + erf(x / sqrt 2)) / 2
Value gelu(Graph& graph, const Value& x) {
  const Value scaled = graph.op("Div", {x, graph.constant(std::sqrt(2.0F))});
  const Value gate = graph.op("Add", {graph.op("Erf", {scaled}), graph.constant(1.0F)});
  return graph.op("Mul", {graph.op("Mul", {x, gate}), graph.constant(0.5F)});
}

// 0 at tokens, very low at padding: [sequences, 1, 1, tokens], to be added to scores.
Value padding_bias(Graph& graph, const Value& present) {
  const Value bias = graph.op("Where", {present, graph.constant(0.0F), graph.constant(kNever)});
  return graph.op("Unsqueeze", {bias, graph.constant(Integers{1, 2})});
}

Value self_attention(Graph& graph, const std::string& layer, const Value& x, const Value& bias,
                     std::int64_t heads) {
  const std::int64_t width = graph.numbers_of(layer + ".in_proj_weight").cols();
  const Value projected = affine(graph, layer + ".in_proj_weight", layer + ".in_proj_bias", x);
  std::vector<Value> parts = graph.ops("Split", 3, {projected}, {{"axis", -1}});
  const Value by_head = graph.constant(Integers{0, 0, heads, width / heads});
  const auto split_heads = [&](const Value& part, const Integers& order) {
    return graph.op("Transpose", {graph.op("Reshape", {part, by_head})}, {{"perm", order}});
  };
  const Value queries = split_heads(parts[0], {0, 2, 1, 3});
  const Value keys = split_heads(parts[1], {0, 2, 3, 1});
  const Value values = split_heads(parts[2], {0, 2, 1, 3});
  const Value scores =
      graph.op("Div", {graph.op("MatMul", {queries, keys}),
                       graph.constant(std::sqrt(static_cast<float>(width / heads)))});
  const Value weights = graph.op("Softmax", {graph.op("Add", {scores, bias})}, {{"axis", -1}});
  const Value mixed = graph.op("Transpose", {graph.op("MatMul", {weights, values})},
                               {{"perm", Integers{0, 2, 1, 3}}});
  return linear(graph, layer + ".out_proj",
                graph.op("Reshape", {mixed, graph.constant(Integers{0, 0, width})}));
}

// ONNX orders the gates of an LSTM input, output, forget, cell; here and in PyTorch they are input,
// forget, cell, output. Appends the blocks of rows of one array.
void append_gates(const Tensor& from, std::vector<float>& to) {
  const std::size_t block = from.size() / 4;
  for (const std::size_t gate : {0, 3, 1, 2}) {
    const auto rows = from.values().subspan(gate * block, block);
    to.insert(to.end(), rows.begin(), rows.end());
  }
}

constexpr std::array kDirections = {"", "_reverse"};

// One array for both directions: parts [4 hidden, n] of each, one below the other.
Value lstm_array(Graph& graph, const std::string& layer, const std::string& number,
                 const std::vector<std::string>& parts, Integers shape) {
  std::vector<float> numbers;
  for (const char* direction : kDirections)
    for (const std::string& part : parts)
      append_gates(graph.numbers_of(layer + "." + part + number + direction), numbers);
  return graph.constant(layer + "." + parts.front() + number + ".onnx", shape, numbers);
}

}  // namespace

Value cast(Graph& graph, const Value& x, Type type) {
  return graph.op("Cast", {x}, {{"to", static_cast<std::int64_t>(type)}});
}

Value present(Graph& graph, const Value& ids) {
  return graph.op("GreaterOrEqual", {ids, graph.constant(std::int64_t{0})});
}

Value as_mask(Graph& graph, const Value& present) {
  return graph.op("Unsqueeze", {cast(graph, present, Type::float32), graph.constant(Integers{-1})});
}

Value embedding(Graph& graph, const std::string& layer, const Value& ids) {
  return graph.op("Gather", {graph.weight(layer + ".weight"), ids});
}

Value linear(Graph& graph, const std::string& layer, const Value& x, Activation activation) {
  const Value y = affine(graph, layer + ".weight", layer + ".bias", x);
  if (activation == Activation::relu) return graph.op("Relu", {y});
  if (activation == Activation::gelu) return gelu(graph, y);
  return activation == Activation::tanh ? graph.op("Tanh", {y}) : y;
}

Value layer_norm(Graph& graph, const std::string& layer, const Value& x) {
  return graph.op("LayerNormalization",
                  {x, graph.weight(layer + ".weight"), graph.weight(layer + ".bias")},
                  {{"axis", -1}, {"epsilon", kEpsilon}});
}

Value normalize_rows(Graph& graph, const Value& x) {
  const Value length = graph.op("ReduceL2", {x}, {{"axes", Integers{-1}}, {"keepdims", 1}});
  return graph.op("Div", {x, graph.op("Max", {length, graph.constant(1e-12F)})});
}

Value sinusoidal_positions(Graph& graph, Index longest, Index width) {
  const std::vector<Index> one_sequence = {0, longest};
  const Tensor table =
      SinusoidalPositions(longest, width)(Tensor::zeros({longest, width}), one_sequence);
  return graph.constant("positions", {longest, width}, table.values());
}

Value add_positions(Graph& graph, const Value& x, const Value& table) {
  const Value tokens = graph.op("Shape", {x}, {{"start", 1}, {"end", 2}});
  const Value zero = graph.constant(Integers{0});
  return graph.op("Add", {x, graph.op("Slice", {table, zero, tokens, zero})});
}

Value transformer_encoder(Graph& graph, const std::string& layer, const Value& x,
                          const Value& present, const EncoderForm& form) {
  const Value bias = padding_bias(graph, present);
  Value h = x;
  for (int k = 0;; ++k) {
    const std::string here = layer + ".layers." + std::to_string(k);
    if (!graph.has_weight(here + ".norm1.weight")) break;
    const auto attend = [&](const Value& in) {
      return self_attention(graph, here + ".self_attn", in, bias, form.heads);
    };
    const auto feed_forward = [&](const Value& in) {
      return linear(graph, here + ".linear2",
                    linear(graph, here + ".linear1", in, Activation::gelu));
    };
    if (form.norm_first) {
      h = graph.op("Add", {h, attend(layer_norm(graph, here + ".norm1", h))});
      h = graph.op("Add", {h, feed_forward(layer_norm(graph, here + ".norm2", h))});
    } else {
      h = layer_norm(graph, here + ".norm1", graph.op("Add", {h, attend(h)}));
      h = layer_norm(graph, here + ".norm2", graph.op("Add", {h, feed_forward(h)}));
    }
  }
  return graph.has_weight(layer + ".norm.weight") ? layer_norm(graph, layer + ".norm", h) : h;
}

LstmValues bidirectional_lstm(Graph& graph, const std::string& layer, const Value& x,
                              const Value& present) {
  const Value ones = cast(graph, present, Type::int32);
  const Value lengths =
      graph.op("ReduceSum", {ones, graph.constant(Integers{-1})}, {{"keepdims", 0}});
  LstmValues values{.all = x, .last = {}};
  for (int k = 0;; ++k) {
    const std::string number = "_l" + std::to_string(k);
    const std::string inputs = layer + ".weight_ih" + number;
    if (!graph.has_weight(inputs)) break;
    const std::int64_t in = graph.numbers_of(inputs).cols();
    const std::int64_t hidden = graph.numbers_of(inputs).rows() / 4;
    // Time first, as the op wants it.
    const Value steps = graph.op("Transpose", {values.all}, {{"perm", Integers{1, 0, 2}}});
    const std::vector<Value> out = graph.ops(
        "LSTM", 2,
        {steps, lstm_array(graph, layer, number, {"weight_ih"}, {2, 4 * hidden, in}),
         lstm_array(graph, layer, number, {"weight_hh"}, {2, 4 * hidden, hidden}),
         lstm_array(graph, layer, number, {"bias_ih", "bias_hh"}, {2, 8 * hidden}), lengths},
        {{"direction", "bidirectional"}, {"hidden_size", hidden}});
    // [tokens, directions, sequences, hidden] and [directions, sequences, hidden]
    const Value all = graph.op("Transpose", {out[0]}, {{"perm", Integers{2, 0, 1, 3}}});
    values.all = graph.op("Reshape", {all, graph.constant(Integers{0, 0, 2 * hidden})});
    const Value last = graph.op("Transpose", {out[1]}, {{"perm", Integers{1, 0, 2}}});
    values.last = graph.op("Reshape", {last, graph.constant(Integers{0, 2 * hidden})});
  }
  return values;
}

}  // namespace onnx
}  // namespace TAILGRAD_PRECISION
}  // namespace tailgrad
