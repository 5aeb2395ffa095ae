// The most memory that this process has used.
#pragma once

#include <cstdint>
#include <optional>

namespace tailgrad {

/// Bytes of the largest resident set of this process so far; nothing where the system does not say.
std::optional<std::uint64_t> peak_memory_bytes();

}  // namespace tailgrad
