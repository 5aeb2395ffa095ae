#include <tailgrad/core/error.h>

namespace tailgrad {
namespace {

std::string message(std::string_view what, std::string_view rule,
                    std::initializer_list<NamedShape> got) {
  std::string text;
  text.append(what).append(": ").append(rule);
  const char* separator = "; got ";
  for (const NamedShape& named : got) {
    text.append(separator).append(named.name).append(" ").append(named.shape.text());
    separator = ", ";
  }
  return text;
}

std::string call_site(const Where& where) {
  std::string_view file = where.at.file_name();
  file.remove_prefix(file.rfind('/') + 1);  // npos + 1 == 0: a name without folders stays whole
  return std::string(file) + ":" + std::to_string(where.at.line());
}

}  // namespace

void fail(std::string_view what, std::string_view rule, std::initializer_list<NamedShape> got) {
  throw Error(message(what, rule, got));
}

void fail(std::string_view what, std::string_view rule, std::initializer_list<NamedShape> got,
          Where where) {
  throw Error(message(what, rule, got) + " (called from " + call_site(where) + ")");
}

void fail_at(std::string_view path, std::size_t line, std::size_t column, std::string_view text) {
  std::string place(path);
  if (line > 0) place += ":" + std::to_string(line);
  if (line > 0 && column > 0) place += ":" + std::to_string(column);
  throw Error(place + ": " + std::string(text));
}

void ensure(bool holds, std::string_view what, Where where) {
  if (holds) return;
  throw InternalError("internal error: " + std::string(what) + " (" + call_site(where) +
                      "); please report");
}

}  // namespace tailgrad
