#include <tailgrad/cli/toml_options.h>
#include <tailgrad/core/error.h>

#include "targets.h"

namespace tailgrad::fuzz {

void toml(Input bytes) {
  for (const std::string& option : cli::toml_options(std::string(bytes), "input"))
    ensure(option.empty() || option.starts_with("--"), "an option begins with --");
}

}  // namespace tailgrad::fuzz
