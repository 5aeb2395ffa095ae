// A small table problem with a rare class, and grids over it.
#pragma once

#include <string>
#include <vector>

#include <tailgrad/core/random.h>
#include <tailgrad/study/grid.h>

#include <support/temporary_folder.h>

namespace tailgrad::test {

/// Two columns, three classes by the sum of the columns plus noise: "low", "mid", rare "top".
inline std::string table_csv(std::size_t rows, std::uint64_t seed) {
  Random random(seed, "toy table");
  std::string csv = "x,y,label\n";
  for (std::size_t row = 0; row < rows; ++row) {
    const double x = random.normal();
    const double y = random.normal();
    const double sum = x + y + 0.5 * random.normal();
    csv += std::to_string(x) + "," + std::to_string(y) + "," +
           (sum > 2.2   ? "top"
            : sum > 0.5 ? "mid"
                        : "low") +
           "\n";
  }
  return csv;
}

inline Problem table_problem(const TemporaryFolder& folder, std::size_t rows = 200) {
  spill(folder.at("table.csv"), table_csv(rows, 1));
  spill(folder.at("test.csv"), table_csv(100, 2));
  return load_problem(
      {.data = folder.at("table.csv"), .test = folder.at("test.csv"), .task = "table"});
}

/// Losses as a user writes them; two seeds, three epochs of a tiny network.
inline GridPlan table_plan(const std::vector<std::string>& losses, int seeds = 2) {
  GridPlan plan;
  for (const std::string& loss : losses) {
    Competitor one{.name = loss};
    one.experiment.loss = loss;
    one.experiment.model = "mlp:hidden=8,dropout=0.1";
    one.experiment.training.epochs = 3;
    one.experiment.training.batch_tokens = 32;
    plan.competitors.push_back(one);
  }
  for (int s = 1; s <= seeds; ++s) plan.seeds.push_back(static_cast<std::uint64_t>(s));
  return plan;
}

/// The folder of a grid's cells, made.
inline std::string cells_folder(const TemporaryFolder& folder, const std::string& name) {
  std::filesystem::create_directories(folder.at(name));
  return folder.at(name);
}

}  // namespace tailgrad::test
