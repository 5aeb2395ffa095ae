#include <tailgrad/study/finding_words.h>

#include <utility>

#include <fmt/format.h>

namespace tailgrad {
namespace {

constexpr std::size_t kMostPlaces = 1000;

}  // namespace

std::string plural(std::size_t count, const std::string& what) {
  return fmt::format("{} {}{}", count, what, count == 1 ? "" : what.ends_with("s") ? "es" : "s");
}

std::string named(const std::vector<std::string>& names) {
  constexpr std::size_t kShown = 6;
  std::string text;
  for (std::size_t i = 0; i < names.size() && i < kShown; ++i)
    text += (i > 0 ? ", " : "") + names[i];
  if (names.size() > kShown) text += fmt::format(", … ({} in all)", names.size());
  return text;
}

void add_place(Finding& finding, std::string place) {
  ++finding.count;
  if (finding.places.size() < kMostPlaces) finding.places.push_back(std::move(place));
}

std::string folded(const std::string& text, Words& words) {
  tokenize(text, {}, words);
  std::string key;
  for (std::size_t i = 0; i < words.size(); ++i) key.append(words[i]).push_back(' ');
  return key;
}

}  // namespace tailgrad
