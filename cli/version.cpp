#include <cstdio>
#include <memory>

#include <nlohmann/json.hpp>

#include <tailgrad/cli/run_record.h>
#include <tailgrad/cli/verbs.h>

namespace tailgrad::cli {

void add_version(Program& program) {
  auto as_json = std::make_shared<bool>(false);
  program
      .verb(
          "version", "Version, CPU level, CPU kernels and threads",
          "Results are the same to the bit for the same binary on the same CPU level and kernels.",
          {"tailgrad version", "tailgrad version --json"})
      .flag("json", *as_json, "Print one JSON document")
      .action([as_json] {
        const nlohmann::ordered_json record = run_record();
        if (*as_json) {
          std::puts(record.dump(2).c_str());
        } else {
          std::printf("tailgrad %s, compiled for %s, OpenBLAS kernels %s, %d threads\n",
                      record["version"].get<std::string>().c_str(),
                      record["cpu_level"].get<std::string>().c_str(),
                      record["blas_kernel"].get<std::string>().c_str(),
                      record["threads"].get<int>());
        }
        return 0;
      });
}

}  // namespace tailgrad::cli
