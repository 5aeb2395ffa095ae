#include <tailgrad/cli/command_line.h>

#include <CLI/CLI.hpp>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <map>
#include <new>
#include <optional>
#include <system_error>

#include <nlohmann/json.hpp>

#include <tailgrad/cli/resources.h>
#include <tailgrad/cli/toml_options.h>
#include <tailgrad/core/atomic_file.h>
#include <tailgrad/core/error.h>
#include <tailgrad/core/text_form.h>

namespace tailgrad::cli {
namespace {

// An option of a verb, with its value now.
struct Setting {
  std::string name;
  std::function<nlohmann::json()> value;
};

std::map<const CLI::App*, std::vector<Setting>>& settings() {
  static std::map<const CLI::App*, std::vector<Setting>> all;
  return all;
}

// The message of an error without the places in our own source that it was called from.
std::string for_a_person(std::string message) {
  for (std::size_t at = 0; (at = message.find(" (called from ", at)) != std::string::npos;) {
    const std::size_t end = message.find(')', at);
    message.erase(at, end == std::string::npos ? end : end + 1 - at);
  }
  return message;
}

// `--config FILE` becomes the options of the file, put before the arguments so that these win.
std::vector<std::string> with_config(std::vector<std::string> arguments) {
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    std::optional<std::string> path;
    std::size_t parts = 1;
    if (arguments[i] == "--config") {
      if (i + 1 == arguments.size()) fail("--config", "needs the name of a TOML file");
      path = arguments[i + 1];
      parts = 2;
    } else if (arguments[i].starts_with("--config=")) {
      path = arguments[i].substr(9);
    }
    if (!path) continue;
    const std::vector<std::string> options = toml_options(read_text(*path), *path);
    for (const std::string& option : options)
      if (option == "--config" || option.starts_with("--config="))
        fail_at(*path, 0, 0, "a file of options cannot name another one with 'config'");
    const auto at = arguments.begin() + static_cast<std::ptrdiff_t>(i);
    arguments.erase(at, at + static_cast<std::ptrdiff_t>(parts));
    // After the verb, which is the first argument.
    arguments.insert(arguments.begin() + (arguments.empty() ? 0 : 1), options.begin(),
                     options.end());
    return with_config(std::move(arguments));
  }
  return arguments;
}

}  // namespace

struct Program::State {
  CLI::App app;
  std::map<const CLI::App*, std::function<int()>> actions;
};

namespace {
std::map<const CLI::App*, std::function<int()>>* current_actions = nullptr;
}

Verb& Verb::group(const std::string& heading) {
  group_ = heading;
  return *this;
}

Verb& Verb::positional(const std::string& name, std::string& value, const std::string& help,
                       bool required) {
  // Also as an option, so that a TOML file can name it.
  const std::string lower = CLI::detail::to_lower(name);
  CLI::Option* option = app_->add_option(name + ",--" + lower, value, help)
                            ->multi_option_policy(CLI::MultiOptionPolicy::TakeLast);
  if (required) option->required();
  settings()[app_].push_back({lower, [&value] { return value; }});
  return *this;
}

template <class T>
Verb& Verb::declare(const std::string& name, T& value, const std::string& help) {
  app_->add_option("--" + name, value, help)
      ->capture_default_str()
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeLast)
      ->group(group_);
  settings()[app_].push_back({name, [&value] { return value; }});
  return *this;
}

Verb& Verb::option(const std::string& name, std::string& value, const std::string& help) {
  return declare(name, value, help);
}
Verb& Verb::option(const std::string& name, int& value, const std::string& help) {
  return declare(name, value, help);
}
Verb& Verb::option(const std::string& name, std::uint64_t& value, const std::string& help) {
  return declare(name, value, help);
}
Verb& Verb::option(const std::string& name, double& value, const std::string& help) {
  return declare(name, value, help);
}

Verb& Verb::option(const std::string& name, std::vector<std::string>& values,
                   const std::string& help) {
  app_->add_option("--" + name, values, help)->allow_extra_args(false)->group(group_);
  settings()[app_].push_back({name, [&values] { return values; }});
  return *this;
}

Verb& Verb::start_flag(const std::string& name, bool& value, const std::string& help) {
  app_->add_flag("--" + name, value, help)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeLast)
      ->group(group_);
  return *this;
}

Verb& Verb::flag(const std::string& name, bool& value, const std::string& help) {
  start_flag(name, value, help);
  settings()[app_].push_back({name, [&value] { return value; }});
  return *this;
}

Verb& Verb::negative_flag(const std::string& name, bool& value, const std::string& help) {
  const auto set = [&value](std::int64_t given) { value = given <= 0; };
  app_->add_flag_function("--" + name, set, help)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeLast)
      ->group(group_);
  settings()[app_].push_back({name, [&value] { return !value; }});
  return *this;
}

Verb& Verb::required(const std::string& name) {
  app_->get_option("--" + name)->required();
  return *this;
}

