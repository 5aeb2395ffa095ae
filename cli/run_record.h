// What is written beside every result: the program, the machine's kernels, the settings.
#pragma once

#include <nlohmann/json_fwd.hpp>

namespace tailgrad::cli {

/// {version, cpu_level, blas_kernel, threads}
nlohmann::ordered_json run_record();

}  // namespace tailgrad::cli
