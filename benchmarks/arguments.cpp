#include <tailgrad/benchmarks/arguments.h>

#include <algorithm>
#include <cstdlib>

#include <CLI/CLI.hpp>

namespace tailgrad::benchmarks {

bool Arguments::wants(const std::string& row) const {
  return rows.empty() || std::ranges::find(rows, row) != rows.end();
}

Arguments read_arguments(int argc, char** argv, const char* about, Arguments defaults) {
  Arguments a = std::move(defaults);
  CLI::App app(about);
  app.add_option("--threads", a.threads, "threads to use")->check(CLI::PositiveNumber);
  app.add_option("--row", a.rows, "one row; may be given several times (default: all)");
  app.add_option("--seconds", a.seconds, "time spent measuring a row")->check(CLI::PositiveNumber);
  app.add_option("--shards", a.shards, "parts of a batch (train_steps; default: those of the row)")
      ->check(CLI::NonNegativeNumber);
  app.add_option("--model", a.model, "folder that train wrote (inference)");
  app.add_option("--text", a.text, "words between spaces (inference)");
  app.add_flag("--json", a.json, "one JSON object a line");
  app.add_flag("--list", a.list, "print the names of the rows");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    const int status = app.exit(error);
    std::exit(status == 0 ? 0 : 2);
  }
  return a;
}

}  // namespace tailgrad::benchmarks
