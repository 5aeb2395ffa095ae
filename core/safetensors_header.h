// The JSON header of a safetensors file, read strictly. Internal to core/safetensors.cpp.
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace tailgrad {

struct HeaderEntry {
  std::string name;
  std::string dtype;
  std::vector<std::size_t> shape;
  std::size_t begin = 0;
  std::size_t end = 0;
};

struct Header {
  std::vector<HeaderEntry> entries;
  std::map<std::string, std::string> metadata;
};

/// Throws Error, with `source` in front, for everything that is not exactly
/// {"__metadata__": {text: text}, name: {"dtype": text, "shape": [n], "data_offsets": [n, n]}}
/// followed by spaces, with every key given once. Sizes and offsets are not compared with anything.
Header read_header(std::string_view text, const std::string& source);

}  // namespace tailgrad
