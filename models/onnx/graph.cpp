// Numbers of fields are those of onnx/onnx.proto.
#include <tailgrad/models/onnx/graph.h>

#include <limits>

#include <fmt/format.h>

#include <tailgrad/core/error.h>
#include <tailgrad/core/version.h>

namespace tailgrad {
inline namespace TAILGRAD_PRECISION {
namespace onnx {
namespace {

constexpr std::int64_t kIrVersion = 8;  // what came with opset 17
constexpr std::size_t kLargest = std::numeric_limits<std::int32_t>::max();

ProtobufMessage value_info(const std::string& name, Type type, const std::vector<Extent>& shape,
                           const std::string& meaning) {
  ProtobufMessage dimensions;
  for (const Extent& extent : shape) {
    ProtobufMessage dimension;
    if (const auto* number = std::get_if<std::int64_t>(&extent)) {
      dimension.integer(1, *number);
    } else {
      dimension.text(2, std::get<std::string>(extent));
    }
    dimensions.message(1, dimension);
  }
  const ProtobufMessage tensor =
      ProtobufMessage().integer(1, static_cast<std::int64_t>(type)).message(2, dimensions);
  return ProtobufMessage()
      .text(1, name)
      .message(2, ProtobufMessage().message(1, tensor))
      .text(3, meaning);
}

ProtobufMessage attribute_message(const Attribute& attribute) {
  enum : std::int64_t { kFloat = 1, kInt = 2, kString = 3, kInts = 7 };  // AttributeType
  ProtobufMessage out;
  out.text(1, attribute.name);
  if (const auto* number = std::get_if<float>(&attribute.value)) {
    out.number(2, *number).integer(20, kFloat);
  } else if (const auto* integer = std::get_if<std::int64_t>(&attribute.value)) {
    out.integer(3, *integer).integer(20, kInt);
  } else if (const auto* text = std::get_if<std::string>(&attribute.value)) {
    out.text(4, *text).integer(20, kString);
  } else {
    for (const std::int64_t one : std::get<Integers>(attribute.value)) out.integer(8, one);
    out.integer(20, kInts);
  }
  return out;
}

}  // namespace

Graph::Graph(const Module& model) {
  for (const NamedTensor& part : model.named_state()) weights_.emplace(part.name, part.tensor);
  graph_.text(2, "tailgrad");
}

Value Graph::input(const std::string& name, Type type, const std::vector<Extent>& shape,
                   const std::string& meaning) {
  graph_.message(11, value_info(name, type, shape, meaning));
  inputs_.push_back(name);
  return name;
}

void Graph::output(const std::string& name, const Value& value, const std::vector<Extent>& shape,
                   const std::string& meaning) {
  graph_.message(1, ProtobufMessage().text(1, value).text(2, name).text(4, "Identity"));
  graph_.message(12, value_info(name, Type::float32, shape, meaning));
}

std::vector<Value> Graph::ops(const std::string& type, std::size_t results,
                              const std::vector<Value>& inputs,
                              const std::vector<Attribute>& attributes) {
  const std::string name = type + "_" + std::to_string(nodes_++);
  ProtobufMessage node;
  for (const Value& value : inputs) node.text(1, value);
  std::vector<Value> outputs;
  for (std::size_t i = 0; i < results; ++i) {
    outputs.push_back(results == 1 ? name : name + "." + std::to_string(i));
    node.text(2, outputs.back());
  }
  node.text(3, name).text(4, type);
  for (const Attribute& attribute : attributes) node.message(5, attribute_message(attribute));
  graph_.message(1, node);
  return outputs;
}

Value Graph::op(const std::string& type, const std::vector<Value>& inputs,
                const std::vector<Attribute>& attributes) {
  return ops(type, 1, inputs, attributes).front();
}

const Tensor& Graph::numbers_of(const std::string& name) {
  const auto found = weights_.find(name);
  ensure(found != weights_.end(), "onnx: the model has no weight " + name);
  used_.insert(name);
  return found->second;
}

Value Graph::weight(const std::string& name) {
  const Tensor& tensor = numbers_of(name);
  Integers shape;
  for (int axis = 0; axis < tensor.shape().rank(); ++axis) shape.push_back(tensor.shape()[axis]);
  return constant(name, shape, tensor.values());
}

void Graph::initializer(const std::string& name, Type type, const Integers& shape,
                        std::span<const std::byte> bytes) {
  if (!written_.insert(name).second) return;
  ProtobufMessage tensor;
  for (const std::int64_t extent : shape) tensor.integer(1, extent);
  tensor.integer(2, static_cast<std::int64_t>(type)).text(8, name);
  tensor.text(9, {reinterpret_cast<const char*>(bytes.data()), bytes.size()});
  graph_.message(5, tensor);
}

template <class Number>
Value Graph::constant_of(Number value, Type type) {
  const std::string name = fmt::format("{} {}", type == Type::int64 ? "int" : "float", value);
  initializer(name, type, {}, std::as_bytes(std::span<const Number>(&value, 1)));
  return name;
}

Value Graph::constant(float value) {
  return constant_of(value, Type::float32);
}
Value Graph::constant(std::int64_t value) {
  return constant_of(value, Type::int64);
}

Value Graph::constant(const Integers& values) {
  std::string name = "ints";
  for (const std::int64_t value : values) name += " " + std::to_string(value);
  initializer(name, Type::int64, {static_cast<std::int64_t>(values.size())},
              std::as_bytes(std::span<const std::int64_t>(values)));
  return name;
}

Value Graph::constant(const std::string& name, const Integers& shape,
                      std::span<const float> values) {
  initializer(name, Type::float32, shape, std::as_bytes(values));
  return name;
}
Value Graph::constant(const std::string& name, const Integers& shape,
                      std::span<const double> values) {
  initializer(name, Type::float64, shape, std::as_bytes(values));
  return name;
}

std::string Graph::encode(const std::vector<std::pair<std::string, std::string>>& notes) const {
  for (const auto& [name, tensor] : weights_)
    ensure(used_.contains(name), "onnx: no place in the graph for the weight " + name);
  ProtobufMessage model;
  model.integer(1, kIrVersion).text(2, "tailgrad").text(3, kVersion).message(7, graph_);
  model.message(8, ProtobufMessage().text(1, "").integer(2, kOpset));
  for (const auto& [key, value] : notes)
    model.message(14, ProtobufMessage().text(1, key).text(2, value));
  if (model.bytes().size() > kLargest)
    fail("export", "an ONNX file holds at most 2 GiB; this one would have " +
                       std::to_string(model.bytes().size()) + " bytes");
  return model.bytes();
}

}  // namespace onnx
}  // namespace TAILGRAD_PRECISION
}  // namespace tailgrad
