#include <tailgrad/core/form_spec.h>

#include <algorithm>
#include <cmath>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <tailgrad/core/error.h>

namespace tailgrad {
namespace {

constexpr double kLargestInteger = 9007199254740992.0;  // 2^53: beyond it a double skips integers

struct KindName {
  OptionKind kind;
  std::string_view name;
};
constexpr KindName kKindNames[] = {
    {OptionKind::number, "number"}, {OptionKind::integer, "integer"}, {OptionKind::flag, "flag"},
    {OptionKind::word, "word"},     {OptionKind::numbers, "list"},    {OptionKind::text, "text"},
};

std::string_view kind_name(OptionKind kind) {
  for (const KindName& row : kKindNames) {
    if (row.kind == kind) return row.name;
  }
  return "?";
}

bool is_one_of(const std::vector<std::string>& words, std::string_view text) {
  return std::find(words.begin(), words.end(), text) != words.end();
}

struct Converted {
  std::string text;
  bool is_word = false;
  std::vector<double> numbers = {};
};

// False when the text is no value of the option; words come before the kind's own values.
bool convert(const OptionSpec& option, const std::string& text, Converted& out) {
  out = {.text = text};
  if (is_one_of(option.words, text)) {
    out.is_word = true;
    return true;
  }
  switch (option.kind) {
    case OptionKind::word:
      return false;
    case OptionKind::text:
      return true;
    case OptionKind::flag:
      return text == "true" || text == "false";
    case OptionKind::number:
    case OptionKind::integer: {
      double value = 0;
      if (!read_number(text, value) || !option.range.contains(value)) return false;
      if (option.kind == OptionKind::integer &&
          (value != std::floor(value) || std::abs(value) > kLargestInteger)) {
        return false;
      }
      out.numbers = {value};
      out.text = option.kind == OptionKind::integer
                     ? std::to_string(static_cast<std::int64_t>(value))
                     : shortest_text(value);
      return true;
    }
    case OptionKind::numbers: {
      std::vector<std::string> parts;
      for (std::size_t begin = 0; begin <= text.size();) {
        const std::size_t end = std::min(text.find('/', begin), text.size());
        double value = 0;
        if (!read_number(std::string_view(text).substr(begin, end - begin), value) ||
            !option.range.contains(value)) {
          return false;
        }
        out.numbers.push_back(value);
        parts.push_back(shortest_text(value));
        begin = end + 1;
      }
      out.text = fmt::format("{}", fmt::join(parts, "/"));
      return true;
    }
  }
  return false;
}

const std::string& fallback_of(const FormSpec& spec, const OptionSpec& option,
                               const TextForm& form) {
  for (const DefaultShift& shift : spec.shifts) {
    const auto chosen = std::find_if(form.options.begin(), form.options.end(),
                                     [&](const auto& given) { return given.key == shift.option; });
    if (chosen == form.options.end() || chosen->value != shift.value) continue;
    for (const auto& [key, value] : shift.fallbacks) {
      if (key == option.name) return value;
    }
  }
  return option.fallback;
}

std::string known_options(const FormSpec& spec) {
  if (spec.options.empty()) return "it takes none";
  std::vector<std::string> texts;
  for (const OptionSpec& option : spec.options) {
    texts.push_back(fmt::format("{} ({})", option.name, option.allowed()));
  }
  return fmt::format("it takes {}", fmt::join(texts, ", "));
}

// `line` from column `indent`, broken at blanks to fit 100 columns; what follows stands further in.
std::string wrapped(std::size_t indent, std::string_view line) {
  constexpr std::size_t kColumns = 100;
  std::string text;
  for (std::size_t margin = indent; !line.empty(); margin = indent + 4) {
    const std::size_t room = kColumns - margin;
    std::size_t end = line.size();
    if (end > room) {
      end = line.rfind(' ', room);
      if (end == std::string_view::npos) end = std::min(line.find(' '), line.size());
    }
    text.append(margin, ' ').append(line.substr(0, end)) += '\n';
    line.remove_prefix(std::min(end + 1, line.size()));
  }
  return text;
}

std::string form_text(const FormSpec& spec) {
  std::vector<std::string> parts;
  for (const OptionSpec& option : spec.options) {
    parts.push_back(option.name + "=" + (option.fallback.empty() ? "..." : option.fallback));
  }
  return spec.name + (parts.empty() ? "" : ":") + fmt::format("{}", fmt::join(parts, ","));
}

}  // namespace

bool Range::contains(double value) const {
  const bool above = low_open ? value > low : value >= low;
  const bool below = high_open ? value < high : value <= high;
  return above && below;
}

std::string Range::text() const {
  const bool no_low = std::isinf(low);
  const bool no_high = std::isinf(high);
  if (no_low && no_high) return low_open || high_open ? "finite" : "any";
  if (no_high) return fmt::format("{} {}", low_open ? ">" : ">=", low);
  if (no_low) return fmt::format("{} {}", high_open ? "<" : "<=", high);
  return fmt::format("in {}{}, {}{}", low_open ? '(' : '[', low, high, high_open ? ')' : ']');
}

std::string OptionSpec::allowed() const {
  const std::string bounds = range.text();
  const std::string with_bounds = bounds == "finite" || bounds == "any" ? "" : " " + bounds;
  std::vector<std::string> choices = words;
  switch (kind) {
    case OptionKind::number:
      choices.insert(choices.begin(), "a number" + with_bounds);
      break;
    case OptionKind::integer:
      choices.insert(choices.begin(), "a whole number" + with_bounds);
      break;
    case OptionKind::numbers:
      choices.insert(choices.begin(), "numbers" + with_bounds + " separated by '/'");
      break;
    case OptionKind::flag:
      choices = {"true", "false"};
      break;
    case OptionKind::text:
      choices.push_back("a text without comma");
      break;
    case OptionKind::word:
      break;
  }
  return fmt::format("{}", fmt::join(choices, " or "));
}

Settings read_settings(const FormSpec& spec, const TextForm& form) {
  const std::string source = form.source.empty() ? print_text_form(form) : form.source;
  const std::string what = fmt::format("'{}'", source);
  if (form.name != spec.name) {
    fail(what, fmt::format("the name must be {}; got {}", spec.name, form.name));
  }
  for (const TextForm::Option& given : form.options) {
    const bool known = std::any_of(spec.options.begin(), spec.options.end(),
                                   [&](const OptionSpec& o) { return o.name == given.key; });
    if (!known) {
      fail(what, fmt::format("{} has no option {}; {}", spec.name, given.key, known_options(spec)));
    }
  }

  Settings settings;
  settings.name_ = spec.name;
  for (const OptionSpec& option : spec.options) {
    const std::string& fallback = fallback_of(spec, option, form);
    const auto given = std::find_if(form.options.begin(), form.options.end(),
                                    [&](const auto& o) { return o.key == option.name; });
    const bool is_given = given != form.options.end();
    if (!is_given && fallback.empty()) {
      fail(what, fmt::format("option {} must be given: {}", option.name, option.allowed()));
    }
    Converted standard;
    if (!fallback.empty()) {
      ensure(convert(option, fallback, standard),
             fmt::format("default {}={} of {} is not {}", option.name, fallback, spec.name,
                         option.allowed()));
    }
    Converted converted = standard;
    if (is_given && !convert(option, given->value, converted)) {
      const std::string place =
          given->column > 0 ? fmt::format("column {}: ", given->column) : std::string();
      fail(what, fmt::format("{}option {} must be {}; got '{}'", place, option.name,
                             option.allowed(), given->value));
    }
    settings.values_.push_back({.key = option.name,
                                .kind = option.kind,
                                .text = converted.text,
                                .is_word = converted.is_word,
                                .given = is_given,
                                .at_default = converted.text == standard.text,
                                .numbers = converted.numbers});
  }
  return settings;
}

Settings read_settings(const FormSpec& spec, std::string_view text) {
  return read_settings(spec, parse_text_form(text));
}

const Settings::Value& Settings::find(std::string_view key) const {
  for (const Value& value : values_) {
    if (value.key == key) return value;
  }
  ensure(false, fmt::format("{} has no option {}", name_, key));
  return values_.front();
}

const Settings::Value& Settings::find(std::string_view key, OptionKind kind) const {
  const Value& value = find(key);
  ensure(value.kind == kind && !value.is_word,
         fmt::format("{}: option {}={} is no {}", name_, key, value.text, kind_name(kind)));
  return value;
}

double Settings::number(std::string_view key) const {
  return find(key, OptionKind::number).numbers.front();
}
std::int64_t Settings::integer(std::string_view key) const {
  return static_cast<std::int64_t>(find(key, OptionKind::integer).numbers.front());
}
bool Settings::flag(std::string_view key) const {
  return find(key, OptionKind::flag).text == "true";
}
const std::vector<double>& Settings::numbers(std::string_view key) const {
  return find(key, OptionKind::numbers).numbers;
}
const std::string& Settings::word(std::string_view key) const {
  return find(key).text;
}
bool Settings::is(std::string_view key, std::string_view word) const {
  return find(key).text == word;
}
bool Settings::given(std::string_view key) const {
  return find(key).given;
}

std::string Settings::text() const {
  TextForm form{.name = name_};
  for (const Value& value : values_) {
    if (!value.at_default) form.options.push_back({value.key, value.text, 0});
  }
  return print_text_form(form);
}

std::string Settings::full_text() const {
  TextForm form{.name = name_};
  for (const Value& value : values_) form.options.push_back({value.key, value.text, 0});
  return print_text_form(form);
}

std::string help_text(const FormSpec& spec) {
  std::string text = form_text(spec) + "\n";
  if (!spec.meaning.empty()) text += wrapped(4, spec.meaning);
  if (!spec.formula.empty()) text += wrapped(4, "formula: " + spec.formula);
  if (!spec.source.empty()) text += wrapped(4, "source: " + spec.source);
  for (const OptionSpec& option : spec.options) {
    const std::string standard =
        option.fallback.empty() ? "must be given" : "default " + option.fallback;
    text += wrapped(
        4, fmt::format("{}: {} ({}; {})", option.name, option.meaning, option.allowed(), standard));
    if (!option.source.empty()) text += wrapped(8, "source: " + option.source);
  }
  for (const DefaultShift& shift : spec.shifts) {
    std::vector<std::string> parts;
    for (const auto& [key, value] : shift.fallbacks) parts.push_back(key + "=" + value);
    text += wrapped(4, fmt::format("with {}={} the defaults are {}", shift.option, shift.value,
                                   fmt::join(parts, ",")));
  }
  return text;
}

nlohmann::json help_json(const FormSpec& spec) {
  using nlohmann::json;
  json options = json::array();
  for (const OptionSpec& option : spec.options) {
    const bool has_bounds = option.kind == OptionKind::number ||
                            option.kind == OptionKind::integer ||
                            option.kind == OptionKind::numbers;
    json row = {{"name", option.name},     {"kind", kind_name(option.kind)},
                {"default", nullptr},      {"allowed", option.allowed()},
                {"words", option.words},   {"meaning", option.meaning},
                {"source", option.source}, {"low", nullptr},
                {"high", nullptr}};
    if (!option.fallback.empty()) row["default"] = option.fallback;
    if (has_bounds && !std::isinf(option.range.low)) row["low"] = option.range.low;
    if (has_bounds && !std::isinf(option.range.high)) row["high"] = option.range.high;
    options.push_back(row);
  }
  json shifts = json::array();
  for (const DefaultShift& shift : spec.shifts) {
    json defaults = json::object();
    for (const auto& [key, value] : shift.fallbacks) defaults[key] = value;
    shifts.push_back({{"option", shift.option}, {"value", shift.value}, {"defaults", defaults}});
  }
  return {{"name", spec.name},     {"meaning", spec.meaning}, {"formula", spec.formula},
          {"source", spec.source}, {"form", form_text(spec)}, {"options", options},
          {"shifts", shifts}};
}

}  // namespace tailgrad
