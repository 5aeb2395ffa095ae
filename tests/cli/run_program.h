// Runs the built `tailgrad` and keeps what it says.
#pragma once

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <initializer_list>
#include <stdexcept>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

namespace tailgrad::test {

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

/// A program that runs. Wait for it, always.
class Running {
 public:
  /// No shell in between: arguments arrive as they are. The working folder is `folder` when given;
  /// `environment` ("NAME=value") comes on top of this program's.
  explicit Running(const std::vector<std::string>& arguments, const std::string& folder = "",
                   const std::vector<std::string>& environment = {})
      : out_(std::tmpfile()), err_(std::tmpfile()) {
    if (out_ == nullptr || err_ == nullptr) throw std::runtime_error("tmpfile failed");
    std::vector<char*> argv = {const_cast<char*>(TAILGRAD_PROGRAM)};
    for (const std::string& argument : arguments)
      argv.push_back(const_cast<char*>(argument.c_str()));
    argv.push_back(nullptr);
    std::vector<char*> variables;
    for (const std::string& variable : environment)
      variables.push_back(const_cast<char*>(variable.c_str()));
    for (char** variable = ::environ; *variable != nullptr; ++variable)
      variables.push_back(*variable);
    variables.push_back(nullptr);
    child_ = ::fork();
    if (child_ < 0) throw std::runtime_error("fork failed");
    if (child_ == 0) {
      if (!folder.empty() && ::chdir(folder.c_str()) != 0) ::_exit(126);
      ::dup2(::fileno(out_), STDOUT_FILENO);
      ::dup2(::fileno(err_), STDERR_FILENO);
      ::execve(TAILGRAD_PROGRAM, argv.data(), variables.data());
      ::_exit(127);
    }
  }

  void signal(int number) const { ::kill(child_, number); }

  Ran wait() {
    int status = 0;
    while (::waitpid(child_, &status, 0) < 0 && errno == EINTR) {
    }
    Ran ran;
    ran.status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    ran.out = detail::rewind_and_read(out_);
    ran.err = detail::rewind_and_read(err_);
    return ran;
  }

 private:
  std::FILE* out_;
  std::FILE* err_;
  pid_t child_ = -1;
};

inline Ran run_program(const std::vector<std::string>& arguments, const std::string& folder = "") {
  return Running(arguments, folder).wait();
}

}  // namespace tailgrad::test
