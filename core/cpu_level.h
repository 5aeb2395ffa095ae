// Which instructions this copy of the library was compiled for.
#pragma once

namespace tailgrad {

/// The highest level of the x86-64 psABI whose instructions this copy of the library may use:
/// "x86-64", "x86-64-v2", "x86-64-v3" or "x86-64-v4"; "other" on other processors. Of a shared
/// library installed in several levels it names the one that was loaded.
const char* cpu_level();

}  // namespace tailgrad
