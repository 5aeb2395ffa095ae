#include <tailgrad/data/file.h>

#include "targets.h"

namespace tailgrad::fuzz {

void gz(Input bytes) {
  TextFile::read(folder().write("text.gz", bytes), Encoding::latin1);
}

}  // namespace tailgrad::fuzz
