// Items as the arrays that an exported model reads.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include <tailgrad/data/number_dataset.h>
#include <tailgrad/models/examples.h>

namespace tailgrad {

/// One input, row-major, under its name in the graph.
struct OnnxInput {
  std::string name;                ///< of the graph's input
  std::vector<std::size_t> shape;  ///< extents
  /// Ids, columns of numbers, or bytes of images.
  std::variant<std::vector<std::int64_t>, std::vector<double>, std::vector<std::uint8_t>> values;
};

/// All examples as one batch: ids of sequences side by side, padded with -1 to the longest.
///   texts      ids [texts, tokens], with n-grams [texts, tokens, parts]; of pairs kinds
///              [texts, tokens]
///   sentences  tokens [sentences, tokens] into the forms; words [forms], shapes [forms],
///              affixes [forms, affixes], characters [forms, characters]
///   images     pixels [images, height, width, channels]
/// Only those that are in `names`: a runtime refuses what its graph does not know.
std::vector<OnnxInput> onnx_inputs(const Examples& examples, const std::vector<std::string>& names);

/// Rows of numbers: features [rows, columns], not standardised: the graph does that.
std::vector<OnnxInput> onnx_inputs(const NumberDataset& data);

}  // namespace tailgrad
