#include <tailgrad/cli/run_record.h>

#include <nlohmann/json.hpp>

#include <tailgrad/core/cpu_level.h>
#include <tailgrad/core/kernels/gemm.h>
#include <tailgrad/core/parallel.h>
#include <tailgrad/core/version.h>

namespace tailgrad::cli {

nlohmann::ordered_json run_record() {
  return {{"version", kVersion},
          {"cpu_level", cpu_level()},
          {"blas_kernel", blas_kernel_name()},
          {"threads", threads()}};
}

}  // namespace tailgrad::cli
