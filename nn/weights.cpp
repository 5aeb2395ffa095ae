#include <tailgrad/nn/weights.h>

#include <algorithm>
#include <set>

#include <tailgrad/core/byte_hash.h>
#include <tailgrad/core/error.h>

namespace tailgrad {
inline namespace TAILGRAD_PRECISION {
namespace {

std::vector<std::size_t> extents(const Shape& shape) {
  std::vector<std::size_t> all;
  for (int axis = 0; axis < shape.rank(); ++axis)
    all.push_back(static_cast<std::size_t>(shape[axis]));
  return all;
}

void copy_values(const StoredTensor& from, const Tensor& to) {
#ifdef TAILGRAD_F64
  std::ranges::copy(from.as_doubles(), to.mutable_data());
#else
  std::ranges::copy(from.as_floats(), to.mutable_data());
#endif
}

}  // namespace

std::vector<StoredTensor> stored_tensors(std::span<const NamedTensor> tensors,
                                         std::string_view prefix) {
  std::vector<StoredTensor> all;
  for (const auto& [name, tensor] : tensors)
    all.push_back(stored(std::string(prefix) + name, extents(tensor.shape()), tensor.values()));
  return all;
}

void read_tensors(const Safetensors& file, std::span<const NamedTensor> into,
                  std::string_view prefix) {
  std::string missing, extra, misshapen;
  std::set<std::string> wanted;
  for (const auto& [name, tensor] : into) {
    const std::string stored_name = std::string(prefix) + name;
    wanted.insert(stored_name);
    const StoredTensor* found = file.find(stored_name);
    if (found == nullptr) {
      missing += "\n  missing: " + stored_name + " " + tensor.shape().text();
    } else if (found->shape != extents(tensor.shape())) {
      misshapen += "\n  another shape: " + stored_name + " needs " + tensor.shape().text() +
                   ", the file has " + found->shape_text();
    }
  }
  for (const StoredTensor& found : file.tensors())
    if (found.name.starts_with(prefix) && !wanted.contains(found.name))
      extra += "\n  not in the model: " + found.name + " " + found.shape_text();
  if (!(missing.empty() && extra.empty() && misshapen.empty()))
    fail(file.source(), "the file does not fit the model" + missing + extra + misshapen);
  for (const auto& [name, tensor] : into) copy_values(file.at(std::string(prefix) + name), tensor);
}

void save_weights(const Module& module, const std::string& path, const StoredMetadata& metadata) {
  write_safetensors(path, stored_tensors(module.named_state()), metadata);
}

void load_weights(const Module& module, const std::string& path) {
  read_tensors(Safetensors::read(path), module.named_state());
}

std::string weights_hash(const Module& module) {
  ByteHash hash;
  for (const NamedTensor& part : module.named_state())
    hash.update(std::as_bytes(part.tensor.values()));
  return hex64(hash.value());
}

}  // namespace TAILGRAD_PRECISION
}  // namespace tailgrad
