#include <tailgrad/data/column_cells.h>

#include <algorithm>
#include <charconv>

namespace tailgrad {
namespace {

// Where the cells of a line are: behind trailing separators there is none.
std::string_view content(std::string_view line, char separator) {
  const std::size_t end = line.find_last_not_of(" \t");
  line = line.substr(0, end == std::string_view::npos ? 0 : end + 1);
  const std::size_t begin = line.find_first_not_of(' ');
  if (separator == ' ' && begin != std::string_view::npos) line.remove_prefix(begin);
  return line;
}

// The cell at the front of `rest`, which is cut behind its separator.
std::string_view take_cell(std::string_view& rest, char separator) {
  const std::size_t end = std::min(rest.find(separator), rest.size());
  const std::string_view cell = rest.substr(0, end);
  std::size_t next = std::min(end + 1, rest.size());
  if (separator == ' ') next = std::min(rest.find_first_not_of(' ', end), rest.size());
  rest.remove_prefix(next);
  return cell;
}

}  // namespace

std::string_view trim(std::string_view text, bool tabs) {
  const char* white = tabs ? " \t" : " ";
  const std::size_t begin = text.find_first_not_of(white);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(white) - begin + 1);
}

bool is_blank(std::string_view text) {
  return text.find_first_not_of(" \t\r\n") == std::string_view::npos;
}

std::size_t count_cells(std::string_view line, char separator) {
  std::string_view rest = content(line, separator);
  if (separator == '\t') {
    return 1 + static_cast<std::size_t>(std::count(rest.begin(), rest.end(), '\t'));
  }
  std::size_t count = 0;
  for (; !rest.empty(); ++count) take_cell(rest, separator);
  return count;
}

std::string_view find_cell(std::string_view line, char separator, std::size_t column) {
  std::string_view rest = content(line, separator);
  for (; column > 0; --column) take_cell(rest, separator);
  return trim(take_cell(rest, separator), false);
}

std::optional<std::size_t> whole_number(std::string_view text) {
  std::size_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::string lower_case(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return out;
}

}  // namespace tailgrad
