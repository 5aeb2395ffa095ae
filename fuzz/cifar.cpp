#include <tailgrad/core/error.h>
#include <tailgrad/data/images.h>

#include "targets.h"

namespace tailgrad::fuzz {

void cifar(Input bytes) {
  const std::string path = folder().write("data.bin", bytes);
  const ImageDataset data = read_cifar(path, cifar_kind(path));
  ensure(data.size() == data.labels.size(), "an image has a label");
}

}  // namespace tailgrad::fuzz
