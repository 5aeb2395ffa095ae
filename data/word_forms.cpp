#include <tailgrad/data/word_forms.h>

#include <algorithm>

#include <fmt/format.h>
#include <utf8proc.h>

#include <tailgrad/core/error.h>

namespace tailgrad {
namespace {

// The characters of a word as pieces of its text. Bytes that are no UTF-8 (readers refuse them)
// count as characters.
std::vector<std::string_view> characters_of(std::string_view form) {
  std::vector<std::string_view> characters;
  for (std::size_t begin = 0; begin < form.size();) {
    std::size_t end = begin + 1;
    while (end < form.size() && (static_cast<unsigned char>(form[end]) & 0xc0) == 0x80) ++end;
    characters.push_back(form.substr(begin, end - begin));
    begin = end;
  }
  return characters;
}

utf8proc_int32_t code_point(std::string_view character) {
  utf8proc_int32_t point = 0;
  const auto read = utf8proc_iterate(reinterpret_cast<const utf8proc_uint8_t*>(character.data()),
                                     static_cast<utf8proc_ssize_t>(character.size()), &point);
  return read < 0 ? 0xfffd : point;
}

char shape_of(utf8proc_int32_t point) {
  switch (utf8proc_category(point)) {
    case UTF8PROC_CATEGORY_LU:
    case UTF8PROC_CATEGORY_LT:
      return 'X';
    case UTF8PROC_CATEGORY_LL:
      return 'x';
    case UTF8PROC_CATEGORY_ND:
      return 'd';
    case UTF8PROC_CATEGORY_LO:
    case UTF8PROC_CATEGORY_LM:
      return 'o';
    default:
      return '\0';
  }
}

Index bucket(char side, std::string_view text, Index buckets) {
  const std::uint64_t hash = fnv1a(text, fnv1a(std::string_view(&side, 1)));
  return static_cast<Index>(hash % static_cast<std::uint64_t>(buckets));
}

template <class List>
void copy_range(const List& from, Index begin, Index end, List& to) {
  to.insert(to.end(), from.begin() + begin, from.begin() + end);
}

}  // namespace

std::string word_key(std::string_view form) {
  std::string key;
  key.reserve(form.size());
  for (const std::string_view character : characters_of(form)) {
    const utf8proc_int32_t point = code_point(character);
    if (point < 128) {
      const char c = character[0];
      key.push_back(c >= '0' && c <= '9' ? '0' : static_cast<char>(utf8proc_tolower(point)));
    } else if (utf8proc_category(point) == UTF8PROC_CATEGORY_ND) {
      key.push_back('0');
    } else {
      utf8proc_uint8_t bytes[4];
      const auto size = utf8proc_encode_char(utf8proc_tolower(point), bytes);
      key.append(reinterpret_cast<const char*>(bytes), static_cast<std::size_t>(size));
    }
  }
  return key;
}

std::string word_shape(std::string_view form) {
  std::string shape;
  std::string_view last;
  int run = 0;
  for (const std::string_view character : characters_of(form)) {
    const char letter = shape_of(code_point(character));
    const std::string piece = letter != '\0' ? std::string(1, letter) : std::string(character);
    run = piece == last ? run + 1 : 1;
    if (run > 3) continue;
    shape += piece;
    last = std::string_view(shape).substr(shape.size() - piece.size());
  }
  return shape;
}

std::vector<Index> EncodedSentences::lengths() const {
  std::vector<Index> lengths(offsets.size() - 1);
  for (std::size_t i = 0; i < lengths.size(); ++i) lengths[i] = offsets[i + 1] - offsets[i];
  return lengths;
}

void select(const EncodedSentences& from, std::span<const Index> items, EncodedSentences& out) {
  const WordForms& all = from.forms;
  WordForms& forms = out.forms;
  std::vector<Index>& places = out.places;
  // Every place is -1 between two calls.
  if (places.size() < static_cast<std::size_t>(all.size()))
    places.resize(static_cast<std::size_t>(all.size()), -1);
  for (std::vector<Index>* list :
       {&forms.words, &forms.shapes, &forms.affixes, &forms.characters, &forms.counts, &out.tokens})
    list->clear();
  forms.affix_offsets.assign(1, 0);
  forms.character_offsets.assign(1, 0);
  out.offsets.assign(1, 0);
  for (const Index item : items) {
    if (item < 0 || item >= from.size())
      fail("select", fmt::format("needs items from 0 to {}; got {}", from.size() - 1, item));
    const auto i = static_cast<std::size_t>(item);
    for (Index t = from.offsets[i]; t < from.offsets[i + 1]; ++t) {
      const auto form = static_cast<std::size_t>(from.tokens[static_cast<std::size_t>(t)]);
      if (places[form] < 0) {
        places[form] = forms.size();
        forms.words.push_back(all.words[form]);
        forms.shapes.push_back(all.shapes[form]);
        forms.counts.push_back(all.counts[form]);
        copy_range(all.affixes, all.affix_offsets[form], all.affix_offsets[form + 1],
                   forms.affixes);
        copy_range(all.characters, all.character_offsets[form], all.character_offsets[form + 1],
                   forms.characters);
        forms.affix_offsets.push_back(static_cast<Index>(forms.affixes.size()));
        forms.character_offsets.push_back(static_cast<Index>(forms.characters.size()));
      }
      out.tokens.push_back(places[form]);
    }
    out.offsets.push_back(static_cast<Index>(out.tokens.size()));
  }
  for (const Index item : items) {
    const auto i = static_cast<std::size_t>(item);
    for (Index t = from.offsets[i]; t < from.offsets[i + 1]; ++t)
      places[static_cast<std::size_t>(from.tokens[static_cast<std::size_t>(t)])] = -1;
  }
}

void WordFormOptions::check() const {
  const auto refuse = [](std::string_view option, std::string_view allowed, Index got) {
    fail("words", fmt::format("{} must be {}; got {}", option, allowed, got));
  };
  if (min_count < 1) refuse("min_count", "at least 1", min_count);
  if (affix_buckets < 1) refuse("affix_buckets", "at least 1", affix_buckets);
  if (longest_affix < 0 || longest_affix > 16)
    refuse("longest_affix", "from 0 to 16", longest_affix);
  if (most_characters < 2) refuse("most_characters", "at least 2", most_characters);
}

WordFormEncoding::WordFormEncoding(std::span<const std::string> tokens,
                                   const WordFormOptions& options,
                                   std::span<const std::string> known)
    : options_(options) {
  options_.check();
  WordCounts shapes;
  WordCounts characters;
  for (const std::string& token : tokens) {
    counts_.add(word_key(token));
    shapes.add(word_shape(token));
    for (const std::string_view character : characters_of(token)) characters.add(character);
  }
  std::vector<std::string> words = counts_.most_frequent({.min_count = options.min_count});
  training_words_ = static_cast<Index>(words.size());
  if (!known.empty()) {
    WordMap<bool> seen;
    for (const std::string& word : words) seen.emplace(word, true);
    for (const std::string& word : known)
      if (!word.empty() && seen.emplace(word, true).second) words.push_back(word);
  }
  words_ = Vocabulary(std::move(words));
  // What occurs once is left out, so that the numbers of the unknown are trained.
  shapes_ = Vocabulary(shapes, {.min_count = 2});
  characters_ = Vocabulary(characters, {.min_count = 2});
}

WordFormEncoding::WordFormEncoding(std::vector<std::string> words, std::vector<std::string> shapes,
                                   std::vector<std::string> characters,
                                   const WordFormOptions& options)
    : options_(options),
      words_(std::move(words)),
      shapes_(std::move(shapes)),
      characters_(std::move(characters)) {
  options_.check();
}

void WordFormEncoding::append(std::string_view form, WordForms& forms) const {
  const std::string key = word_key(form);
  forms.words.push_back(words_.find(key));
  forms.counts.push_back(static_cast<Index>(counts_.count(key)));
  forms.shapes.push_back(shapes_.find(word_shape(form)));

  const std::vector<std::string_view> characters = characters_of(form);
  const auto count = static_cast<Index>(characters.size());
  const std::vector<std::string_view> lower = characters_of(key);
  for (Index length = 1; length <= options_.longest_affix && length <= count; ++length) {
    std::size_t first = 0;
    std::size_t last = 0;
    for (Index i = 0; i < length; ++i) first += lower[static_cast<std::size_t>(i)].size();
    for (Index i = 0; i < length; ++i)
      last += lower[lower.size() - 1 - static_cast<std::size_t>(i)].size();
    forms.affixes.push_back(
        bucket('<', std::string_view(key).substr(0, first), options_.affix_buckets));
    forms.affixes.push_back(
        bucket('>', std::string_view(key).substr(key.size() - last), options_.affix_buckets));
  }
  forms.affix_offsets.push_back(static_cast<Index>(forms.affixes.size()));

  forms.characters.push_back(characters_.size());
  const Index head = std::min(count, (options_.most_characters + 1) / 2);
  const Index tail = std::min(count - head, options_.most_characters / 2);
  for (Index i = 0; i < count; ++i)
    if (i < head || i >= count - tail)
      forms.characters.push_back(characters_.find(characters[static_cast<std::size_t>(i)]));
  forms.characters.push_back(characters_.size() + 1);
  forms.character_offsets.push_back(static_cast<Index>(forms.characters.size()));
}

EncodedSentences WordFormEncoding::encode(std::span<const std::string> tokens,
                                          std::span<const Index> offsets) const {
  EncodedSentences out;
  WordMap<Index> forms;
  out.tokens.reserve(tokens.size());
  for (const std::string& token : tokens) {
    auto found = forms.find(token);
    if (found == forms.end()) {
      found = forms.emplace(token, out.forms.size()).first;
      append(token, out.forms);
    }
    out.tokens.push_back(found->second);
  }
  out.offsets.assign(offsets.begin(), offsets.end());
  return out;
}

}  // namespace tailgrad
