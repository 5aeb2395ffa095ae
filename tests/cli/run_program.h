// Runs the built `tailgrad` and keeps what it says.
#pragma once

#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <initializer_list>
#include <stdexcept>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

namespace tailgrad::testing {

struct Ran {
  int status = -1;  ///< exit status; 128 + the signal that ended it
  std::string out;
  std::string err;

  nlohmann::json json() const { return nlohmann::json::parse(out); }
  /// The error is one line that starts "error: " (plus what to do), and nothing is on stdout.
  bool is_callers_fault() const { return status == 2 && out.empty() && err.starts_with("error: "); }
};

namespace detail {

inline std::string rewind_and_read(std::FILE* file) {
  std::rewind(file);
  std::string text;
  char buffer[4096];
  for (std::size_t n = 0; (n = std::fread(buffer, 1, sizeof buffer, file)) > 0;)
    text.append(buffer, n);
  std::fclose(file);
  return text;
}

}  // namespace detail

/// No shell in between: arguments arrive as they are. The working folder is `folder` when given.
inline Ran run_program(const std::vector<std::string>& arguments, const std::string& folder = "") {
  std::FILE* out = std::tmpfile();
  std::FILE* err = std::tmpfile();
  if (out == nullptr || err == nullptr) throw std::runtime_error("tmpfile failed");
  std::vector<char*> argv = {const_cast<char*>(TAILGRAD_PROGRAM)};
  for (const std::string& argument : arguments) argv.push_back(const_cast<char*>(argument.c_str()));
  argv.push_back(nullptr);
  const pid_t child = ::fork();
  if (child < 0) throw std::runtime_error("fork failed");
  if (child == 0) {
    if (!folder.empty() && ::chdir(folder.c_str()) != 0) ::_exit(126);
    ::dup2(::fileno(out), STDOUT_FILENO);
    ::dup2(::fileno(err), STDERR_FILENO);
    ::execv(TAILGRAD_PROGRAM, argv.data());
    ::_exit(127);
  }
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  Ran ran;
  ran.status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  ran.out = detail::rewind_and_read(out);
  ran.err = detail::rewind_and_read(err);
  return ran;
}

}  // namespace tailgrad::testing
