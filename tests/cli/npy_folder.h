// A folder with the .npy files of one test.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <tailgrad/core/npy.h>

#include <support/temporary_folder.h>
#include "cli/run_program.h"

namespace tailgrad::test {

class NpyFolder : public TemporaryFolder {
 public:
  using Shape = std::vector<std::size_t>;

  std::string floats(const std::string& name, const Shape& shape,
                     const std::vector<float>& values) const {
    write_npy(at(name), values, shape);
    return at(name);
  }
  std::string doubles(const std::string& name, const Shape& shape,
                      const std::vector<double>& values) const {
    write_npy(at(name), values, shape);
    return at(name);
  }
  std::string integers(const std::string& name, const Shape& shape,
                       const std::vector<std::int64_t>& values) const {
    write_npy(at(name), values, shape);
    return at(name);
  }
};

}  // namespace tailgrad::test
