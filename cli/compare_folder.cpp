#include <tailgrad/cli/compare_folder.h>

#include <chrono>
#include <filesystem>
#include <string_view>
#include <thread>

#include <nlohmann/json.hpp>

#include <tailgrad/core/atomic_file.h>
#include <tailgrad/core/output_directory.h>

namespace tailgrad::cli {
namespace {

using nlohmann::json;

constexpr std::string_view kFilesOfComparison[] = {"cells",       "compare.json", "plan.json",
                                                   "config.toml", "result.json",  "timings.json",
                                                   "report.html"};

// Whether a comparison has only just begun in the folder: killed there, or starting beside us.
bool just_begun(const std::string& out) {
  std::error_code code;
  for (const auto& entry : std::filesystem::directory_iterator(out, code)) {
    const std::string name = entry.path().filename().string();
    const bool ours = name == "cells" || name == "compare.json" || name.starts_with(".tailgrad-");
    if (!ours) return false;
  }
  return !code;
}

}  // namespace

void CompareFolder::enter() const {
  const std::string mark = file("compare.json");
  std::error_code code;
  const bool marked = std::filesystem::exists(mark, code);
  const bool same = marked && read_text(mark) == identity;
  const bool go_on = resume || (!force && (same || (!marked && just_begun(path))));
  create_output_directory(path,
                          go_on   ? IfOccupied::kResume
                          : force ? IfOccupied::kForce
                                  : IfOccupied::kRefuse,
                          kFilesOfComparison);
  if (!same || force) write_file(mark, identity);
  create_output_directory(file("cells"), IfOccupied::kResume);
  // Others may be writing beside us, but nobody for an hour at one file.
  for (const std::string& folder : {path, file("cells")}) remove_leftovers(folder, 3600);
}

Cut CompareFolder::cut_to_budget(const std::string& budget, const Problem& problem,
                                 const GridPlan& plan, int jobs) const {
  const std::string plan_file = file("plan.json");
  const auto kept_plan = [&] {
    std::error_code code;
    if (!std::filesystem::exists(plan_file, code)) return json();
    const json kept = json::parse(read_text(plan_file), nullptr, false);
    return kept.is_object() && kept.value("identity", "") == identity ? kept : json();
  };
  json kept = kept_plan();
  Claims claims;
  while (kept.is_null()) {
    if (!claims.take(plan_file + ".claim")) {
      std::this_thread::sleep_for(std::chrono::milliseconds(200));
      kept = kept_plan();
      continue;
    }
    kept = kept_plan();  // another process may just have decided
    if (!kept.is_null()) break;
    const int epochs = plan.competitors.front().experiment.training.epochs;
    const Cut cut =
        fit_budget(measure_costs(problem, plan, jobs), plan, epochs, jobs, read_duration(budget));
    kept = {{"identity", identity},
            {"epochs", cut.epochs},
            {"seeds", cut.seeds},
            {"note", cut.note},
            {"expected_seconds", cut.seconds}};
    write_file(plan_file, kept.dump(2) + "\n");
  }
  return {.epochs = kept.at("epochs"),
          .seeds = kept.at("seeds"),
          .seconds = kept.at("expected_seconds"),
          .note = kept.at("note")};
}

}  // namespace tailgrad::cli
