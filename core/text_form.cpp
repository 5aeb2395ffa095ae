#include <tailgrad/core/text_form.h>

#include <algorithm>
#include <charconv>
#include <numeric>

#include <fmt/format.h>

#include <tailgrad/core/error.h>

namespace tailgrad {
namespace {

bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}
bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
bool is_blank(char c) {
  return c == ' ' || c == '\t';
}

// A part of the text that remembers where it stands.
struct Piece {
  std::string_view text;
  std::size_t column;  // from 1
};

Piece trimmed(Piece piece) {
  while (!piece.text.empty() && is_blank(piece.text.front())) {
    piece.text.remove_prefix(1);
    ++piece.column;
  }
  while (!piece.text.empty() && is_blank(piece.text.back())) piece.text.remove_suffix(1);
  return piece;
}

[[noreturn]] void fail_in(std::string_view source, std::size_t column, std::string_view rule) {
  fail(fmt::format("'{}'", source), fmt::format("column {}: {}", column, rule));
}

void check_name(std::string_view source, Piece piece, std::string_view what, bool dots) {
  if (piece.text.empty()) {
    fail_in(source, piece.column,
            fmt::format("needs {} here; the form is name or name:key=value,key=value", what));
  }
  for (std::size_t i = 0; i < piece.text.size(); ++i) {
    const char c = piece.text[i];
    const bool fits =
        is_letter(c) ||
        (i > 0 && (is_digit(c) || c == '-' || c == '_' || c == '+' || (dots && c == '.')));
    if (!fits) {
      fail_in(source, piece.column + i,
              fmt::format("'{}' cannot stand here in {} (letters first, then letters, digits, "
                          "'-', '_', '+'{})",
                          c, what, dots ? ", '.'" : ""));
    }
  }
}

TextForm::Option parse_option(std::string_view source, Piece piece) {
  const std::size_t equals = piece.text.find('=');
  const Piece key = trimmed({piece.text.substr(0, equals), piece.column});
  check_name(source, key, "an option's name", false);
  if (equals == std::string_view::npos) {
    fail_in(source, key.column, fmt::format("option {} needs a value: {}=...", key.text, key.text));
  }
  const Piece value = trimmed({piece.text.substr(equals + 1), piece.column + equals + 1});
  if (value.text.empty()) {
    fail_in(source, value.column, fmt::format("option {} has an empty value", key.text));
  }
  return {std::string(key.text), std::string(value.text), value.column};
}

std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t change = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, change});
    }
  }
  return row[b.size()];
}

}  // namespace

TextForm parse_text_form(std::string_view text) {
  TextForm form;
  form.source = text;
  const std::size_t colon = text.find(':');
  const Piece name = trimmed({text.substr(0, colon), 1});
  check_name(text, name, "a name", true);
  form.name = name.text;
  if (colon == std::string_view::npos) return form;

  std::size_t begin = colon + 1;
  while (true) {
    const std::size_t end = std::min(text.find(',', begin), text.size());
    TextForm::Option option = parse_option(text, {text.substr(begin, end - begin), begin + 1});
    for (const TextForm::Option& earlier : form.options) {
      if (earlier.key == option.key) {
        fail_in(text, option.column, fmt::format("option {} is given twice", option.key));
      }
    }
    form.options.push_back(std::move(option));
    if (end == text.size()) return form;
    begin = end + 1;
  }
}

std::string print_text_form(const TextForm& form) {
  std::string text = form.name;
  char separator = ':';
  for (const TextForm::Option& option : form.options) {
    text += fmt::format("{}{}={}", separator, option.key, option.value);
    separator = ',';
  }
  return text;
}

std::string shortest_text(double value) {
  return fmt::format("{}", value);
}

bool read_number(std::string_view text, double& value) {
  if (!text.empty() && text.front() == '+') text.remove_prefix(1);
  if (text.empty() || text.front() == '+') return false;
  double read = 0;
  const auto [end, fault] = std::from_chars(text.data(), text.data() + text.size(), read);
  if (fault != std::errc() || end != text.data() + text.size() || read != read) return false;
  value = read;
  return true;
}

std::string_view closest_name(std::string_view name, const std::vector<std::string>& known) {
  std::string_view best;
  std::size_t fewest = std::min<std::size_t>(2, name.size() / 2) + 1;
  for (const std::string& candidate : known) {
    const auto [shorter, longer] = std::minmax({name.size(), candidate.size()});
    if (longer - shorter >= fewest) continue;  // so many edits at least
    const std::size_t edits = edit_distance(name, candidate);
    if (edits < fewest) {
      fewest = edits;
      best = candidate;
    }
  }
  return best;
}

void fail_unknown_name(std::string_view what, std::string_view name,
                       const std::vector<std::string>& known) {
  const std::string_view close = closest_name(name, known);
  const std::string hint = close.empty() ? "" : fmt::format("did you mean '{}'? ", close);
  fail(what, fmt::format("unknown name '{}'; {}Known: {}", name, hint, fmt::join(known, ", ")));
}

}  // namespace tailgrad
