#include <algorithm>

#include <tailgrad/core/error.h>
#include <tailgrad/core/safetensors.h>

#include "targets.h"

namespace tailgrad::fuzz {

void safetensors(Input bytes) {
  const Safetensors file =
      Safetensors::parse({bytes_of(bytes).begin(), bytes_of(bytes).end()}, "input");
  for (const StoredTensor& tensor : file.tensors()) {
    accepts([&] { tensor.as_floats(); });
    accepts([&] { tensor.as_integers(); });
  }
  const std::string path = folder().at("written.safetensors");
  write_safetensors(path, file.tensors(), file.metadata());
  const Safetensors again = Safetensors::read(path);
  ensure(again.metadata() == file.metadata(), "metadata are read back");
  ensure(again.tensors().size() == file.tensors().size(), "all arrays are read back");
  for (const StoredTensor& tensor : file.tensors()) {
    const StoredTensor& other = again.at(tensor.name);
    ensure(other.type == tensor.type && other.shape == tensor.shape &&
               std::ranges::equal(other.bytes, tensor.bytes),
           "an array is read back");
  }
}

}  // namespace tailgrad::fuzz
