#include "targets.h"

#include <stdlib.h>
#include <unistd.h>

#include <memory>

#include <tailgrad/core/error.h>

namespace tailgrad::fuzz {

bool accepts(const std::function<void()>& read) {
  try {
    read();
    return true;
  } catch (const Error&) {
    return false;
  }
}

const test::TemporaryFolder& folder() {
  static const auto folder = [] {
    if (::access("/dev/shm", W_OK) == 0) ::setenv("TMPDIR", "/dev/shm", 0);  // memory
    return std::make_unique<test::TemporaryFolder>();
  }();
  return *folder;
}

}  // namespace tailgrad::fuzz
