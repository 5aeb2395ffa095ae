// The two kinds of failure, and the one way to report each.
#pragma once

#include <initializer_list>
#include <source_location>
#include <stdexcept>
#include <string>
#include <string_view>

#include <tailgrad/core/shape.h>

namespace tailgrad {

/// The caller's fault: a wrong shape, option, file or label. The message says what was expected,
/// what was found and where.
class Error : public std::invalid_argument {
 public:
  using std::invalid_argument::invalid_argument;
};

/// Ours: a state that the code held impossible. "Please report."
class InternalError : public std::logic_error {
 public:
  using std::logic_error::logic_error;
};

/// The place in the caller's source that an error message names. A public function takes it as its
/// last argument and the default captures the call site.
struct Where {
  std::source_location at;  ///< file, line and function of the call
  /// The place where this argument's default is evaluated: the caller's.
  Where(std::source_location location = std::source_location::current()) : at(location) {}
};

/// A shape with the name it has in an error message.
struct NamedShape {
  std::string_view name;  ///< such as "weight"
  Shape shape;            ///< its extents
};

/// Throws Error: "matmul: needs a [m, k] and b [k, n]; got a [2, 5], b [3, 4] (called from
/// f.cpp:7)". Without `where` the last part is left out.
[[noreturn, gnu::cold]] void fail(std::string_view what, std::string_view rule,
                                  std::initializer_list<NamedShape> got = {});
/// The same with the place of the call at the end.
[[noreturn, gnu::cold]] void fail(std::string_view what, std::string_view rule,
                                  std::initializer_list<NamedShape> got, Where where);

/// Throws Error about a place in a file: "train.csv:12:5: a quote is never closed".
/// `line` and `column` count from 1 (column in bytes); 0 leaves the part out.
[[noreturn, gnu::cold]] void fail_at(std::string_view path, std::size_t line, std::size_t column,
                                     std::string_view message);

/// Throws InternalError unless `holds`.
void ensure(bool holds, std::string_view what, Where where = {});

}  // namespace tailgrad
