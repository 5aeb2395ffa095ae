#include <tailgrad/models/onnx/inputs.h>

#include <algorithm>
#include <numeric>
#include <span>

namespace tailgrad {
namespace {

// Rows of ids, row r those from offset r to offset r + 1, side by side: [rows, longest].
OnnxInput padded(std::string name, std::span<const Index> ids, std::span<const Index> offsets) {
  const std::size_t rows = offsets.size() - 1;
  std::size_t longest = 0;
  for (std::size_t r = 0; r < rows; ++r)
    longest = std::max(longest, static_cast<std::size_t>(offsets[r + 1] - offsets[r]));
  std::vector<std::int64_t> values(rows * longest, -1);
  for (std::size_t r = 0; r < rows; ++r)
    std::copy(ids.begin() + offsets[r], ids.begin() + offsets[r + 1],
              values.begin() + static_cast<std::ptrdiff_t>(r * longest));
  return {.name = std::move(name), .shape = {rows, longest}, .values = std::move(values)};
}

OnnxInput flat(std::string name, std::span<const Index> ids) {
  return {.name = std::move(name),
          .shape = {ids.size()},
          .values = std::vector<std::int64_t>(ids.begin(), ids.end())};
}

// Ids of tokens that may have several: [texts, tokens, parts].
OnnxInput padded_parts(const EncodedTexts& texts) {
  const OnnxInput parts = padded("", texts.ids, texts.id_offsets);  // [all tokens, parts]
  const auto& from = std::get<std::vector<std::int64_t>>(parts.values);
  const std::size_t width = parts.shape[1];
  std::vector<Index> places(static_cast<std::size_t>(texts.tokens()));
  std::iota(places.begin(), places.end(), Index{0});
  const OnnxInput tokens = padded("ids", places, texts.offsets);
  std::vector<std::int64_t> values;
  for (const std::int64_t place : std::get<std::vector<std::int64_t>>(tokens.values)) {
    if (place < 0) {
      values.insert(values.end(), width, -1);
    } else {
      const auto begin = from.begin() + place * static_cast<std::ptrdiff_t>(width);
      values.insert(values.end(), begin, begin + static_cast<std::ptrdiff_t>(width));
    }
  }
  return {.name = "ids",
          .shape = {tokens.shape[0], tokens.shape[1], width},
          .values = std::move(values)};
}

std::vector<OnnxInput> all_arrays(const Examples& examples) {
  if (examples.is_images()) {
    const EncodedImages& images = examples.images;
    const auto extent = [](Index n) { return static_cast<std::size_t>(n); };
    return {{.name = "pixels",
             .shape = {extent(images.size()), extent(images.height), extent(images.width),
                       extent(images.channels)},
             .values = images.pixels}};
  }
  if (examples.is_tags()) {
    const EncodedSentences& sentences = examples.sentences;
    const WordForms& forms = sentences.forms;
    return {padded("tokens", sentences.tokens, sentences.offsets), flat("words", forms.words),
            flat("shapes", forms.shapes), padded("affixes", forms.affixes, forms.affix_offsets),
            padded("characters", forms.characters, forms.character_offsets)};
  }
  const EncodedTexts& texts = examples.texts;
  std::vector<OnnxInput> arrays;
  arrays.push_back(texts.id_offsets.empty() ? padded("ids", texts.ids, texts.offsets)
                                            : padded_parts(texts));
  if (!texts.kinds.empty()) arrays.push_back(padded("kinds", texts.kinds, texts.offsets));
  return arrays;
}

}  // namespace

std::vector<OnnxInput> onnx_inputs(const NumberDataset& data) {
  const std::size_t columns = data.columns.size();
  return {{.name = "features",
           .shape = {data.values.size() / columns, columns},
           .values = data.values}};
}

std::vector<OnnxInput> onnx_inputs(const Examples& examples,
                                   const std::vector<std::string>& names) {
  std::vector<OnnxInput> arrays = all_arrays(examples);
  std::erase_if(arrays, [&](const OnnxInput& array) {
    return std::ranges::find(names, array.name) == names.end();
  });
  return arrays;
}

}  // namespace tailgrad
