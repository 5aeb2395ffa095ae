// The text form `name` or `name:key=value,key=value` by which losses, optimizers, schedules,
// models, samplers and adjustments are written in options, TOML, JSON, reports and checkpoints.
//
// This file knows the syntax only; what a name means and which options it takes is a FormSpec
// (form_spec.h).
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace tailgrad {

/// A text form taken apart, its values still text.
struct TextForm {
  /// One key=value.
  struct Option {
    std::string key = {};    ///< before the "="
    std::string value = {};  ///< after it
    std::size_t column = 0;  ///< where the value starts in the text, from 1; 0: not from a text
  };

  std::string name = {};             ///< before the ":"
  std::vector<Option> options = {};  ///< in the order of the text
  std::string source = {};           ///< the text it came from, for messages
};

/// Takes "focal:gamma=2,alpha=0.25" apart.
/// Names and keys are letters, digits, '-', '_' and '+' (a name: also '.'), starting with a letter;
/// a value is everything up to the next ',' (so a path fits; lists use '/'). Blanks around a name,
/// key or value do not count. Throws Error with the column for: an empty name, key or value, a
/// character that no name has, a missing '=', a key given twice, a comma too many.
TextForm parse_text_form(std::string_view text);

/// "focal:gamma=2,alpha=0.25"; parse_text_form reads it back.
std::string print_text_form(const TextForm& form);

/// The number as text that reads back to the same bits, shortest form: 0.01, 1e-08, 3, inf.
std::string shortest_text(double value);

/// Reads all of `text` as a finite or infinite number ("0.5", "1e-4", "inf"); false for anything
/// else. Does not depend on the locale.
bool read_number(std::string_view text, double& value);

/// Which of `known` is closest to a mistyped `name` (at most two edits); empty: none is close.
std::string_view closest_name(std::string_view name, const std::vector<std::string>& known);

/// Throws Error: "loss: unknown name 'focl'; did you mean 'focal'? Known: ce, wce, focal".
[[noreturn]] void fail_unknown_name(std::string_view what, std::string_view name,
                                    const std::vector<std::string>& known);

}  // namespace tailgrad
