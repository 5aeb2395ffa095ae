// The options that all benchmark programs take.
#pragma once

#include <string>
#include <vector>

namespace tailgrad::benchmarks {

struct Arguments {
  std::vector<std::string> rows = {};  ///< by name; empty: all
  int threads = 2;
  double seconds = 1;      ///< spent measuring a row
  int shards = 0;          ///< of train_steps; 0: those of the row
  std::string model = {};  ///< of inference: folder that train wrote
  std::string text = {};   ///< of inference: words between spaces
  bool json = false;       ///< one JSON object a line
  bool list = false;       ///< only print the names of the rows

  bool wants(const std::string& row) const;
};

/// Reads the command line over `defaults`. Ends the program for --help and for options that are
/// wrong.
Arguments read_arguments(int argc, char** argv, const char* about, Arguments defaults = {});

}  // namespace tailgrad::benchmarks
