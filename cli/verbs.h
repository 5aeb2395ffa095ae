// The verbs, one file each: declares its options and what it does.
#pragma once

#include <tailgrad/cli/command_line.h>

namespace tailgrad::cli {

void add_version(Program& program);

}  // namespace tailgrad::cli
