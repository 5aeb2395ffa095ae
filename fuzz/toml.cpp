#include <nlohmann/json.hpp>

#include <tailgrad/cli/toml_options.h>
#include <tailgrad/core/error.h>

#include "targets.h"

namespace tailgrad::fuzz {

// config.toml of a run has JSON's strings: they are read back as they were.
void toml(Input bytes) {
  for (const std::string& option : cli::toml_options(std::string(bytes), "input")) {
    const std::size_t equals = option.find('=');
    if (equals == std::string::npos) continue;
    const std::string text = "x = " + nlohmann::json(option.substr(equals + 1)).dump() + "\n";
    const std::vector<std::string> again = cli::toml_options(text, "written");
    ensure(again.size() == 1 && again[0] == "--x=" + option.substr(equals + 1),
           "a value is read back");
  }
}

}  // namespace tailgrad::fuzz
