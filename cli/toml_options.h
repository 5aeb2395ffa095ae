// What `--config FILE` reads: the part of TOML that options need.
#pragma once

#include <string>
#include <vector>

namespace tailgrad::cli {

/// The options that a TOML text stands for: `epochs = 3` is "--epochs=3", a list is the option once
/// for each of its values. Values are strings ("…" with TOML's escapes, or '…'), words such as
/// numbers and true, and lists of those in brackets. Throws Error with `path`, line and column for
/// anything else, for a name given twice and for sections.
std::vector<std::string> toml_options(std::string text, const std::string& path);

}  // namespace tailgrad::cli
