// What a text form may say: one FormSpec describes a name, its formula and its options, and
// everything else (reading, checking, canonical text, help, `tailgrad list`) follows from it.
//
//   const FormSpec spec{
//       .name = "focal",
//       .meaning = "cross-entropy that forgets easy items",
//       .formula = "-(1 - p_t)^gamma log p_t",
//       .source = "Lin et al. 2017, eq. 5",
//       .options = {{.name = "gamma", .fallback = "2", .range = Range::at_least(0),
//                    .meaning = "how fast easy items lose weight"},
//                   {.name = "alpha", .fallback = "none", .range = Range::between(0, 1),
//                    .words = {"none"}, .meaning = "weight of the positive class"}}};
//   const Settings settings = read_settings(spec, "focal:gamma=1");
//   settings.number("gamma");          // 1
//   settings.is("alpha", "none");      // true
//   settings.full_text();              // focal:gamma=1,alpha=none
//   settings.text();                   // focal:gamma=1
#pragma once

#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include <tailgrad/core/text_form.h>

namespace tailgrad {

/// The numbers an option accepts.
struct Range {
  double low = -std::numeric_limits<double>::infinity();  ///< least value
  double high = std::numeric_limits<double>::infinity();  ///< greatest value
  bool low_open = false;                                  ///< `low` itself is not allowed
  bool high_open = false;                                 ///< `high` itself is not allowed

  static constexpr Range any() { return {}; }  ///< any number, infinities too
  /// Any but infinities.
  static constexpr Range finite() { return {.low_open = true, .high_open = true}; }
  /// low <= x.
  static constexpr Range at_least(double low) { return {.low = low, .high_open = true}; }
  /// x > low.
  static constexpr Range above(double low) {
    return {.low = low, .low_open = true, .high_open = true};
  }
  /// low <= x <= high.
  static constexpr Range between(double low, double high) { return {.low = low, .high = high}; }
  /// low <= x < high
  static constexpr Range half_open(double low, double high) {
    return {.low = low, .high = high, .high_open = true};
  }
  /// low < x < high
  static constexpr Range open(double low, double high) {
    return {.low = low, .high = high, .low_open = true, .high_open = true};
  }

  bool contains(double value) const;  ///< whether `value` is allowed
  std::string text() const;           ///< ">= 0", "> 0", "in [0, 1]", "in (0, 1)", "finite"
};

/// What kind of value an option takes.
enum class OptionKind {
  number,   ///< 0.5, 1e-4
  integer,  ///< 12; at most 2^53 in size
  flag,     ///< true or false
  word,     ///< one of `words`
  numbers,  ///< a list: 0.5/0.75
  text,     ///< anything without a comma, such as a path
};

/// One option of a form. The words are values allowed beside those of the kind: `alpha=none`,
/// `tau=tuned`, `target=uniform`.
struct OptionSpec {
  std::string name = {};                 ///< before the "="
  OptionKind kind = OptionKind::number;  ///< how the value is read
  std::string fallback = {};             ///< value when not given; empty: the option must be given
  Range range = Range::finite();         ///< of numbers: which are allowed
  std::vector<std::string> words = {};   ///< of words: which are allowed
  std::string meaning = {};              ///< one sentence for a person
  std::string source = {};  ///< paper and equation, or code, that the default comes from

  std::string allowed() const;  ///< "a number in [0, 1] or none"
};

/// Defaults that change when another option has a certain value:
/// {"variant", "reference", {{"alpha", "0"}, {"smooth", "1e-4"}}}.
struct DefaultShift {
  std::string option = {};  ///< the option that shifts others
  std::string value = {};   ///< its value that does
  std::vector<std::pair<std::string, std::string>> fallbacks = {};  ///< option and new default
};

/// One row of `tailgrad list`.
struct FormSpec {
  std::string name = {};                  ///< before the ":"
  std::string meaning = {};               ///< one sentence for a person
  std::string formula = {};               ///< as in the paper
  std::string source = {};                ///< paper, section, equation
  std::vector<OptionSpec> options = {};   ///< in the order they are listed in
  std::vector<DefaultShift> shifts = {};  ///< defaults that depend on options
};

/// The options of one form, read, checked and complete: every option of its FormSpec has a value.
/// A getter for a key that the spec does not have, or of another kind, is our fault
/// (InternalError).
class Settings {
 public:
  const std::string& name() const { return name_; }  ///< of the form

  /// Value of an option of kind number.
  double number(std::string_view key) const;
  /// Value of an option of kind integer.
  std::int64_t integer(std::string_view key) const;
  /// Value of an option of kind flag.
  bool flag(std::string_view key) const;
  /// Values of an option that takes several numbers.
  const std::vector<double>& numbers(std::string_view key) const;
  /// The value as canonical text, whatever its kind.
  const std::string& word(std::string_view key) const;
  /// Whether the value is exactly this word, as in is("alpha", "none").
  bool is(std::string_view key, std::string_view word) const;
  /// Whether the caller gave it, rather than the default.
  bool given(std::string_view key) const;

  std::string text() const;       ///< canonical, without options at their default
  std::string full_text() const;  ///< canonical, with every option

 private:
  struct Value {
    std::string key;
    OptionKind kind = OptionKind::number;
    std::string text;      // canonical
    bool is_word = false;  // one of the spec's words: no number behind it
    bool given = false;
    bool at_default = false;
    std::vector<double> numbers;  // number, integer, numbers
  };
  friend Settings read_settings(const FormSpec& spec, const TextForm& form);
  const Value& find(std::string_view key) const;
  const Value& find(std::string_view key, OptionKind kind) const;

  std::string name_;
  std::vector<Value> values_;  // in the order of the spec
};

/// Reads and checks a form. Throws Error that names the option, its value and what is allowed, for:
/// another name than the spec's, an unknown option (with the known ones), a value of the wrong kind
/// or out of range, a missing option without default.
Settings read_settings(const FormSpec& spec, const TextForm& form);
/// The same from text, which is parsed first.
Settings read_settings(const FormSpec& spec, std::string_view text);

/// Several lines for a person: form, meaning, formula, options with default, range and source.
std::string help_text(const FormSpec& spec);

/// The same for programs: {name, meaning, formula, source, form, options: [{name, kind, default,
/// allowed, low, high, words, meaning, source}]}; a default that must be given is null, as is an
/// infinite bound.
nlohmann::json help_json(const FormSpec& spec);

}  // namespace tailgrad
