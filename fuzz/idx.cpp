#include <tailgrad/core/error.h>
#include <tailgrad/data/images.h>

#include "targets.h"

namespace tailgrad::fuzz {

void idx(Input bytes) {
  const std::string path = folder().write("input-idx", bytes);
  const IdxFile file = read_idx(path);
  std::size_t size = 1;
  for (const Index extent : file.extents) size *= static_cast<std::size_t>(extent);
  ensure(size == file.values.size(), "as many numbers as the extents say");
  const ImageDataset images = read_idx_images(path);
  ensure(images.size() == static_cast<std::size_t>(file.extents[0]), "as many images");
}

}  // namespace tailgrad::fuzz
