// The command line: verbs with typed options, from arguments and from a TOML file.
//
// A thin face over CLI11 so that one file pays for compiling it, and so that every verb reads,
// prints and stores its options in the same way.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

namespace CLI {
class App;
}

namespace tailgrad::cli {

/// Options that most verbs share.
struct CommonOptions {
  std::uint64_t seed = 1;
  int threads = 0;                ///< 0: one a core
  std::string memory_limit = {};  ///< "2G"; empty: none
  bool json = false;
  bool quiet = false;
};

/// One verb while its options are declared. Option names are given without dashes. The variable
/// holds the default and must outlive the parsing.
class Verb {
 public:
  explicit Verb(CLI::App& app) : app_(&app) {}

  /// Heading in --help for the options that follow.
  Verb& group(const std::string& heading);
  Verb& positional(const std::string& name, std::string& value, const std::string& help,
                   bool required = true);
  Verb& option(const std::string& name, std::string& value, const std::string& help);
  Verb& option(const std::string& name, int& value, const std::string& help);
  Verb& option(const std::string& name, std::uint64_t& value, const std::string& help);
  Verb& option(const std::string& name, double& value, const std::string& help);
  /// May be given several times; each adds one value.
  Verb& option(const std::string& name, std::vector<std::string>& values, const std::string& help);
  Verb& flag(const std::string& name, bool& value, const std::string& help);
  /// A flag that makes `value` false: --no-header.
  Verb& negative_flag(const std::string& name, bool& value, const std::string& help);
  /// A flag that says how to begin (--force, --resume) and not what to compute: no part of
  /// config().
  Verb& start_flag(const std::string& name, bool& value, const std::string& help);
  Verb& required(const std::string& name);
  /// --seed, --threads, --memory-limit, --json, --quiet. Threads and memory are set before the
  /// action runs.
  Verb& common(CommonOptions& options);
  /// What runs when the verb is chosen; returns the exit status. Comes last.
  Verb& action(std::function<int()> run);

  /// Whether the option was given, by an argument or in the TOML file; false for one that the verb
  /// does not have.
  bool given(const std::string& name) const;
  /// All options with their values now: for results, and as a TOML file that --config reads back.
  nlohmann::ordered_json config() const;
  std::string toml() const;

 private:
  template <class T>
  Verb& declare(const std::string& name, T& value, const std::string& help);

  CLI::App* app_;
  const CommonOptions* common_ = nullptr;
  std::string group_ = "Options";
};

/// The program: its verbs, the parsing and the run.
class Program {
 public:
  Program(const std::string& name, const std::string& description,
          const std::string& first_example);
  ~Program();

  /// Declares a verb. `examples` are full command lines shown at the end of its --help.
  Verb verb(const std::string& name, const std::string& summary, const std::string& purpose,
            const std::vector<std::string>& examples);
  /// Parses and runs. Prints help to stdout, errors to stderr, returns the exit status (cli.md).
  int run(int argc, char** argv);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace tailgrad::cli
