// How findings of the data doctor are worded.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include <tailgrad/data/tokenizer.h>
#include <tailgrad/study/doctor.h>

namespace tailgrad {

/// "1 class", "3 classes", "2 texts".
std::string plural(std::size_t count, const std::string& what);
/// The first six, with commas between: "'a' (3), 'b' (1), … (12 in all)".
std::string named(const std::vector<std::string>& names);
/// Counts a place, and keeps the first 1,000.
void add_place(Finding& finding, std::string place);
/// The words of a text in one case and form, a space after each. `words` is room to work in.
std::string folded(const std::string& text, Words& words);

}  // namespace tailgrad
