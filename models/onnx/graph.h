// A computation in the ONNX format, built node by node.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <set>
#include <span>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include <tailgrad/models/onnx/protobuf.h>
#include <tailgrad/nn/module.h>

namespace tailgrad {
inline namespace TAILGRAD_PRECISION {
namespace onnx {

/// The format's numbers for element types.
enum class Type : std::int32_t { float32 = 1, uint8 = 2, int32 = 6, int64 = 7, float64 = 11 };

/// What a node gives and the next one takes, by its name in the file.
using Value = std::string;
/// Shapes, axes and the like.
using Integers = std::vector<std::int64_t>;

/// An extent of an input or output: a number, or the name of one that varies from run to run.
using Extent = std::variant<std::int64_t, std::string>;

/// An option of a node.
struct Attribute {
  std::string name;                                                ///< as the op's page says
  std::variant<std::int64_t, float, std::string, Integers> value;  ///< of the type it wants
};

/// Inputs, nodes, weights and outputs, in the order of the calls.
///
/// Weights appear under their dotted names and in their own layouts. A runtime folds what is done
/// to weights alone, such as a transpose, when it loads the file.
class Graph {
 public:
  static constexpr int kOpset = 17;  ///< the first with LayerNormalization; every op is standard

  /// The model must outlive the graph.
  explicit Graph(const Module& model);

  /// Something that the caller of the graph gives.
  Value input(const std::string& name, Type type, const std::vector<Extent>& shape,
              const std::string& meaning);
  /// Something that the caller gets: floats.
  void output(const std::string& name, const Value& value, const std::vector<Extent>& shape,
              const std::string& meaning);

  /// One node with one result.
  Value op(const std::string& type, const std::vector<Value>& inputs,
           const std::vector<Attribute>& attributes = {});
  /// One node with several results.
  std::vector<Value> ops(const std::string& type, std::size_t results,
                         const std::vector<Value>& inputs,
                         const std::vector<Attribute>& attributes = {});

  /// Whether the model has a weight of that name.
  bool has_weight(const std::string& name) const { return weights_.contains(name); }
  /// A weight of the model. Throws InternalError for a name that it does not have.
  Value weight(const std::string& name);
  /// The numbers of a weight, to be rearranged.
  const Tensor& numbers_of(const std::string& name);

  Value constant(float value);             ///< a number without axes
  Value constant(std::int64_t value);      ///< the same, whole
  Value constant(const Integers& values);  ///< a list of whole numbers
  /// A named array that is no weight of the model.
  Value constant(const std::string& name, const Integers& shape, std::span<const float> values);
  /// The same in double.
  Value constant(const std::string& name, const Integers& shape, std::span<const double> values);

  /// Names of the inputs.
  const std::vector<std::string>& inputs() const { return inputs_; }

  /// The bytes of the file, with notes about the model. Throws InternalError when a weight of the
  /// model has no place in the graph, and Error for a file beyond the format's two gigabytes.
  std::string encode(const std::vector<std::pair<std::string, std::string>>& notes) const;

 private:
  template <class Number>
  Value constant_of(Number value, Type type);
  void initializer(const std::string& name, Type type, const Integers& shape,
                   std::span<const std::byte> bytes);

  std::map<std::string, Tensor> weights_;
  std::set<std::string> used_;     // weights that have a place in the graph
  std::set<std::string> written_;  // initializers
  std::vector<std::string> inputs_;
  std::size_t nodes_ = 0;
  ProtobufMessage graph_;
};

}  // namespace onnx
}  // namespace TAILGRAD_PRECISION
}  // namespace tailgrad
