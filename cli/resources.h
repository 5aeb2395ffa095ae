// Threads and memory that a verb may use.
#pragma once

#include <tailgrad/cli/command_line.h>

namespace tailgrad::cli {

/// Sets what --threads and --memory-limit say. Throws Error for a size that is none and for one
/// that is less than the program needs to begin.
void limit_resources(const CommonOptions& options);

}  // namespace tailgrad::cli
