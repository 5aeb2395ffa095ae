#include <tailgrad/cli/grid_display.h>

#include <cstdio>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace tailgrad::cli {
namespace {

using nlohmann::ordered_json;

std::string state_of(const Grid& grid, const GridCell& cell) {
  if (!grid.known(cell)) return "waits for its tries";
  return grid.done(cell) ? "done" : "to do";
}

}  // namespace

void list_cells(const Grid& grid, bool as_json) {
  ordered_json rows = ordered_json::array();
  for (std::size_t i = 0; i < grid.cells().size(); ++i) {
    const GridCell& cell = grid.cells()[i];
    const std::string state = state_of(grid, cell);
    if (as_json) {
      rows.push_back({{"cell", i + 1}, {"name", grid.name(cell)}, {"state", state}});
    } else {
      fmt::print("{}\t{}\t{}\n", i + 1, state, grid.name(cell));
    }
  }
  if (as_json) fmt::print("{}\n", rows.dump(2));
}

void GridDisplay::show(const GridProgress& now, const std::string& metric) {
  if (!started_) progress_.start("cells", now.cells, "cells");
  started_ = true;
  if (!now.finished.empty()) {
    std::string line = fmt::format("[{}/{}] {}", now.done, now.cells, now.finished);
    if (now.seconds_left >= 0 && now.done < now.cells)
      line += "; left " + clock_text(now.seconds_left);
    if (!now.best.empty())
      line += fmt::format("; best so far {} (dev {} {:.4f})", now.best, metric, now.best_score);
    progress_.line(line);
  }
  progress_.update(now.done);
}

void GridDisplay::warn(const std::string& text) {
  progress_.clear();
  fmt::print(stderr, "warning: {}\n", text);
}

}  // namespace tailgrad::cli
