// Runs the cells of a study on the cores of one machine, or of several that share a folder, and
// goes on where an earlier run was stopped or killed.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include <tailgrad/study/claims.h>
#include <tailgrad/study/studies/study.h>

namespace tailgrad {

/// Where the cells of a study are kept, and whom a run tells.
struct StudyRunOptions {
  std::string folder = {};          ///< for the cells' files; must be there
  ClaimOptions claims = {};         ///< see Claims
  std::function<bool()> stop = {};  ///< true: end soon
  /// After every cell, by one thread at a time: how many of all are done, and which one just now.
  std::function<void(std::size_t done, std::size_t cells, const std::string& finished)> progress =
      {};
  /// Is told, once and by one thread at a time, of each damaged file, whose cell is computed again.
  std::function<void(const std::string&)> warn = {};
};

/// Sixteen hexadecimal digits from study, version and config: the name of the cell's file.
std::string study_cell_id(const StudyEntry& study, const StudyCell& cell);

/// {id, study, name, config, result, seconds} of a cell that is done; none otherwise, also when its
/// file is torn or damaged: `damage` then says how.
std::optional<nlohmann::json> read_study_cell(const StudyEntry& study, const StudyCell& cell,
                                              const std::string& folder, std::string& damage);

/// Runs what is not done, one thread a cell. True: all done; false: stopped, with every finished
/// cell saved. Throws the first Error of a cell; the others are saved.
bool run_study_cells(const StudyEntry& study, const std::vector<StudyCell>& cells,
                     const StudyRunOptions& options);

/// [{name, config, result}] for StudyEntry::judge. Throws Error naming a file that is missing or
/// damaged. `seconds`: of computing, added up.
nlohmann::json read_study_cells(const StudyEntry& study, const std::vector<StudyCell>& cells,
                                const std::string& folder, double& seconds);

}  // namespace tailgrad
