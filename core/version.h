// The version of the library: the one place that says it (CMake reads it from here).
#pragma once

namespace tailgrad {

inline constexpr const char* kVersion = "0.1.0";

}  // namespace tailgrad
