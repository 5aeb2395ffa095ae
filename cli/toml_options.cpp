#include <tailgrad/cli/toml_options.h>

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <set>
#include <string_view>

#include <tailgrad/data/file.h>

namespace tailgrad::cli {
namespace {

bool is_name(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
         c == '_';
}

void append_utf8(std::string& out, std::uint32_t code) {
  const auto put = [&out](std::uint32_t byte) { out += static_cast<char>(byte); };
  if (code < 0x80) return put(code);
  if (code < 0x800) {
    put(0xc0 | code >> 6);
  } else {
    if (code < 0x10000) {
      put(0xe0 | code >> 12);
    } else {
      put(0xf0 | code >> 18);
      put(0x80 | (code >> 12 & 0x3f));
    }
    put(0x80 | (code >> 6 & 0x3f));
  }
  put(0x80 | (code & 0x3f));
}

class TomlReader {
 public:
  explicit TomlReader(const TextFile& file) : file_(file), text_(file.text()) {}

  std::vector<std::string> options() {
    for (skip(true); at_ < text_.size(); skip(true)) {
      if (next() == '[') bad("sections are not used: write every option as name = value");
      const std::string name = read_name();
      skip(false);
      if (next() != '=') bad("needs '=' and a value after the name of an option");
      ++at_;
      skip(false);
      if (next() == '[') {
        read_list(name);
      } else {
        add(name, read_value("#\n"));
      }
      skip(false);
      if (at_ < text_.size() && next() != '\n') bad("needs the end of the line after a value");
    }
    return std::move(options_);
  }

 private:
  [[noreturn]] void bad(std::string_view what) const {
    file_.fail_here(at_, "not a TOML file of options: " + std::string(what));
  }
  char next() const { return at_ < text_.size() ? text_[at_] : '\0'; }

  // Over blanks and a comment; over ends of line too if `lines`.
  void skip(bool lines) {
    for (; at_ < text_.size(); ++at_) {
      if (next() == '#') at_ = std::min(text_.find('\n', at_), text_.size());
      const char c = next();
      if (c != ' ' && c != '\t' && c != '\r' && !(lines && c == '\n')) return;
    }
  }

  std::string read_name() {
    const std::size_t begin = at_;
    while (is_name(next())) ++at_;
    if (at_ == begin) bad("needs the name of an option");
    std::string name(text_.substr(begin, at_ - begin));
    if (!names_.insert(name).second) bad("the option " + name + " is given twice");
    return name;
  }

  void add(const std::string& name, const std::string& value) {
    if (value.empty()) {  // "--name=" would take the next argument as its value
      options_.insert(options_.end(), {"--" + name, ""});
    } else {
      options_.push_back("--" + name + "=" + value);
    }
  }

  void read_list(const std::string& name) {
    ++at_;
    for (skip(true); next() != ']'; skip(true)) {
      add(name, read_value("#\n,]"));
      skip(true);
      if (next() == ']') break;
      if (next() != ',') bad("needs ',' or ']' after a value of a list");
      ++at_;
    }
    ++at_;
  }

  // A string, or a word that ends before one of `ends`.
  std::string read_value(std::string_view ends) {
    if (next() == '"') return read_escaped();
    if (next() == '\'') return read_literal();
    const std::size_t end = std::min(text_.find_first_of(ends, at_), text_.size());
    std::string_view word = text_.substr(at_, end - at_);
    word = word.substr(0, word.find_last_not_of(" \t\r") + 1);
    if (word.empty()) bad("needs a value");
    if (word.find_first_of(" \t\"'[]{}") != word.npos) bad("a value like this needs quotes");
    at_ = end;
    return std::string(word);
  }

  std::string read_literal() {
    const std::size_t end = text_.find_first_of("'\n", at_ + 1);
    if (end == text_.npos || text_[end] == '\n') bad("a quote is never closed");
    std::string value(text_.substr(at_ + 1, end - at_ - 1));
    at_ = end + 1;
    return value;
  }

  std::string read_escaped() {
    std::string value;
    const std::size_t begin = at_;
    for (++at_; next() != '"'; ++at_) {
      if (at_ >= text_.size() || next() == '\n') {
        at_ = begin;
        bad("a quote is never closed");
      }
      if (next() == '\\') {
        ++at_;
        read_escape(value);
      } else {
        value += next();
      }
    }
    ++at_;
    return value;
  }

  void read_escape(std::string& value) {
    constexpr std::string_view kNames = "btnfr\"\\";
    constexpr std::string_view kMeanings = "\b\t\n\f\r\"\\";
    if (const std::size_t k = kNames.find(next()); k != kNames.npos && at_ < text_.size()) {
      value += kMeanings[k];
      return;
    }
    const std::size_t digits = next() == 'u' ? 4 : next() == 'U' ? 8 : 0;
    if (digits == 0) bad("there is no such escape in a string");
    const std::string_view hex = text_.substr(at_ + 1, digits);
    std::uint32_t code = 0;
    const auto [end, fault] = std::from_chars(hex.data(), hex.data() + hex.size(), code, 16);
    if (fault != std::errc() || end != hex.data() + hex.size() || hex.size() != digits ||
        code > 0x10ffff || (code >= 0xd800 && code < 0xe000))
      bad("an escape that is no character");
    append_utf8(value, code);
    at_ += digits;
  }

  const TextFile& file_;
  std::string_view text_;
  std::size_t at_ = 0;
  std::set<std::string> names_;
  std::vector<std::string> options_;
};

}  // namespace

std::vector<std::string> toml_options(std::string text, const std::string& path) {
  const TextFile file(path, std::move(text));
  return TomlReader(file).options();
}

}  // namespace tailgrad::cli
