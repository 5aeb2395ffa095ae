#include <algorithm>

#include <tailgrad/core/checkpoint_files.h>
#include <tailgrad/core/error.h>

#include "targets.h"

namespace tailgrad::fuzz {

// As they are: a mutation seldom passes the checksum. As the content of a checkpoint: always.
void checkpoint(Input bytes) {
  folder().write("state-0.safetensors", bytes);
  CheckpointFiles files(folder().at("state"));
  accepts([&] { files.read(); });

  const Safetensors content =
      Safetensors::parse({bytes_of(bytes).begin(), bytes_of(bytes).end()}, "content");
  CheckpointFiles written(folder().at("written"));
  written.write(content.tensors(), content.metadata());
  const std::optional<Safetensors> again = written.read();
  ensure(again && again->sealed() && again->tensors().size() == content.tensors().size(),
         "a checkpoint is read back");
  for (const StoredTensor& tensor : content.tensors())
    ensure(std::ranges::equal(again->at(tensor.name).bytes, tensor.bytes), "with the same bytes");
}

}  // namespace tailgrad::fuzz
