// The version of the library: the one place that says it (CMake reads it from here).
#pragma once

namespace tailgrad {

/// The version of the library: major.minor.patch.
inline constexpr const char* kVersion = "0.1.0";

}  // namespace tailgrad