Verb& Verb::common(CommonOptions& options) {
  common_ = &options;
  group("Common");
  option("seed", options.seed, "Everything random follows from it");
  option("threads", options.threads, "Threads (0: one a core); changes no bit of any result");
  app_->get_option("--threads")->check([](const std::string& number) {
    return number.starts_with('-') ? "needs 0 or more, got " + number : std::string();
  });
  option("memory-limit", options.memory_limit,
         "Most memory, such as 512M or 2G: what needs more ends with an error");
  flag("json", options.json, "Print one JSON document on stdout and nothing else there");
  flag("quiet", options.quiet, "No progress on stderr");
  return *this;
}

Verb& Verb::action(std::function<int()> run) {
  (*current_actions)[app_] = [run = std::move(run), common = common_] {
    if (common != nullptr) limit_resources(*common);
    return run();
  };
  return *this;
}

bool Verb::given(const std::string& name) const {
  const CLI::Option* const option = app_->get_option_no_throw("--" + name);
  return option != nullptr && option->count() > 0;
}

nlohmann::ordered_json Verb::config() const {
  nlohmann::ordered_json all;
  for (const Setting& setting : settings()[app_]) all[setting.name] = setting.value();
  return all;
}

// A JSON string, number or truth value is written the same way in TOML.
std::string Verb::toml() const {
  std::string text;
  for (const Setting& setting : settings()[app_])
    text += setting.name + " = " + setting.value().dump() + "\n";
  return text;
}

Program::Program(const std::string& name, const std::string& description,
                 const std::string& first_example)
    : state_(std::make_unique<State>()) {
  state_->app.name(name);
  state_->app.description(description);
  state_->app.footer("First example:\n  " + first_example + "\n\n" + name +
                     " VERB --help explains a verb.");
  state_->app.require_subcommand(1);
  state_->app.get_formatter()->column_width(34);
  current_actions = &state_->actions;
}

Program::~Program() = default;

Verb Program::verb(const std::string& name, const std::string& summary, const std::string& purpose,
                   const std::vector<std::string>& examples) {
  CLI::App* app = state_->app.add_subcommand(name, summary);
  std::string footer = purpose.empty() ? "" : purpose + "\n\n";
  footer += "Examples:\n";
  for (const std::string& example : examples) footer += "  " + example + "\n";
  app->footer(footer);
  app->get_formatter()->column_width(34);
  // Consumed before parsing (see with_config); declared for --help.
  app->add_option("--config", "Read options from a TOML file; arguments win")->group("Common");
  return Verb(*app);
}

int Program::run(int argc, char** argv) {
  CLI::App& app = state_->app;
  try {
    std::vector<std::string> arguments =
        with_config(std::vector<std::string>(argv + 1, argv + argc));
    if (!arguments.empty() && !arguments[0].starts_with("-")) {
      std::vector<std::string> verbs;
      for (const CLI::App* verb : app.get_subcommands([](CLI::App*) { return true; }))
        verbs.push_back(verb->get_name());
      if (std::ranges::find(verbs, arguments[0]) == verbs.end())
        fail_unknown_name("verb", arguments[0], verbs);
    }
    std::reverse(arguments.begin(), arguments.end());  // as CLI11 wants them
    app.parse(arguments);
    for (const auto& [verb, run_verb] : state_->actions)
      if (app.got_subcommand(const_cast<CLI::App*>(verb))) {
        const int status = run_verb();
        if (std::fflush(stdout) != 0) throw std::system_error(errno, std::generic_category());
        return status;
      }
    return 0;
  } catch (const CLI::CallForHelp&) {
    std::fputs(app.help().c_str(), stdout);
    return 0;
  } catch (const CLI::ParseError& error) {
    const auto chosen = app.get_subcommands();
    const std::string verb = chosen.empty() ? "" : " " + chosen.front()->get_name();
    std::fprintf(stderr, "error: %s\nRun '%s%s --help' for what is possible.\n", error.what(),
                 app.get_name().c_str(), verb.c_str());
    return 2;
  } catch (const Error& error) {
    std::fprintf(stderr, "error: %s\n", for_a_person(error.what()).c_str());
    return 2;
  } catch (const std::system_error& error) {
    // Of the file system, of a thread that cannot be started, or of printing.
    std::fprintf(stderr, "error: %s%s\n", std::ferror(stdout) != 0 ? "standard output: " : "",
                 error.what());
    return 2;
  } catch (const std::bad_alloc& error) {  // OutOfMemory, which says how much, and its like
    std::fprintf(stderr,
                 "error: %s; a smaller --batch-tokens, --model or file needs less, --memory-limit "
                 "may allow more\n",
                 error.what());
    return 2;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\nThis is a fault of tailgrad: please report it with the command.\n",
                 error.what());
    return 1;
  }
}

}  // namespace tailgrad::cli
