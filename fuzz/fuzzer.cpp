// What libFuzzer calls: the target that this program is built for.
#include "targets.h"

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  using namespace tailgrad::fuzz;
  accepts([&] { TAILGRAD_FUZZ_TARGET({reinterpret_cast<const char*>(data), size}); });
  return 0;
}
