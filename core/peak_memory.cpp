#include <tailgrad/core/peak_memory.h>

#include <fstream>
#include <string>

namespace tailgrad {

// Not getrusage: its maximum starts with that of the process that called exec, a shell or a Python
// of any size.
std::optional<std::uint64_t> peak_memory_bytes() {
  std::ifstream status("/proc/self/status");
  for (std::string word; status >> word;) {
    std::uint64_t kibibytes = 0;
    if (word == "VmHWM:" && status >> kibibytes) return kibibytes * 1024;
  }
  return std::nullopt;
}

}  // namespace tailgrad
