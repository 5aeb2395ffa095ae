// Patterns on dotted names.
#pragma once

#include <string_view>

namespace tailgrad {

/// Whether `pattern` describes all of `text`: '*' stands for any characters (dots too, and none),
/// '?' for one, everything else for itself. "encoder.*.bias", "*norm?.weight".
bool glob_match(std::string_view pattern, std::string_view text);

}  // namespace tailgrad
