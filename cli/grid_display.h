// What a person sees of a grid: its cells, and how far they are.
#pragma once

#include <string>

#include <tailgrad/core/progress.h>
#include <tailgrad/study/grid.h>

namespace tailgrad::cli {

/// One cell a line on stdout: number, state, name; or a JSON array of them.
void list_cells(const Grid& grid, bool as_json);

class GridDisplay {
 public:
  explicit GridDisplay(bool quiet)
      : progress_(quiet ? ProgressStyle::kQuiet : ProgressStyle::kAuto) {}

  void show(const GridProgress& now, const std::string& metric);
  /// Also with --quiet: it is no progress.
  void warn(const std::string& text);
  void clear() { progress_.clear(); }

 private:
  Progress progress_;
  bool started_ = false;
};

}  // namespace tailgrad::cli
