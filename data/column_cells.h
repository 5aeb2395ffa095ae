// Cells of one line of a ColumnFile, and what may stand in one.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace tailgrad {

/// `text` without spaces at both ends, and without tabs at both ends when `tabs`.
std::string_view trim(std::string_view text, bool tabs);
bool is_blank(std::string_view text);
/// Cells between tabs (each trimmed of spaces), or between runs of spaces.
std::size_t count_cells(std::string_view line, char separator);
/// Cell `column`, which must be there.
std::string_view find_cell(std::string_view line, char separator, std::size_t column);

/// All of `text` as a whole number without a sign; null: it is none.
std::optional<std::size_t> whole_number(std::string_view text);
/// A to Z as a to z.
std::string lower_case(std::string_view text);

}  // namespace tailgrad
