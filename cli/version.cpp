#include <tailgrad/cli/verbs.h>

#include <cstdio>
#include <memory>

#include <nlohmann/json.hpp>

#include <tailgrad/core/kernels/gemm.h>
#include <tailgrad/core/parallel.h>
#include <tailgrad/core/version.h>

namespace tailgrad::cli {

void add_version(Program& program) {
  auto json = std::make_shared<bool>(false);
  program
      .verb("version", "Version, CPU kernels and threads",
            "Results are the same to the bit for the same binary on the same CPU kernels.",
            {"tailgrad version", "tailgrad version --json"})
      .flag("json", *json, "Print one JSON document")
      .action([json] {
        if (*json) {
          const nlohmann::ordered_json document = {
              {"version", kVersion}, {"blas_kernel", blas_kernel_name()}, {"threads", threads()}};
          std::puts(document.dump(2).c_str());
        } else {
          std::printf("tailgrad %s, OpenBLAS kernels %s, %d threads\n", kVersion,
                      blas_kernel_name().c_str(), threads());
        }
        return 0;
      });
}

}  // namespace tailgrad::cli
